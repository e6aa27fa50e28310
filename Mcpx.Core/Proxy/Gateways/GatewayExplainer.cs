using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Health;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>
/// Says what virtual gateways show and what is missing: from the same snapshot, catalogues and rules that answer clients, so
/// that what people read is what agents get.
/// </summary>
public sealed class GatewayExplainer(SnapshotKeeper snapshots, CatalogKeeper catalogs, GovernanceEngine governance, UpstreamGuard guard, TimeProvider time)
{
    /// <summary>How often somebody who watches looks again at what nobody tells: failures, circuits and rules.</summary>
    private static readonly TimeSpan Regular = TimeSpan.FromSeconds(5);

    /// <summary>Waits for members of which nothing is known yet, at most <see cref="CatalogKeeper.AggregateDeadline"/>.</summary>
    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task<GatewayExplanation> ShowAsync(Actor actor, GatewayId gateway, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return Explain(await catalogs.GetAsync(RouteOf(actor, gateway), cancellationToken));
    }

    /// <summary>What is known at once. A member that was never asked is missing for now, and is asked.</summary>
    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public GatewayExplanation Peek(Actor actor, GatewayId gateway)
    {
        actor.Demand(Permission.ViewResources);
        return Explain(catalogs.Peek(RouteOf(actor, gateway)));
    }

    /// <summary>Asks all members anew, see <see cref="CatalogKeeper.RefreshAsync"/>.</summary>
    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task<GatewayExplanation> RefreshAsync(Actor actor, GatewayId gateway, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        return Explain(await catalogs.RefreshAsync(RouteOf(actor, gateway), cancellationToken));
    }

    /// <summary>How the members of all gateways that are switched on are doing, as far as it is known at once.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public IReadOnlyDictionary<GatewayId, IReadOnlyList<MemberHealth>> MembersOf(Actor actor)
    {
        actor.Demand(Permission.ViewResources);
        return (snapshots.Current.Gateways.Find(actor.Organization)?.Gateways ?? []).Where(g => g.Gateway.Enabled)
            .ToDictionary(g => g.Gateway.Id, g => (IReadOnlyList<MemberHealth>)[.. catalogs.Peek(g).Members.Select(HealthOf)]);
    }

    /// <summary>The names of a server's tools as far as they are known at once; null when they are not.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public IReadOnlyList<string>? PeekTools(Actor actor, UpstreamServer server)
    {
        actor.Demand(Permission.ViewResources);
        return ServerRouteOf(actor, server.Slug, server.Id) is { } route ? NamesOf(catalogs.Peek(route)) : null;
    }

    /// <summary>The names of a server's tools; null when it is switched off or can't be read. It waits as <see cref="ShowAsync"/> does.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public async Task<IReadOnlyList<string>?> FindToolsAsync(Actor actor, ServerSummary server, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        return ServerRouteOf(actor, server.Slug, server.Id) is { } route ? NamesOf(await catalogs.GetAsync(route, cancellationToken)) : null;
    }

    /// <summary>The way that calls take to a server, as this replica sees it.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public CircuitState CircuitOf(Actor actor, ServerId server)
    {
        actor.Demand(Permission.ViewResources);
        return guard.StateOf(actor.Organization, server);
    }

    /// <summary>Tells when it is worth to look again: a list changed, or five seconds passed.</summary>
    /// <param name="onChange">Called on any thread; be quick and don't throw.</param>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public IDisposable Watch(Actor actor, Action onChange)
    {
        actor.Demand(Permission.ViewResources);
        return new Watching(catalogs.Subscribe(actor.Organization, _ => onChange()), time.CreateTimer(_ => onChange(), null, Regular, Regular));
    }

    /// <summary>From the snapshot rather than the store: what is explained is what this replica serves.</summary>
    private GatewayRoute RouteOf(Actor actor, GatewayId gateway) =>
        snapshots.Current.Gateways.Find(actor.Organization)?.FindGateway(gateway) ?? throw new RefusalException.NotFound("gateway");

    private ServerRoute? ServerRouteOf(Actor actor, string slug, ServerId id) =>
        snapshots.Current.Gateways.Find(actor.Organization)?.FindServer(slug) is { } route && route.Server.Id == id ? route : null;

    private static IReadOnlyList<string>? NamesOf(ServerCatalog? catalog) =>
        catalog is null ? null : [.. catalog.Tools.Select(t => t.Key).Distinct(StringComparer.Ordinal)];

    private GatewayExplanation Explain(GatewayView view)
    {
        ProxySnapshot snapshot = snapshots.Current;
        GatewayCatalog catalog = view.Catalog;
        ShownItem[] tools = [.. catalog.Tools.Select(t => new ShownItem(t, BlockedBy(snapshot, t))
        {
            DependsOnCaller = governance.FindPolicy(snapshot.Governance, t.Member.Server)?.DependsOnCaller(t.UpstreamName) is true,
        })];
        Dictionary<ServerId, int> open = Count(tools.Where(t => t.Blocked is null).Select(t => t.Item));
        Dictionary<ServerId, int> blocked = Count(tools.Where(t => t.Blocked is not null).Select(t => t.Item));
        Dictionary<ServerId, int> prompts = Count(catalog.Prompts);
        Dictionary<ServerId, int> resources = Count(catalog.Resources);
        Dictionary<ServerId, int> templates = Count(catalog.ResourceTemplates);
        IEnumerable<MemberExplanation> members = from state in view.Members
            let id = state.Member.Member.Server
            select new MemberExplanation(HealthOf(state),
                open.GetValueOrDefault(id), blocked.GetValueOrDefault(id), prompts.GetValueOrDefault(id), resources.GetValueOrDefault(id), templates.GetValueOrDefault(id));
        return new GatewayExplanation(view.Route.Gateway, [.. members], tools, Show(catalog.Prompts), Show(catalog.Resources), Show(catalog.ResourceTemplates),
            [.. catalog.Conflicts.Select(c => new ConflictExplanation(c, ConflictAdvice.For(c)))]);
    }

    private Decision.Deny? BlockedBy(ProxySnapshot snapshot, ExposedItem tool) =>
        governance.HidesFromAll(snapshot.Governance, tool.Member.Server, tool.UpstreamName)
        ?? snapshot.Pins.DecideShown(tool.Member.Server, tool.UpstreamName, tool.Hash);

    private MemberHealth HealthOf(MemberState state) => new(state, guard.StateOf(state.Member.Server.Organization.Id, state.Member.Member.Server));

    private static Dictionary<ServerId, int> Count(IEnumerable<ExposedItem> items) => items.CountBy(i => i.Member.Member.Server).ToDictionary();

    private static ShownItem[] Show(IReadOnlyList<ExposedItem> items) => [.. items.Select(i => new ShownItem(i, Blocked: null))];

    private sealed class Watching(IDisposable changes, ITimer timer) : IDisposable
    {
        public void Dispose()
        {
            changes.Dispose();
            timer.Dispose();
        }
    }
}
