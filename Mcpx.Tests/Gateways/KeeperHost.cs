using System.Collections.Concurrent;
using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mcpx.Tests.Gateways;

/// <summary>A keeper with a clock of its own, over the network and without a database.</summary>
internal sealed class KeeperHost : IRouteSource, IServerCatalogStore, IAsyncDisposable
{
    private Action? _onRoutesChanged;

    public KeeperHost() => Keeper = new CatalogKeeper(this, CatalogReaderTests.Reader(clock: Clock), this, Clock, NullLogger<CatalogKeeper>.Instance);

    public TestClock Clock { get; } = new();

    public CatalogKeeper Keeper { get; }

    public GatewaySnapshot Routes { get; private set; } = GatewaySnapshot.Empty;

    public ConcurrentDictionary<ServerId, ServerCatalog> Stored { get; } = new();

    public ConcurrentQueue<CatalogChange> Changes { get; } = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void OnRoutesChanged(Action onChange) => _onRoutesChanged += onChange;

    public void Route(params GatewayRoute[] gateways)
    {
        var servers = gateways.SelectMany(g => g.Members).Select(m => m.Server).DistinctBy(s => s.Server.Id);
        Routes = new GatewaySnapshot([new OrganizationRoutes(Catalogs.Organization, servers, gateways)]);
        _onRoutesChanged?.Invoke();
    }

    public async Task StartAsync(params GatewayRoute[] gateways)
    {
        Route(gateways);
        Keeper.Subscribe(Catalogs.Organization.Id, Changes.Enqueue);
        await Keeper.StartAsync(Cancelled);
    }

    /// <summary>Moves the clock until it is true: what happens in between needs the network.</summary>
    public Task PassTimeAsync(TimeSpan step, Func<bool> condition, string what) => Eventually.TrueAsync(() =>
    {
        if (condition()) return true;
        Clock.Advance(step);
        return false;
    }, what, Cancelled);

    public Task<ServerCatalog?> FindAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken) => Task.FromResult(Stored.GetValueOrDefault(server));

    public Task SaveAsync(OrganizationId organization, ServerCatalog catalog, CancellationToken cancellationToken)
    {
        Stored[catalog.Server] = catalog;
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await Keeper.StopAsync(CancellationToken.None);
}
