using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;
using Mcpx.Core.Protocol;
using Mcpx.Core.Proxy.Bridge;
using Mcpx.Core.Proxy.Gateways;

namespace Mcpx.Core.Proxy;

/// <summary>Endpoint → route, and the client's session handle → the session that stands behind it.</summary>
public sealed class ResolveFilter(SessionHandles sessions, ClientSessions clients, GatewayResolver gateways) : IProxyFilter
{
    public ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        if (context.Malformed is { } malformed)
            return Refuse(context, malformed, malformed.Message);
        OrganizationRoutes? routes = context.Snapshot.Gateways.Find(context.Caller!.Organization);
        return context.Endpoint.IsGateway
            ? ResolveGatewayAsync(context, routes?.FindGateway(context.Endpoint.Slug), next)
            : ResolveServer(context, routes?.FindServer(context.Endpoint.Slug), next);
    }

    private ValueTask ResolveServer(ProxyContext context, ServerRoute? route, ProxyStep next)
    {
        if (route is null)
            return Refuse(context, ProxyErrors.UnknownEndpoint, "The organisation has no such server.");
        context.Route = route;
        // The stateless era has no sessions: a header left over from an earlier one is ignored.
        if (context is { Era: ProtocolEra.Session, Headers.SessionId: { } handle })
        {
            context.UpstreamSession = sessions.Unwrap(context.Caller!, route.Server.Id, handle);
            if (context.UpstreamSession is null && !FindClientSession(context, route.Server.Id.Value, handle))
                return Refuse(context, ProxyErrors.UnknownSession, "The session handle is not one of this caller and server.");
        }

        return next(context);
    }

    private async ValueTask ResolveGatewayAsync(ProxyContext context, GatewayRoute? gateway, ProxyStep next)
    {
        if (gateway is null)
        {
            await Refuse(context, ProxyErrors.UnknownEndpoint, "The organisation has no such gateway.");
            return;
        }

        context.Gateway = gateway;
        if (context is { Era: ProtocolEra.Session, Headers.SessionId: { } handle } && !FindClientSession(context, gateway.Gateway.Id.Value, handle))
        {
            await Refuse(context, ProxyErrors.UnknownSession, "The session handle is not one of this caller and gateway.");
            return;
        }

        if (await gateways.ResolveAsync(context)) await next(context);
    }

    private bool FindClientSession(ProxyContext context, Guid endpoint, string handle)
    {
        context.ClientSession = sessions.UnwrapClient(context.Caller!, endpoint, handle);
        return context.ClientSession is { } session && !clients.HasEnded(session.Id);
    }

    private static ValueTask Refuse(ProxyContext context, McpError error, string reason)
    {
        context.Refuse(CallOutcome.Denied, error, reason);
        return ValueTask.CompletedTask;
    }
}
