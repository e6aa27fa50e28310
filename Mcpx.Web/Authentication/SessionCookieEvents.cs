using System.Data.Common;
using Mcpx.Core.Identity;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;

namespace Mcpx.Web.Authentication;

/// <summary>
/// Asks at each request whether the cookie's session still holds. The cookie alone proves nothing: it may be a copy of
/// one that was signed out, and nobody can call a copy back.
/// </summary>
internal sealed class SessionCookieEvents(SessionDirectory sessions) : CookieAuthenticationEvents
{
    /// <summary>What the sign-in page is told when the session has ended, in its parameter <c>problem</c>.</summary>
    public const string EndedProblem = "session";

    private static readonly object Ended = new();

    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        try
        {
            // Cookies of releases without sessions name none, and end here too.
            if (ActorResolver.SignedInOf(context.Principal) is { } who && await sessions.UseAsync(who, context.HttpContext.RequestAborted))
            {
                context.ReplacePrincipal(RequestOrigins.WithOrigin(context.Principal!, context.HttpContext));
                return;
            }
        }
        catch (Exception e) when (e is DbException or TimeoutException && !NeedsPerson(context.HttpContext))
        {
            // Not knowing is no reason to sign somebody out; what anybody may see needs no answer. Elsewhere the request fails.
            context.RejectPrincipal();
            return;
        }

        context.RejectPrincipal();
        context.HttpContext.Items[Ended] = true;
        await context.HttpContext.SignOutAsync(Schemes.Dashboard);
    }

    /// <summary>Says why somebody who was signed in a moment ago finds the sign-in page.</summary>
    public override Task RedirectToLogin(RedirectContext<CookieAuthenticationOptions> context)
    {
        if (context.HttpContext.Items.ContainsKey(Ended)) context.RedirectUri += $"&problem={EndedProblem}";
        return base.RedirectToLogin(context);
    }

    private static bool NeedsPerson(HttpContext http) =>
        http.GetEndpoint()?.Metadata is { } metadata && metadata.GetMetadata<IAuthorizeData>() is not null && metadata.GetMetadata<IAllowAnonymous>() is null;
}
