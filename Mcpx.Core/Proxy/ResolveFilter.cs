using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>Endpoint → route, and the client's session handle → the upstream's session.</summary>
public sealed class ResolveFilter(SessionHandles sessions) : IProxyFilter
{
    public ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        if (context.Malformed is { } malformed)
            return Refuse(context, malformed, malformed.Message);
        ServerRoute? route = context.Snapshot.Gateways.Find(context.Caller!.Organization)?.FindServer(context.Endpoint.Server);
        if (route is null)
            return Refuse(context, ProxyErrors.UnknownEndpoint, "The organisation has no such server.");
        context.Route = route;

        // The stateless era has no sessions: a header left over from an earlier one is ignored.
        if (context is { Era: ProtocolEra.Session, Headers.SessionId: { } handle })
        {
            context.UpstreamSession = sessions.Unwrap(context.Caller, route.Server.Id, handle);
            if (context.UpstreamSession is null)
                return Refuse(context, ProxyErrors.UnknownSession, "The session handle is not one of this caller and server.");
        }

        return next(context);
    }

    private static ValueTask Refuse(ProxyContext context, McpError error, string reason)
    {
        context.Refuse(CallOutcome.Denied, error, reason);
        return ValueTask.CompletedTask;
    }
}
