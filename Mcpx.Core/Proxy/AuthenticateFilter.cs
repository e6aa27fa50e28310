using Mcpx.Core.Calls;
using Mcpx.Core.Identity;
using Mcpx.Core.Protocol;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Proxy;

/// <summary>Credential → caller. On every request, also inside a session (a session id is no credential).</summary>
public sealed partial class AuthenticateFilter(ICallerDirectory callers, ILogger<AuthenticateFilter> logger) : IProxyFilter
{
    private static readonly KeyValuePair<string, string> AskForToken = new("WWW-Authenticate", "Bearer realm=\"mcpx\", scope=\"mcp\"");
    private static readonly KeyValuePair<string, string> InvalidToken =
        new("WWW-Authenticate", "Bearer realm=\"mcpx\", error=\"invalid_token\", scope=\"mcp\"");

    private static readonly KeyValuePair<string, string> RetryAfter = new("Retry-After", "5");
    private static readonly KeyValuePair<string, string> InsufficientScope =
        new("WWW-Authenticate", "Bearer realm=\"mcpx\", error=\"insufficient_scope\", scope=\"mcp\"");

    public ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        if (context.Credential is null)
            return Refuse(context, CallOutcome.Unauthenticated, ProxyErrors.Unauthenticated, "No access token was sent.", AskForToken);
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
            await Refuse(context, CallOutcome.Unauthenticated, ProxyErrors.IdentityUnavailable, "The access token could not be looked up.", RetryAfter);
            return;
        }

        await Accept(context, caller, next);
    }

    private static ValueTask Accept(ProxyContext context, Caller? caller, ProxyStep next)
    {
        if (caller is null)
            return Refuse(context, CallOutcome.Unauthenticated, ProxyErrors.Unauthenticated, "The access token is unknown, expired or revoked.", InvalidToken);

        // A token of one organisation says nothing to another, not even that the other exists.
        if (context.Endpoint.Organization is { } slug && slug != caller.Membership.Organization.Slug)
            return Refuse(context, CallOutcome.Unauthenticated, ProxyErrors.Unauthenticated, "The access token belongs to another organisation.", InvalidToken);

        context.Caller = caller;
        return caller.Scopes.HasFlag(TokenScopes.Mcp)
            ? next(context)
            : Refuse(context, CallOutcome.Denied, ProxyErrors.MissingScope, "The token does not have the scope mcp.", InsufficientScope);
    }

    private static ValueTask Refuse(ProxyContext context, CallOutcome outcome, McpError error, string reason, KeyValuePair<string, string> header)
    {
        context.Refuse(outcome, error, reason, header);
        return ValueTask.CompletedTask;
    }

    [LoggerMessage(1201, LogLevel.Error, "A token could not be looked up.")]
    private static partial void LogUnavailable(ILogger logger, Exception exception);
}
