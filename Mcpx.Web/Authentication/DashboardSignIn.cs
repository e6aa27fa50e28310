using System.Security.Claims;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.AspNetCore.Authentication;

namespace Mcpx.Web.Authentication;

/// <summary>The one place where somebody becomes signed in to the dashboard, and the one where they stop being it.</summary>
internal sealed class DashboardSignIn(SessionAdmin sessions)
{
    /// <summary>By a one-time link.</summary>
    public const string Link = SessionAdmin.Link;

    /// <summary>Begins a session of its own for each sign-in, and ends the one that this browser had before.</summary>
    /// <param name="provider">How they came in: a provider's name, or <see cref="Link"/>.</param>
    public async Task SignInAsync(HttpContext http, UserId user, string provider)
    {
        // A browser that hangs up here must not leave half of it done.
        await EndAsync(http);
        UserSession session = await sessions.BeginAsync(user, provider, RequestOrigins.AgentOf(http), RequestOrigins.AddressOf(http), CancellationToken.None);
        ClaimsIdentity identity = new(
            [new Claim(McpxClaims.UserId, user.ToString()), new Claim(McpxClaims.SessionId, session.Id.ToString()), new Claim(McpxClaims.Provider, provider)],
            Schemes.Dashboard);
        await http.SignInAsync(Schemes.Dashboard, new ClaimsPrincipal(identity), new AuthenticationProperties { IssuedUtc = session.CreatedAt, ExpiresUtc = session.ExpiresAt });
    }

    /// <summary>Ends the session and not only this browser's cookie: a copy of it opens nothing from then on.</summary>
    public async Task SignOutAsync(HttpContext http)
    {
        await EndAsync(http);
        await http.SignOutAsync(Schemes.Dashboard);
    }

    private async Task EndAsync(HttpContext http)
    {
        // Asked for and not taken from http.User: at a provider's callback nobody has looked at the cookie yet.
        AuthenticateResult present = await http.AuthenticateAsync(Schemes.Dashboard);
        if (ActorResolver.SignedInOf(present.Principal) is not { } me) return;
        try
        {
            await sessions.RevokeAsync(me, me.Session, CancellationToken.None);
        }
        catch (RefusalException.NotFound)
        {
            // The account was deleted meanwhile, and its sessions with it.
        }
    }
}
