using System.Security.Claims;
using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Web.Authentication;

/// <summary>
/// Where requests come from, as the audit log keeps it. The address is the connection's: a header that anybody may write
/// says nothing, unless <c>TRUSTED_PROXIES</c> names who sends it, and the host has put it in the connection's place already.
/// </summary>
internal static class RequestOrigins
{
    public static RequestOrigin Of(HttpContext http, UsedCredential credential) => RequestOrigin.Of(credential, AddressOf(http), AgentOf(http));

    /// <summary>For somebody who is signed in to the dashboard, also in an open circuit, which has no request of its own.</summary>
    public static RequestOrigin Of(ClaimsPrincipal principal, SessionId session) => RequestOrigin.Of(
        new UsedCredential(UsedCredentialKind.Session, session.Value, principal.FindFirstValue(McpxClaims.Provider)),
        principal.FindFirstValue(McpxClaims.Address), principal.FindFirstValue(McpxClaims.UserAgent));

    /// <summary>
    /// The principal of this request with where it comes from. A circuit takes the principal of the connection that it runs
    /// over and keeps it, so what somebody does on an open page is known to come from there. None of it goes into the cookie.
    /// </summary>
    public static ClaimsPrincipal WithOrigin(ClaimsPrincipal principal, HttpContext http)
    {
        ClaimsPrincipal with = new(principal);
        with.AddIdentity(new ClaimsIdentity([new Claim(McpxClaims.Address, AddressOf(http)), new Claim(McpxClaims.UserAgent, AgentOf(http))]));
        return with;
    }

    /// <summary>Empty when the connection has none.</summary>
    public static string AddressOf(HttpContext http)
    {
        if (http.Connection.RemoteIpAddress is not { } address) return "";
        return (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
    }

    public static string AgentOf(HttpContext http) => http.Request.Headers.UserAgent.ToString();
}
