using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OAuth;

namespace Mcpx.Web.Authentication.Providers;

/// <summary>The framework's options of one provider, and what its handler needs beyond them.</summary>
internal sealed class ProviderOptions : OAuthOptions
{
    /// <summary>From leaving for the provider to coming back. What lies around longer than that is not finished.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(15);

    private ProviderDiscovery? _discovery;

    public ProviderSettings Settings { get; set; } = null!;

    /// <summary>Our callback as the provider knows it. From <c>PUBLIC_URL</c>: behind a proxy the request does not know it.</summary>
    public string RedirectUri { get; set; } = "";

    /// <summary>Made at first use, when everything that configures these options has run.</summary>
    public ProviderDiscovery Discovery => LazyInitializer.EnsureInitialized(ref _discovery, () => new ProviderDiscovery(Settings, Backchannel, TimeProvider ?? TimeProvider.System));

    /// <summary>Not the framework's: endpoints of providers with discovery are not known at start.</summary>
    public override void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(ClientId);
        ArgumentException.ThrowIfNullOrEmpty(ClientSecret);
        ArgumentNullException.ThrowIfNull(Settings);
        ArgumentNullException.ThrowIfNull(Backchannel);
    }
}

/// <summary>What stands between a provider and a finished sign-in, as the person is told.</summary>
internal enum ProviderProblem
{
    /// <summary>The person, or the provider's administrator, said no.</summary>
    Denied,

    /// <summary>The way back is too old, was gone already, or belongs to another browser.</summary>
    Expired,

    /// <summary>The provider does not answer.</summary>
    Unreachable,

    /// <summary>It answers, but not with what proves who somebody is.</summary>
    BadAnswer,
}

/// <summary>A sign-in at a provider failed. The message is for the operator's log and holds nothing that came from outside as it came.</summary>
internal sealed class ProviderException(ProviderProblem problem, string message, Exception? inner = null) : Exception(message, inner)
{
    public ProviderProblem Problem { get; } = problem;
}

/// <summary>What a way to a provider and back is for. It travels inside the protected <c>state</c>.</summary>
internal static class ProviderFlow
{
    private const string LinkKey = "mcpx.link";
    private const string NonceKey = "mcpx.nonce";

    public static AuthenticationProperties ToSignIn(string? returnUrl, TimeProvider time) => New(returnUrl ?? "/", time);

    /// <param name="user">To whose account the login is linked, if they are still the one who is signed in then.</param>
    public static AuthenticationProperties ToLink(string user, TimeProvider time)
    {
        AuthenticationProperties flow = New(AuthenticationPaths.Profile, time);
        flow.Items[LinkKey] = user;
        return flow;
    }

    /// <summary>Null for a sign-in.</summary>
    public static string? LinkOf(AuthenticationProperties? flow) => flow?.Items.TryGetValue(LinkKey, out string? user) is true ? user : null;

    public static void SetNonce(AuthenticationProperties flow, string nonce) => flow.Items[NonceKey] = nonce;

    public static string? NonceOf(AuthenticationProperties flow) => flow.Items.TryGetValue(NonceKey, out string? nonce) ? nonce : null;

    private static AuthenticationProperties New(string returnUrl, TimeProvider time) => new() { RedirectUri = returnUrl, IssuedUtc = time.GetUtcNow() };
}
