using Mcpx.Core.Audit;
using Mcpx.Core.Calls;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Proxy;

/// <summary>Credential → caller. On every request, also inside a session (a session id is no credential).</summary>
public sealed partial class AuthenticateFilter(ICallerDirectory callers, ResourceAddresses addresses, NewAddresses origins, ILogger<AuthenticateFilter> logger) : IProxyFilter
{
    private static readonly KeyValuePair<string, string> RetryAfter = new("Retry-After", "5");
    private static readonly KeyValuePair<string, string> InsufficientScope =
        new("WWW-Authenticate", "Bearer realm=\"mcpx\", error=\"insufficient_scope\", scope=\"mcp\"");

    public ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        // Only code of the gateway can say who calls: somebody whom another door let in, who runs a call again.
        if (context.Caller is not null) return next(context);
        if (context.Credential is null)
            return Refuse(context, CallOutcome.Unauthenticated, ProxyErrors.Unauthenticated, "No access token was sent.", Challenge(context, isInvalid: false));
        ValueTask<Caller?> found = callers.FindAsync(context.Credential, context.ClientGone);
        return found.IsCompletedSuccessfully ? Accept(context, found.Result, next) : AwaitAsync(context, found, next);
    }

    private async ValueTask AwaitAsync(ProxyContext context, ValueTask<Caller?> found, ProxyStep next)
    {
        Caller? caller;
        try
        {
            caller = await found;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Closed, not open: while nobody can be asked, an unknown caller stays unknown. Known ones are served from memory.
            LogUnavailable(logger, e);
            context.Cause = CallCauses.IdentityUnavailable;
            await Refuse(context, CallOutcome.Unauthenticated, ProxyErrors.IdentityUnavailable, "The access token could not be looked up.", RetryAfter);
            return;
        }

        await Accept(context, caller, next);
    }

    private ValueTask Accept(ProxyContext context, Caller? caller, ProxyStep next)
    {
        if (caller is null)
            return Refuse(context, CallOutcome.Unauthenticated, ProxyErrors.Unauthenticated, "The access token is unknown, expired or revoked.", Challenge(context, isInvalid: true));

        // A token of one organisation says nothing to another, not even that the other exists.
        if (context.Endpoint.Organization is { } slug && slug != caller.Home.Slug)
            return Refuse(context, CallOutcome.Unauthenticated, ProxyErrors.Unauthenticated, "The access token belongs to another organisation.", Challenge(context, isInvalid: true));

        // MCP 2025-11-25, "Token Audience Binding": a server that was shown a token must not get further with it than itself.
        if (caller.Audience is not null && !caller.IsFor(addresses.Endpoint(caller.Home.Slug, context.Endpoint.IsGateway, context.Endpoint.Slug)))
            return Refuse(context, CallOutcome.Unauthenticated, ProxyErrors.Unauthenticated, "The access token was issued for another address.", Challenge(context, isInvalid: true));

        context.Caller = caller;
        origins.Note(caller, context.RemoteAddress, context.UserAgent);
        return caller.Scopes.HasFlag(TokenScopes.Mcp)
            ? next(context)
            : Refuse(context, CallOutcome.Denied, ProxyErrors.MissingScope, "The token does not have the scope mcp.", InsufficientScope);
    }

    /// <summary>
    /// RFC 6750, section 3, and RFC 9728, section 5.1; no error where no credential was sent. The paths without an organisation
    /// announce no metadata: clients whose token is fixed in a header would drop it and go looking for a sign-in.
    /// </summary>
    private KeyValuePair<string, string> Challenge(ProxyContext context, bool isInvalid)
    {
        // What stands in the path is a stranger's text: only what can be a slug goes into a header.
        string error = isInvalid ? ", error=\"invalid_token\"" : "";
        return new("WWW-Authenticate", context.Endpoint.Organization is { } organization && InputCheck.IsSlug(organization) && InputCheck.IsSlug(context.Endpoint.Slug)
            ? $"Bearer resource_metadata=\"{addresses.MetadataOf($"/mcp/{organization}/{(context.Endpoint.IsGateway ? "gateway" : "server")}/{context.Endpoint.Slug}")}\"{error}, scope=\"mcp\""
            : $"Bearer realm=\"mcpx\"{error}, scope=\"mcp\"");
    }

    private static ValueTask Refuse(ProxyContext context, CallOutcome outcome, McpError error, string reason, KeyValuePair<string, string> header)
    {
        context.Refuse(outcome, error, reason, header);
        return ValueTask.CompletedTask;
    }

    [LoggerMessage(1201, LogLevel.Error, "A token could not be looked up.")]
    private static partial void LogUnavailable(ILogger logger, Exception exception);
}
