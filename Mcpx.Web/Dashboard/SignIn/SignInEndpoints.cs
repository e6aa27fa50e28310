using System.Security.Claims;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;

namespace Mcpx.Web.Dashboard.SignIn;

/// <summary>Getting in and out of the dashboard.</summary>
internal static class SignInEndpoints
{
    public static void MapSignIn(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/sign-in/link", RedeemAsync);
        endpoints.MapPost(DashboardUrls.SignOut, SignOutAsync).RequireAuthorization(Policies.Dashboard);
        endpoints.MapGet("/", async (HttpContext http, IMembershipStore memberships) =>
            ActorResolver.UserOf(http.User) is { } user ? await HomeOf(user, memberships, http.RequestAborted) : Results.LocalRedirect(DashboardUrls.SignIn()))
            .RequireAuthorization(Policies.Dashboard);
    }

    private static async Task<IResult> SignOutAsync(HttpContext http, IAntiforgery antiforgery)
    {
        // Without the token a foreign page could sign people out. It is checked here because no form is bound, and only
        // binding one would check it.
        if (!await antiforgery.IsRequestValidAsync(http))
            return Results.Text("This form is too old: go back, reload the page and sign out again.", statusCode: StatusCodes.Status400BadRequest);
        await http.SignOutAsync(Schemes.Dashboard);
        return Results.LocalRedirect(DashboardUrls.SignIn());
    }

    private static async Task<IResult> RedeemAsync(HttpContext http, SignInLinks links, IMembershipStore memberships, string? code)
    {
        // The code is in the address: it must not go on as a referrer, nor stay in a cache.
        http.Response.Headers.CacheControl = "no-store";
        if (code is null || await links.RedeemAsync(code, http.RequestAborted) is not { } user)
            return Results.LocalRedirect(DashboardUrls.SignInProblem(SignInPage.LinkProblem));
        ClaimsIdentity identity = new([new Claim(McpxClaims.UserId, user.ToString())], Schemes.Dashboard);
        await http.SignInAsync(Schemes.Dashboard, new ClaimsPrincipal(identity));
        return await HomeOf(user, memberships, http.RequestAborted);
    }

    private static async Task<IResult> HomeOf(UserId user, IMembershipStore memberships, CancellationToken cancellationToken)
    {
        IReadOnlyList<Membership> all = await memberships.ListAsync(user, cancellationToken);
        return Results.LocalRedirect(all.Count > 0 ? DashboardUrls.Overview(all[0].Organization.Slug) : DashboardUrls.SignInProblem(SignInPage.MembershipProblem));
    }
}
