using Mcpx.Core.Gateways;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Gateways;

/// <summary>When a kept list is read again, and who hears of it.</summary>
public sealed class CatalogRefreshTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_list_is_read_again_after_the_interval_and_its_change_is_told()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        await using var host = new KeeperHost();
        var gateway = Catalogs.Gateway(Catalogs.Member(Catalogs.Server(upstream.Url)));
        await host.StartAsync(gateway);
        var before = await host.Keeper.GetAsync(gateway, Cancelled);
        await host.PassTimeAsync(2 * Second, () => upstream.Listings >= 2, "it is read again");
        await Eventually.TrueAsync(() => host.Keeper.Find(gateway)!.Members[0].ReadAt > before.Members[0].ReadAt, "the reading is known", Cancelled);
        host.Keeper.Find(gateway)!.Catalog.ShouldBeSameAs(before.Catalog);
        host.Changes.Select(c => c.Kinds).ShouldBe([CatalogKinds.Tools]);

        upstream.Lists = (_, _) => ListingUpstream.Tools("get", "set");
        await host.PassTimeAsync(2 * Second, () => upstream.Listings >= 3, "it is read once more");
        await Eventually.TrueAsync(() => host.Changes.Count == 2, "the change is told", Cancelled);

        host.Keeper.Find(gateway)!.Catalog.Tools.Count.ShouldBe(2);
        var told = new CatalogChange(Catalogs.Organization.Id, gateway.Members[0].Member.Server, CatalogKinds.Tools);
        host.Changes.ShouldBe([told, told]);
    }

    [Fact]
    public async Task A_server_that_says_less_than_the_interval_is_read_sooner()
    {
        await using var upstream = await ListingUpstream.StartAsync(isStateless: true);
        upstream.Lists = (_, _) => """{"tools":[{"name":"get"}],"ttlMs":60000}""";
        await using var host = new KeeperHost();
        var gateway = Catalogs.Gateway(Catalogs.Member(Catalogs.Server(upstream.Url)));
        await host.StartAsync(gateway);
        await host.Keeper.GetAsync(gateway, Cancelled);
        var started = host.Clock.GetUtcNow();

        await host.PassTimeAsync(Second, () => upstream.Listings == 2, "it is read again");

        (host.Clock.GetUtcNow() - started).ShouldBeLessThan(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_list_that_cannot_be_read_again_is_served_as_stale_until_it_can()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        await using var host = new KeeperHost();
        var gateway = Catalogs.Gateway(Catalogs.Member(Catalogs.Server(upstream.Url)));
        await host.StartAsync(gateway);
        var before = await host.Keeper.GetAsync(gateway, Cancelled);

        upstream.Instead = (http, _) => FakeUpstream.JsonAsync(http, "{}", 503);
        var asked = upstream.Requests.Count();
        await host.PassTimeAsync(2 * Second, () => upstream.Requests.Count() > asked, "it is asked again");
        await Eventually.TrueAsync(() => host.Keeper.Find(gateway)!.Members[0].Status is MemberStatus.Stale, "it is stale", Cancelled);
        var stale = host.Keeper.Find(gateway)!;
        upstream.Instead = null;
        await host.PassTimeAsync(Second, () => host.Keeper.Find(gateway)!.Members[0].Status is MemberStatus.Fresh, "it is fresh again");

        stale.Catalog.ShouldBeSameAs(before.Catalog);
        (stale.Members[0].Reason, stale.Members[0].ReadAt).ShouldBe((CatalogReasons.Unreachable, before.Members[0].ReadAt));
        host.Changes.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_member_that_says_that_its_list_changed_is_read_again(bool isStateless)
    {
        await using var upstream = await ListingUpstream.StartAsync(isStateless);
        upstream.Capabilities = ListingUpstream.Everything;
        await using var host = new KeeperHost();
        var gateway = Catalogs.Gateway(Catalogs.Member(Catalogs.Server(upstream.Url)));
        await host.StartAsync(gateway);
        await Eventually.TrueAsync(() => upstream.OpenStreams == 1, "the connection stands", Cancelled);
        await host.PassTimeAsync(TimeSpan.FromMilliseconds(100), () => upstream.Listings == 2, "it is read once more, for what happened before the connection stood");

        upstream.Lists = (method, _) => method == "tools/list" ? ListingUpstream.Tools("get", "new") : ListingUpstream.Empty(method);
        upstream.Tell("tools");
        await host.PassTimeAsync(TimeSpan.FromMilliseconds(100), () => host.Changes.Count == 2, "the change is told");

        host.Keeper.Find(gateway)!.Catalog.Tools.Count.ShouldBe(2);
        host.Route();
        await Eventually.TrueAsync(() => upstream.OpenStreams == 0, "who is no member is not listened to", Cancelled);
    }

    [Fact]
    public async Task A_lost_connection_is_made_again()
    {
        var upstream = await ListingUpstream.StartAsync();
        upstream.Capabilities = ListingUpstream.Everything;
        await using var host = new KeeperHost();
        await host.StartAsync(Catalogs.Gateway(Catalogs.Member(Catalogs.Server(upstream.Url))));
        await Eventually.TrueAsync(() => upstream.OpenStreams == 1, "the connection stands", Cancelled);

        upstream.BreakStreams();
        await host.PassTimeAsync(Second, () => upstream.StreamsSoFar >= 2 && upstream.OpenStreams == 1, "it stands again");

        await upstream.DisposeAsync();
    }

    [Fact]
    public async Task However_often_it_is_doubted_a_list_is_read_again_once_in_a_while()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        await using var host = new KeeperHost();
        var server = Catalogs.Server(upstream.Url);
        (await host.Keeper.GetAsync(server, Cancelled)).ShouldNotBeNull().Tools.Count.ShouldBe(1);
        var started = host.Clock.GetUtcNow();

        await host.PassTimeAsync(TimeSpan.FromMilliseconds(50), () =>
        {
            for (var times = 0; times < 100; times++) host.Keeper.Doubt(server);
            return upstream.Listings >= 4;
        }, "it is read again");

        (host.Clock.GetUtcNow() - started).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_server_that_nobody_needs_is_forgotten()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        await using var host = new KeeperHost();
        var gateway = Catalogs.Gateway(Catalogs.Member(Catalogs.Server(upstream.Url)));
        await host.StartAsync(gateway);
        await host.Keeper.GetAsync(gateway, Cancelled);
        host.Route(gateway with { Gateway = gateway.Gateway with { Enabled = false } });
        var (seen, since) = (0, host.Clock.GetUtcNow());

        await host.PassTimeAsync(TimeSpan.FromMinutes(1), () =>
        {
            if (upstream.Listings != seen) (seen, since) = (upstream.Listings, host.Clock.GetUtcNow());
            return host.Clock.GetUtcNow() - since > TimeSpan.FromHours(1);
        }, "it is not read any more");

        host.Keeper.Find(gateway).ShouldBeNull();
    }
}
