using System.Net;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Mcpx.Web.Authentication;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Shouldly;

namespace Mcpx.Tests.Dashboard;

/// <summary>Somebody with a cookie of the dashboard and no browser around it: what a thief of the cookie has.</summary>
internal sealed record CookieVisitor(string Cookie)
{
    private static readonly (string, string) AsPerson = ("Accept", "text/html");

    public static async Task<CookieVisitor> SignInAsync(GatewayFixture gateway, UserId? user = null, string userAgent = "test", CookieVisitor? before = null)
    {
        (string, string)[] headers = [AsPerson, ("User-Agent", userAgent), .. before is null ? Array.Empty<(string, string)>() : [("Cookie", before.Cookie)]];
        var answer = await gateway.SendAsync(HttpMethod.Get, await gateway.SignInLinkAsync(user), null, "", headers);
        answer.Status.ShouldBe(HttpStatusCode.Found);
        return new CookieVisitor(answer.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("mcpx=", StringComparison.Ordinal)).Split(';')[0]);
    }

    /// <summary>What the cookie says, as the gateway reads it.</summary>
    public SignedIn SignedIn(GatewayFixture gateway) =>
        ActorResolver.SignedInOf(Format(gateway).Unprotect(Cookie["mcpx=".Length..])!.Principal).ShouldNotBeNull();

    /// <summary>A cookie that the gateway itself sealed around these claims.</summary>
    public static CookieVisitor Sealed(GatewayFixture gateway, UserId user, SessionId? session)
    {
        System.Security.Claims.ClaimsIdentity identity = new([new(McpxClaims.UserId, user.ToString())], Schemes.Dashboard);
        if (session is { } id) identity.AddClaim(new(McpxClaims.SessionId, id.ToString()));
        return new CookieVisitor("mcpx=" + Format(gateway).Protect(new AuthenticationTicket(new(identity), Schemes.Dashboard)));
    }

    public Task<HttpAnswer> GetAsync(GatewayFixture gateway, string? path = null) =>
        gateway.SendAsync(HttpMethod.Get, path ?? $"/{gateway.Organization}", null, "", AsPerson, ("Cookie", Cookie));

    public async Task<bool> IsInAsync(GatewayFixture gateway) => (await GetAsync(gateway)).Status == HttpStatusCode.OK;

    private static ISecureDataFormat<AuthenticationTicket> Format(GatewayFixture gateway) =>
        gateway.Services.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get(Schemes.Dashboard).TicketDataFormat;
}
