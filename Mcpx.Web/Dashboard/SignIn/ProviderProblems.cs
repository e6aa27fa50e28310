using Mcpx.Core.Identity;

namespace Mcpx.Web.Dashboard.SignIn;

/// <summary>What went wrong with a provider, as people are told on the sign-in page and on their profile.</summary>
internal static class ProviderProblems
{
    /// <param name="problem">A word of <c>AuthenticationPaths</c>; null for any other.</param>
    /// <param name="provider">Named only when it is one of ours.</param>
    public static (string Title, string Text)? Describe(string? problem, IdentityProviders providers, string? provider)
    {
        string name = provider is not null && providers.Find(provider) is { } known ? known.Label : "The provider";
        return problem switch
        {
            "denied" => ($"{name} did not let you through.", "You or your administrator declined. Try again, or choose another way."),
            "expired" => ("This sign-in was not finished.", "It took too long, was used already, or began in another browser. Begin again here."),
            "unreachable" => ($"{name} does not answer.", "Try again in a moment. If it stays so, tell whoever runs this gateway: the log says more."),
            "answer" => ($"{name} did not say who you are.", "Its answer could not be verified. Try again; if it stays so, tell whoever runs this gateway: the log says more."),
            "unverified" => ("Your e-mail address is not verified.", $"New accounts here need an address that the provider has verified. Verify it at {(name == "The provider" ? "the provider" : name)}, then sign in again."),
            "domain" => ("Your e-mail address is of a domain that is not admitted here.", "Sign in with the account of your organisation, or ask whoever runs this gateway."),
            "taken" => ($"This {(name == "The provider" ? "login" : name + " account")} already opens another account here.", "Sign in with it and unlink it there first; then link it here."),
            _ => null,
        };
    }
}
