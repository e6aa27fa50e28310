using System.Security.Claims;
using System.Text.Encodings.Web;
using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Mcpx.Web.Authentication;

/// <summary>Personal access tokens, and access tokens of service accounts, at the REST door.</summary>
internal sealed class TokenAuthenticationHandler(
    ICallerDirectory callers,
    ResourceAddresses addresses,
    NewAddresses origins,
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory loggers,
    UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (BearerToken.Of(Request.Headers.Authorization) is not { } token)
            return AuthenticateResult.NoResult();
        if (await callers.FindAsync(token, Context.RequestAborted) is not { } caller)
            return AuthenticateResult.Fail("The access token is unknown, expired or revoked.");

        // A token for an MCP endpoint is shown to that server's clients: it must not open the API.
        if (!caller.IsFor(addresses.Api))
            return AuthenticateResult.Fail("The access token was issued for another address.");

        origins.Note(caller, Context.Connection.RemoteIpAddress, RequestOrigins.AgentOf(Context));
        Context.Features.Set(caller);
        ClaimsIdentity identity = new(Scheme.Name);
        identity.AddClaim(new Claim(McpxClaims.UserId, caller.Principal.Id.ToString("D")));
        foreach (string scope in caller.Scopes.ToNames())
            identity.AddClaim(new Claim(McpxClaims.Scope, scope));
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name));
    }

    /// <summary>RFC 6750, section 3.</summary>
    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        bool sent = Request.Headers.Authorization.Count > 0;
        Response.Headers.WWWAuthenticate = sent ? "Bearer realm=\"mcpx\", error=\"invalid_token\"" : "Bearer realm=\"mcpx\"";
        await Results.Problem(statusCode: StatusCodes.Status401Unauthorized, title: "A valid access token is needed.",
            detail: "Send a personal access token, or an access token that a service account got for this API, as Authorization: Bearer ….").ExecuteAsync(Context);
    }

    protected override async Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        string scope = HttpMethods.IsGet(Request.Method) || HttpMethods.IsHead(Request.Method) ? "api:read" : "api:write";
        Response.Headers.WWWAuthenticate = $"Bearer realm=\"mcpx\", error=\"insufficient_scope\", scope=\"{scope}\"";
        await Results.Problem(statusCode: StatusCodes.Status403Forbidden, title: "The token may not do this.",
            detail: $"The token does not have the scope {scope}.").ExecuteAsync(Context);
    }
}
