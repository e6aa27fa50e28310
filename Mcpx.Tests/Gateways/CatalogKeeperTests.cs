using System.Diagnostics;
using Mcpx.Core.Gateways;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Gateways;

public sealed class CatalogKeeperTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_asked_once_is_served_from_memory()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        await using var host = new KeeperHost();
        var gateway = Catalogs.Gateway(Catalogs.Member(Catalogs.Server(upstream.Url), "p_"));
        host.Keeper.Find(gateway).ShouldBeNull();

        var views = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.Keeper.GetAsync(gateway, Cancelled).AsTask()));

        views.ShouldAllBe(v => v == views[0]);
        views[0].Catalog.Tools.Select(t => t.Name).ShouldBe(["p_get"]);
        var member = views[0].Members.Single();
        (member.Member, member.Status, member.Reason, member.Message).ShouldBe((gateway.Members[0], MemberStatus.Fresh, null, null));
        member.ReadAt.ShouldBe(host.Clock.GetUtcNow());
        host.Keeper.Find(gateway).ShouldBeSameAs(views[0]);
        upstream.Listings.ShouldBe(1);
        host.Stored.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_list_is_read_again_after_the_interval_and_its_change_is_told()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        await using var host = new KeeperHost();
        var gateway = Catalogs.Gateway(Catalogs.Member(Catalogs.Server(upstream.Url)));
        await host.StartAsync(gateway);
        var before = await host.Keeper.GetAsync(gateway, Cancelled);
        await host.PassTimeAsync(TimeSpan.FromMinutes(6), () => upstream.Listings >= 2, "it is read again");
        await Eventually.TrueAsync(() => host.Keeper.Find(gateway)!.Members[0].ReadAt > before.Members[0].ReadAt, "the reading is known", Cancelled);
        host.Keeper.Find(gateway)!.Catalog.ShouldBeSameAs(before.Catalog);
        host.Changes.Select(c => c.Kinds).ShouldBe([CatalogKinds.Tools]);

        upstream.Lists = (_, _) => ListingUpstream.Tools("get", "set");
        await host.PassTimeAsync(TimeSpan.FromMinutes(6), () => host.Keeper.Find(gateway)!.Catalog.Tools.Count == 2, "the new list is served");

        host.Changes.ShouldBe([new CatalogChange(Catalogs.Organization.Id, gateway.Members[0].Member.Server, CatalogKinds.Tools), host.Changes.First()]);
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

        (host.Clock.GetUtcNow() - started).ShouldBeLessThan(2 * Minute);
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
        await host.PassTimeAsync(Minute, () => host.Keeper.Find(gateway)!.Members[0].Status is MemberStatus.Stale, "it is stale");
        var stale = host.Keeper.Find(gateway)!;
        upstream.Instead = null;
        await host.PassTimeAsync(Second, () => host.Keeper.Find(gateway)!.Members[0].Status is MemberStatus.Fresh, "it is fresh again");

        stale.Catalog.ShouldBeSameAs(before.Catalog);
        (stale.Members[0].Reason, stale.Members[0].ReadAt).ShouldBe((CatalogReasons.Unreachable, before.Members[0].ReadAt));
        host.Changes.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_member_that_hangs_is_missing_at_the_deadline_and_delays_nobody_afterwards()
    {
        await using var good = await ListingUpstream.StartAsync();
        await using var hanging = await ListingUpstream.StartAsync();
        hanging.Instead = FakeUpstream.HangAsync;
        await using var host = new KeeperHost();
        var gateway = Catalogs.Gateway(Catalogs.Member(Catalogs.Server(hanging.Url)), Catalogs.Member(Catalogs.Server(good.Url)));
        await host.StartAsync(gateway);
        var getting = host.Keeper.GetAsync(gateway, Cancelled).AsTask();
        await Eventually.TrueAsync(() => good.Listings == 1 && hanging.Requests.Any(), "both are asked at once", Cancelled);
        (await host.Keeper.GetAsync(gateway.Members[1].Server, Cancelled)).ShouldNotBeNull();
        getting.IsCompleted.ShouldBeFalse();

        host.Clock.Advance(CatalogKeeper.AggregateDeadline);
        var view = await getting;

        view.Catalog.Tools.Select(t => t.Name).ShouldBe(["get"]);
        view.Members.Select(m => (m.Status, m.Reason)).ShouldBe([(MemberStatus.Missing, CatalogReasons.Timeout), (MemberStatus.Fresh, null)]);
        host.Keeper.Find(gateway).ShouldNotBeNull().Members[0].Message.ShouldNotBeNullOrEmpty();
        hanging.Instead = null;
        await host.PassTimeAsync(Second, () => host.Keeper.Find(gateway)!.Members[0].Status is MemberStatus.Fresh, "it came late");
    }

    [Fact]
    public async Task Forty_members_that_hang_do_not_keep_one_from_being_read()
    {
        await using var good = await ListingUpstream.StartAsync();
        await using var hanging = await ListingUpstream.StartAsync();
        hanging.Instead = FakeUpstream.HangAsync;
        await using var host = new KeeperHost();

        await host.StartAsync(Catalogs.Gateway([.. Enumerable.Range(0, 40).Select(_ => Catalogs.Member(Catalogs.Server(hanging.Url))), Catalogs.Member(Catalogs.Server(good.Url))]));

        await Eventually.TrueAsync(() => host.Stored.Count == 1, "the good one is read while the others hang", Cancelled);
    }

    [Fact]
    public async Task A_member_that_fails_at_once_is_missing_with_its_reason_at_once()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Instead = (http, _) => FakeUpstream.JsonAsync(http, "{}", 401);
        await using var host = new KeeperHost();
        var off = Catalogs.Member(Catalogs.Server(upstream.Url, enabled: false));
        var gateway = Catalogs.Gateway(Catalogs.Member(Catalogs.Server(upstream.Url)), off);
        await host.StartAsync(gateway);

        var view = await host.Keeper.GetAsync(gateway, Cancelled);

        view.Members.Select(m => (m.Status, m.Reason, m.ReadAt)).ShouldBe([(MemberStatus.Missing, CatalogReasons.Unauthorized, null), (MemberStatus.Missing, CatalogReasons.ServerDisabled, null)]);
        (await host.Keeper.GetAsync(gateway.Members[0].Server, Cancelled)).ShouldBeNull();
        (await host.Keeper.GetAsync(off.Server, Cancelled)).ShouldBeNull();
    }

    [Fact]
    public async Task A_server_at_another_address_is_read_anew_and_its_old_list_is_not_shown()
    {
        await using var old = await ListingUpstream.StartAsync();
        await using var moved = await ListingUpstream.StartAsync();
        moved.Lists = (_, _) => ListingUpstream.Tools("moved");
        await using var host = new KeeperHost();
        var gateway = Catalogs.Gateway(Catalogs.Member(Catalogs.Server(old.Url)));
        await host.StartAsync(gateway);
        await host.Keeper.GetAsync(gateway, Cancelled);
        host.Clock.Advance(Second);
        var server = gateway.Members[0].Server;
        var changed = gateway with { Members = [gateway.Members[0] with { Server = server with { Server = server.Server with { Url = moved.Url, UpdatedAt = host.Clock.GetUtcNow() } } }] };

        host.Keeper.Find(changed).ShouldBeNull();
        (await host.Keeper.GetAsync(changed, Cancelled)).Catalog.Tools.Select(t => t.Name).ShouldBe(["moved"]);

        // A call that began before the change does not bring the old address back.
        host.Keeper.Find(gateway)!.Catalog.Tools.Select(t => t.Name).ShouldBe(["moved"]);
        moved.Listings.ShouldBe(1);
    }

    [Fact]
    public async Task The_stored_list_serves_a_replica_that_starts_while_the_server_is_down()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Instead = FakeUpstream.HangAsync;
        await using var host = new KeeperHost();
        var member = Catalogs.Member(Catalogs.Server(upstream.Url));
        var before = Catalogs.Member(Catalogs.Server(upstream.Url));
        host.Stored[member.Member.Server] = Catalogs.Catalog(member, ["stored"]) with { ReadAt = host.Clock.GetUtcNow() };
        host.Stored[before.Member.Server] = Catalogs.Catalog(before, ["another"]) with { ReadAt = before.Server.Server.UpdatedAt - Second };
        var gateway = Catalogs.Gateway(member);
        await host.StartAsync(gateway);

        (await host.Keeper.GetAsync(gateway, Cancelled)).Members[0].Status.ShouldBe(MemberStatus.Fresh);
        await host.PassTimeAsync(Second, () => host.Keeper.Find(gateway)!.Members[0].Status is MemberStatus.Stale, "it is stale");

        host.Keeper.Find(gateway)!.Catalog.Tools.Select(t => t.Name).ShouldBe(["stored"]);
        var edited = host.Keeper.GetAsync(before.Server, Cancelled).AsTask();
        await host.PassTimeAsync(Second, () => edited.IsCompleted, "the deadline passes");
        (await edited).ShouldBeNull("a list from before the last edit may be another server's");
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
        await host.PassTimeAsync(TimeSpan.FromMilliseconds(100), () => host.Keeper.Find(gateway)!.Catalog.Tools.Count == 2, "the new tool is served");

        host.Changes.Count.ShouldBe(2);
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
        host.Route();
        var asked = upstream.Listings;

        for (var minutes = 0; minutes < 60; minutes++) host.Clock.Advance(Minute);

        (await host.Keeper.GetAsync(gateway, Cancelled)).Members[0].Status.ShouldBe(MemberStatus.Fresh);
        upstream.Listings.ShouldBe(asked + 1);
    }

    [Fact]
    public async Task A_new_member_is_read_without_being_asked_for()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        await using var host = new KeeperHost();
        await host.StartAsync();

        host.Route(Catalogs.Gateway(Catalogs.Member(Catalogs.Server(upstream.Url))));

        await Eventually.TrueAsync(() => host.Changes.Any(c => c.Kinds is CatalogKinds.Tools), "the change is told", Cancelled);
    }

    [Fact]
    public async Task A_listener_that_fails_keeps_nothing_from_the_next()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        await using var host = new KeeperHost();
        using var failing = host.Keeper.Subscribe(Catalogs.Organization.Id, _ => throw new InvalidOperationException("listener"));
        host.Keeper.Subscribe(Catalogs.Organization.Id, _ => throw new InvalidOperationException("gone")).Dispose();

        await host.StartAsync(Catalogs.Gateway(Catalogs.Member(Catalogs.Server(upstream.Url))));

        await Eventually.TrueAsync(() => host.Changes.Count == 1, "the change is told", Cancelled);
    }

    [Fact]
    public async Task Fifty_members_of_twenty_tools_are_found_quickly()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Lists = (_, _) => ListingUpstream.Tools([.. Enumerable.Range(0, 20).Select(n => $"tool_{n}")]);
        await using var host = new KeeperHost();
        var gateway = Catalogs.Gateway([.. Enumerable.Range(0, 50).Select(n => Catalogs.Member(Catalogs.Server(upstream.Url), $"m{n}_"))]);
        await host.StartAsync(gateway);
        (await host.Keeper.GetAsync(gateway, Cancelled)).Catalog.Tools.Count.ShouldBe(1000);

        var watch = Stopwatch.StartNew();
        for (var times = 0; times < 1000; times++) host.Keeper.Find(gateway)!.Catalog.FindTool("m49_tool_19").ShouldBeOfType<RouteTarget.Found>();

        // A whole list may take 5 ms; finding what to serve is a small part of that, on a busy machine too.
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(2));
    }
}
