using Mcpx.Core.Gateways;
using Mcpx.Core.Proxy;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Samples;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Gateways;

/// <summary>The keeper inside the real application.</summary>
public sealed class KeptCatalogTests(GatewayFixture gateway, DemoServersFixture demo) : IClassFixture<GatewayFixture>, IClassFixture<DemoServersFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_registered_server_is_read_with_its_credential_and_stored_for_the_next_start()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(demo.UrlOf("hr"), new { kind = "bearer", secret = "demo-hr-token" });
        var route = Route(slug);

        var catalog = (await gateway.Services.GetRequiredService<CatalogKeeper>().GetAsync(route, Cancelled)).ShouldNotBeNull();

        catalog.Tools.Select(t => t.Key).ShouldContain("lookup");
        var store = gateway.Services.GetRequiredService<IServerCatalogStore>();
        await Eventually.TrueAsync(async () => await store.FindAsync(route.Organization.Id, route.Server.Id, Cancelled) is { } stored && stored.Tools.Count == catalog.Tools.Count,
            "it is stored", null, Cancelled);
    }

    [Fact]
    public async Task A_server_that_is_switched_off_is_not_asked_any_more()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        var keeper = gateway.Services.GetRequiredService<CatalogKeeper>();
        (await keeper.GetAsync(Route(slug), Cancelled)).ShouldNotBeNull();

        await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { enabled = false });

        (await keeper.GetAsync(Route(slug), Cancelled)).ShouldBeNull();
        upstream.Listings.ShouldBe(1);
    }

    private ServerRoute Route(string slug) =>
        gateway.Services.GetRequiredService<SnapshotKeeper>().Current.Gateways.Find(gateway.Organization)!.FindServer(slug).ShouldNotBeNull();
}
