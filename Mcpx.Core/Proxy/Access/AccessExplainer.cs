using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy.Access;

/// <summary>
/// Says who may call what and which rule says so: by the snapshot, the catalogues and the engine that decide calls, so that
/// there is no second truth. It waits for servers of which nothing is known, like <see cref="CatalogKeeper.GetAsync(GatewayRoute, CancellationToken)"/>.
/// </summary>
public sealed class AccessExplainer(SnapshotKeeper snapshots, CatalogKeeper catalogs, GovernanceEngine engine, GovernanceAdmin governance, AccessSubjects subjects)
{
    /// <param name="audience">A member, a service account or a token.</param>
    /// <param name="endpoint">The id of a server or of a virtual gateway.</param>
    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task<AccessReport> ExplainAsync(Actor actor, RuleAudience audience, Guid endpoint, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        new InputCheck().Require(RuleAudience.Names(audience.Kind), "for", "Choose a member, a service account or a token.").ThrowIfWrong();
        ProxySnapshot snapshot = snapshots.Current;
        OrganizationRoutes routes = snapshot.Gateways.Find(actor.Organization) ?? throw new RefusalException.NotFound("server or gateway");
        AccessSubject subject = await subjects.FindAsync(routes.Organization, audience, cancellationToken);
        if (routes.FindServer(ServerId.From(endpoint)) is { } server) return await ServerAsync(snapshot, subject, server, cancellationToken);
        if (routes.FindGateway(GatewayId.From(endpoint)) is { } gateway) return await GatewayAsync(snapshot, subject, gateway, cancellationToken);
        throw new RefusalException.NotFound("server or gateway");
    }

    /// <summary>What rules that are not saved yet would mean for somebody's list of this server.</summary>
    /// <param name="tools">The server's tools where they have just been asked for; null for those that are known.</param>
    /// <exception cref="RefusalException">Not allowed, wrong, or not there.</exception>
    public async Task<AccessReport> PreviewAsync(
        Actor actor, ServerId server, NewGovernance input, RuleAudience audience, IReadOnlyList<string>? tools, CancellationToken cancellationToken)
    {
        ToolPolicy policy = new(await governance.DraftAsync(actor, server, input, cancellationToken));
        ProxySnapshot snapshot = snapshots.Current;
        OrganizationRoutes routes = snapshot.Gateways.Find(actor.Organization) ?? throw new RefusalException.NotFound("server");
        ServerRoute route = routes.FindServer(server) ?? throw new RefusalException.NotFound("server");
        AccessSubject subject = await subjects.FindAsync(routes.Organization, audience, cancellationToken);
        tools ??= NamesOf(route.Server.Enabled ? await catalogs.GetAsync(route, cancellationToken) : catalogs.Peek(route));
        Decision.Deny? closed = subject.Caller is { } caller ? engine.DecideLimits(caller, server.Value) ?? engine.DecideEndpoint(caller, route) as Decision.Deny : null;
        return new AccessReport(subject, closed, [.. (tools ?? []).Select(name => new ToolAccess(name, name, route.Server,
            WithPin(subject.Caller is null ? policy.DecideShown(subject.Who, name) : engine.DecideShown(policy, name, subject.Caller, name), snapshot.Pins.Decide(route, name)),
            policy.ConditionsOf(subject.Who, name)))],
            tools is null ? [route.Server.Slug] : []);
    }

    private async Task<AccessReport> ServerAsync(ProxySnapshot snapshot, AccessSubject subject, ServerRoute route, CancellationToken cancellationToken)
    {
        Decision.Deny? closed = engine.DecideLimits(subject.Caller!, route.Server.Id.Value) ?? engine.DecideEndpoint(subject.Caller!, route) as Decision.Deny;
        IReadOnlyList<string>? tools = NamesOf(route.Server.Enabled ? await catalogs.GetAsync(route, cancellationToken) : catalogs.Peek(route));
        return new AccessReport(subject, closed, [.. (tools ?? []).Select(name => Of(snapshot, subject, route, name, name, snapshot.Pins.Decide(route, name)))], tools is null ? [route.Server.Slug] : []);
    }

    private async Task<AccessReport> GatewayAsync(ProxySnapshot snapshot, AccessSubject subject, GatewayRoute gateway, CancellationToken cancellationToken)
    {
        Decision.Deny? closed = engine.DecideLimits(subject.Caller!, gateway.Gateway.Id.Value) ?? engine.DecideEndpoint(subject.Caller!, gateway) as Decision.Deny;
        GatewayView view = await catalogs.GetAsync(gateway, cancellationToken);
        return new AccessReport(subject, closed, [.. view.Catalog.Tools.Select(t => Of(snapshot, subject, t.Member.Server, t.UpstreamName, t.Name, snapshot.Pins.DecideShown(t.Member.Server, t.UpstreamName, t.Hash)))],
            [.. view.Members.Where(m => m.Status is MemberStatus.Missing).Select(m => m.Member.Server.Server.Slug)]);
    }

    private ToolAccess Of(ProxySnapshot snapshot, AccessSubject subject, ServerRoute route, string upstreamName, string name, Decision.Deny? pinned) => new(name, upstreamName, route.Server,
        WithPin(engine.DecideShown(snapshot.Governance, route, upstreamName, subject.Caller!, name), pinned), engine.FindPolicy(snapshot.Governance, route)?.ConditionsOf(subject.Who, upstreamName) ?? []);

    /// <summary>As for calls: the rules first, and what they allow may still wait for approval of its definition.</summary>
    private static Decision WithPin(Decision decision, Decision.Deny? pinned) => decision is Decision.Allow && pinned is not null ? pinned : decision;

    private static string[]? NamesOf(ServerCatalog? catalog) => catalog is null ? null : [.. catalog.Tools.Select(t => t.Key).Distinct(StringComparer.Ordinal)];
}
