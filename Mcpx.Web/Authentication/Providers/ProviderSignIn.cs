using Mcpx.Core.Identity;
using Microsoft.AspNetCore.Authentication;

namespace Mcpx.Web.Authentication.Providers;

/// <summary>Sends a browser to a provider. <see cref="ProviderEvents"/> takes it up when it comes back.</summary>
internal sealed partial class ProviderSignIn(IdentityProviders providers, LinkTickets tickets, TimeProvider time, ILogger<ProviderSignIn> logger)
{
    /// <param name="returnUrl">Where the person wanted to go; whatever is no path of ours is forgotten.</param>
    public async Task<IResult> StartAsync(HttpContext http, string provider, string? returnUrl)
    {
        if (providers.Find(provider) is null) return Results.NotFound();
        string? local = ReturnUrl.Local(returnUrl);
        // A foreign page must not send anybody through a sign-in that they did not ask for: it gets the page that asks.
        if (http.Request.Headers["Sec-Fetch-Site"] == "cross-site")
            return Results.LocalRedirect(AuthenticationPaths.SignIn + (local is null ? "" : QueryString.Create("returnUrl", local)));
        return await ChallengeAsync(http, provider, ProviderFlow.ToSignIn(local, time));
    }

    /// <summary>For somebody who is signed in, with a ticket of theirs.</summary>
    public async Task<IResult> StartLinkAsync(HttpContext http, string provider, string? ticket)
    {
        if (providers.Find(provider) is null || ActorResolver.UserOf(http.User) is not { } user) return Results.NotFound();
        return tickets.IsGood(ticket, user, provider)
            ? await ChallengeAsync(http, provider, ProviderFlow.ToLink(user.ToString(), time))
            : Results.LocalRedirect(AuthenticationPaths.ProfileProblem(AuthenticationPaths.WordOf(ProviderProblem.Expired), provider));
    }

    private async Task<IResult> ChallengeAsync(HttpContext http, string provider, AuthenticationProperties flow)
    {
        http.Response.Headers.CacheControl = "no-store";
        try
        {
            await http.ChallengeAsync(provider, flow);
            return Results.Empty;
        }
        catch (ProviderException e)
        {
            LogNotStarted(logger, provider, e.Message);
            string word = AuthenticationPaths.WordOf(e.Problem);
            return Results.LocalRedirect(ProviderFlow.LinkOf(flow) is null ? AuthenticationPaths.SignInProblem(word, provider) : AuthenticationPaths.ProfileProblem(word, provider));
        }
    }

    [LoggerMessage(6034, LogLevel.Error, "Nobody can sign in with {Provider} now: {Reason}")]
    private static partial void LogNotStarted(ILogger logger, string provider, string reason);
}
