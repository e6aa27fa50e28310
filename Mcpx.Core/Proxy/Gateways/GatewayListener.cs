using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>
/// One client that wants to know when a virtual gateway's lists change: because a member's list did, or because members,
/// prefixes or rules did.
/// </summary>
internal sealed class GatewayListener : IDisposable
{
    private const CatalogKinds Everything = CatalogKinds.Tools | CatalogKinds.Prompts | CatalogKinds.Resources;

    private readonly GatewayId _gateway;
    private readonly OrganizationId _organization;
    private readonly Action<CatalogKinds> _tell;
    private readonly Lock _gate = new();
    private HashSet<ServerId> _members = [];
    private string _shape;
    private OrganizationRoutes? _routes;
    private IDisposable? _subscription;
    private Action? _left;

    public GatewayListener(GatewayRoute route, ProxySnapshot snapshot, Action<CatalogKinds> tell)
    {
        _gateway = route.Gateway.Id;
        _organization = route.Organization.Id;
        _tell = tell;
        _shape = ShapeOf(route, snapshot);
        _members = MembersOf(route);
    }

    public void Attach(IDisposable subscription, Action left)
    {
        _subscription = subscription;
        _left = left;
    }

    public void CatalogChanged(CatalogChange change)
    {
        if (Volatile.Read(ref _members).Contains(change.Server)) _tell(change.Kinds);
    }

    /// <summary>Tells when what the gateway shows may have changed with the configuration.</summary>
    public void Follow(ProxySnapshot snapshot)
    {
        OrganizationRoutes? routes = snapshot.Gateways.Find(_organization);
        // An organisation's routes, rules and pins are read together: as long as these are the same, another organisation has changed. There are thousands of listeners.
        if (Interlocked.Exchange(ref _routes, routes) == routes) return;
        if (routes?.Gateways.FirstOrDefault(g => g.Gateway.Id == _gateway) is not { } route) return;
        string shape = ShapeOf(route, snapshot);
        lock (_gate)
        {
            if (shape == _shape) return;
            _shape = shape;
            Volatile.Write(ref _members, MembersOf(route));
        }

        _tell(Everything);
    }

    public void Dispose()
    {
        _left?.Invoke();
        _subscription?.Dispose();
    }

    private static HashSet<ServerId> MembersOf(GatewayRoute route) => [.. route.Members.Select(m => m.Member.Server)];

    /// <summary>Equal as long as the same catalogues make the same lists.</summary>
    private static string ShapeOf(GatewayRoute route, ProxySnapshot snapshot) => string.Join('|', route.Members
        .Select(m => $"{m.Member.Server}:{m.Prefix}:{m.Server.Server.Enabled}:{snapshot.Governance.Find(route.Organization.Id, m.Member.Server)?.Fingerprint}:{snapshot.Pins.Find(route.Organization.Id, m.Member.Server)?.Version}")
        .Prepend(route.Gateway.UpdatedAt.UtcTicks.ToString(System.Globalization.CultureInfo.InvariantCulture)));
}
