using Mcpx.Core.Calls;
using Mcpx.Core.Identity;

namespace Mcpx.Core.Proxy;

/// <summary>Credential → caller. On every request, also inside a session (a session id is no credential).</summary>
public sealed class AuthenticateFilter(ICallerDirectory callers) : IProxyFilter
{
    private static readonly KeyValuePair<string, string> AskForToken = new("WWW-Authenticate", "Bearer realm=\"mcpx\", scope=\"mcp\"");
    private static readonly KeyValuePair<string, string> InvalidToken =
        new("WWW-Authenticate", "Bearer realm=\"mcpx\", error=\"invalid_token\", scope=\"mcp\"");

    private static readonly KeyValuePair<string, string> InsufficientScope =
        new("WWW-Authenticate", "Bearer realm=\"mcpx\", error=\"insufficient_scope\", scope=\"mcp\"");

    public async ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        if (context.Credential is null)
        {
            context.Refuse(CallOutcome.Unauthenticated, ProxyErrors.Unauthenticated, "No access token was sent.", AskForToken);
            return;
        }

        Caller? caller = await callers.FindAsync(context.Credential, context.ClientGone);
        if (caller is null)
        {
            context.Refuse(CallOutcome.Unauthenticated, ProxyErrors.Unauthenticated, "The access token is unknown, expired or revoked.", InvalidToken);
            return;
        }

        // A token of one organisation says nothing to another, not even that the other exists.
        if (context.Endpoint.Organization is { } slug && slug != caller.Membership.Organization.Slug)
        {
            context.Refuse(CallOutcome.Unauthenticated, ProxyErrors.Unauthenticated, "The access token belongs to another organisation.", InvalidToken);
            return;
        }

        context.Caller = caller;
        if (!caller.Scopes.HasFlag(TokenScopes.Mcp))
        {
            context.Refuse(CallOutcome.Denied, ProxyErrors.MissingScope, "The token does not have the scope mcp.", InsufficientScope);
            return;
        }

        await next(context);
    }
}
