using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Protocol;
using Mcpx.Core.Proxy.Bridge;
using Mcpx.Core.Proxy.Gateways;

namespace Mcpx.Core.Proxy;

/// <summary>Endpoint → route, and the client's session handle → the session that stands behind it.</summary>
public sealed class ResolveFilter(SessionHandles sessions, ClientSessions clients, GatewayResolver gateways, GovernanceEngine governance) : IProxyFilter
{
    // Not 401: the client would throw away a token that is good elsewhere, and look for a way to sign in (docs/decisions/0055).
    private static readonly KeyValuePair<string, string> LimitedToken =
        new("WWW-Authenticate", "Bearer realm=\"mcpx\", error=\"insufficient_scope\", error_description=\"The token is limited to other servers and gateways.\"");

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
        if (RefuseLimited(context, route?.Server.Id.Value)) return ValueTask.CompletedTask;
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
        if (RefuseLimited(context, gateway?.Gateway.Id.Value)) return;
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

    /// <summary>Before anything is told of the endpoint: a token that is limited to others can't ask which there are.</summary>
    private bool RefuseLimited(ProxyContext context, Guid? endpoint)
    {
        if (governance.DecideLimits(context.Caller!, endpoint) is not { } denied) return false;
        context.Decision = denied;
        context.Refuse(CallOutcome.Denied, ProxyErrors.LimitedToken, denied.Reason, LimitedToken);
        return true;
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
