using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;
using Mcpx.Web.Authentication.Providers;
using Microsoft.AspNetCore.Antiforgery;

namespace Mcpx.Web.Dashboard.SignIn;

/// <summary>Getting in and out of the dashboard. The way back from a provider is the authentication middleware's.</summary>
internal static partial class SignInEndpoints
{
    public static void MapSignIn(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/sign-in/link", RedeemAsync);
        endpoints.MapGet("/sign-in/with/{provider}", (HttpContext http, ProviderSignIn providers, string provider, string? returnUrl) =>
            providers.StartAsync(http, provider, returnUrl));
        endpoints.MapGet("/profile/link/{provider}", (HttpContext http, ProviderSignIn providers, string provider, string? ticket) =>
            providers.StartLinkAsync(http, provider, ticket)).RequireAuthorization(Policies.Dashboard);
        endpoints.MapPost(DashboardUrls.SignOut, SignOutAsync).RequireAuthorization(Policies.Dashboard);
        endpoints.MapGet("/", async (HttpContext http, IMembershipStore memberships) =>
            ActorResolver.UserOf(http.User) is { } user ? await HomeOf(user, memberships, http.RequestAborted) : Results.LocalRedirect(DashboardUrls.SignIn()))
            .RequireAuthorization(Policies.Dashboard);
    }

    private static async Task<IResult> SignOutAsync(HttpContext http, DashboardSignIn signIn, IAntiforgery antiforgery)
    {
        // Without the token a foreign page could sign people out. It is checked here because no form is bound, and only
        // binding one would check it.
        if (!await antiforgery.IsRequestValidAsync(http))
            return Results.Text("This form is too old: go back, reload the page and sign out again.", statusCode: StatusCodes.Status400BadRequest);
        await signIn.SignOutAsync(http);
        return Results.LocalRedirect(DashboardUrls.SignIn());
    }

    private static async Task<IResult> RedeemAsync(
        HttpContext http, SignInLinks links, DashboardSignIn signIn, RefusedSignIns refused, IMembershipStore memberships, ILogger<SignInPage> logger, string? code)
    {
        // The code is in the address: it must not go on as a referrer, nor stay in a cache.
        http.Response.Headers.CacheControl = "no-store";
        if (code is null || await links.RedeemAsync(code, http.RequestAborted) is not { } user)
        {
            LogLinkRefused(logger);
            await refused.NoteAsync(DashboardSignIn.Link, "linkNotGood", RequestOrigins.Of(http, UsedCredential.None));
            return Results.LocalRedirect(DashboardUrls.SignInProblem(SignInPage.LinkProblem));
        }

        LogSignedInByLink(logger, user);
        await signIn.SignInAsync(http, user, DashboardSignIn.Link);
        return await HomeOf(user, memberships, http.RequestAborted);
    }

    private static async Task<IResult> HomeOf(UserId user, IMembershipStore memberships, CancellationToken cancellationToken)
    {
        IReadOnlyList<Membership> all = await memberships.ListAsync(user, cancellationToken);
        return Results.LocalRedirect(all.Count > 0 ? DashboardUrls.Overview(all[0].Organization.Slug) : DashboardUrls.Organizations);
    }

    [LoggerMessage(6038, LogLevel.Information, "User {User} signed in by a one-time link.")]
    private static partial void LogSignedInByLink(ILogger logger, UserId user);

    [LoggerMessage(6039, LogLevel.Warning, "A one-time link that is unknown, used or expired was refused.")]
    private static partial void LogLinkRefused(ILogger logger);
}
