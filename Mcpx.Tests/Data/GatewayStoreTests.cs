using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

public sealed class GatewayStoreTests(PostgresFixture postgres) : DataTests(postgres)
{
    private IGatewayStore Gateways => Host.Get<IGatewayStore>();

    [Fact]
    public async Task A_gateway_comes_back_as_it_was_written_its_members_in_their_order()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        UpstreamServer[] servers = [await Host.AddServerAsync(acme, "a"), await Host.AddServerAsync(acme, "b"), await Host.AddServerAsync(acme, "c")];
        VirtualGateway gateway = NewGateway(acme, "office",
            new GatewayMember(servers[2].Id, "c_", null, []),
            new GatewayMember(servers[0].Id, "", [], [new ToolOverride("größe 💶", "size", "line\nbreak \"quoted\" \\ 💶")]),
            new GatewayMember(servers[1].Id, "b.", ["z", "a", "m\\n"], [new ToolOverride("z", null, "d"), new ToolOverride("a", "x", null)])) with
        {
            Description = "d",
            FailureMode = FailureMode.Closed,
            Enabled = false,
        };

        await Gateways.AddAsync(gateway, Cancelled);

        ShouldBeTheSame(await Gateways.FindAsync(acme, gateway.Id, Cancelled), gateway);
        ShouldBeTheSame(await Gateways.FindBySlugAsync(acme, "office", Cancelled), gateway);
        ShouldBeTheSame((await Gateways.ListAsync(acme, after: null, 10, Cancelled)).Items.ShouldHaveSingleItem(), gateway);
        OrganizationSnapshot snapshot = await Host.Get<ISnapshotSource>().LoadAsync(acme, Cancelled);
        ShouldBeTheSame(snapshot.Routes!.FindGateway("office")!.Gateway, gateway);
        snapshot.Routes.FindGateway("office")!.Members.Select(m => m.Server.Server.Slug).ShouldBe(["c", "a", "b"]);
    }

    [Fact]
    public async Task Members_are_replaced_whole_or_left_alone()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        UpstreamServer a = await Host.AddServerAsync(acme, "a");
        UpstreamServer b = await Host.AddServerAsync(acme, "b");
        VirtualGateway gateway = await AddAsync(NewGateway(acme, "office", new GatewayMember(a.Id, "a_", ["x"], [])));

        VirtualGateway renamed = gateway with { Name = "New", Members = [] };
        (await Gateways.UpdateAsync(renamed, replaceMembers: false, seen: null, Cancelled)).ShouldBeTrue();
        ShouldBeTheSame(await Gateways.FindAsync(acme, gateway.Id, Cancelled), renamed with { Members = gateway.Members });

        VirtualGateway replaced = renamed with { Members = [new GatewayMember(b.Id, null, null, []), new GatewayMember(a.Id, "z", null, [])] };
        (await Gateways.UpdateAsync(replaced, replaceMembers: true, seen: null, Cancelled)).ShouldBeTrue();
        ShouldBeTheSame(await Gateways.FindAsync(acme, gateway.Id, Cancelled), replaced);

        await Gateways.UpdateAsync(renamed, replaceMembers: true, seen: null, Cancelled);
        (await Host.QueryAsync("SELECT count(*) FROM gateway_members")).ShouldBe(0L);
    }

    [Fact]
    public async Task A_change_made_over_another_is_refused_and_nothing_is_written()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        UpstreamServer server = await Host.AddServerAsync(acme, "a");
        VirtualGateway gateway = await AddAsync(NewGateway(acme, "office", new GatewayMember(server.Id, "", null, [])));
        VirtualGateway theirs = gateway with { Name = "Theirs", UpdatedAt = gateway.UpdatedAt.AddSeconds(1) };
        (await Gateways.UpdateAsync(theirs, replaceMembers: true, seen: gateway.UpdatedAt, Cancelled)).ShouldBeTrue();
        long version = await VersionAsync(acme);

        VirtualGateway mine = gateway with { Name = "Mine", Members = [], UpdatedAt = gateway.UpdatedAt.AddSeconds(2) };
        (await Should.ThrowAsync<RefusalException.Conflict>(() => Gateways.UpdateAsync(mine, replaceMembers: true, seen: gateway.UpdatedAt, Cancelled))).Field.ShouldBe("ifUpdatedAt");

        ShouldBeTheSame(await Gateways.FindAsync(acme, gateway.Id, Cancelled), theirs);
        (await VersionAsync(acme)).ShouldBe(version);
        (await Gateways.UpdateAsync(mine with { Id = DataHost.NewId<GatewayId>() }, replaceMembers: true, seen: gateway.UpdatedAt, Cancelled)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_foreign_organisation_gets_and_changes_nothing()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        OrganizationId globex = (await Host.AddOrganizationAsync("globex")).Organization.Id;
        UpstreamServer server = await Host.AddServerAsync(acme, "a");
        VirtualGateway gateway = await AddAsync(NewGateway(acme, "office", new GatewayMember(server.Id, "", null, [])));

        (await Gateways.FindAsync(globex, gateway.Id, Cancelled)).ShouldBeNull();
        (await Gateways.FindBySlugAsync(globex, "office", Cancelled)).ShouldBeNull();
        (await Gateways.ListAsync(globex, after: null, 10, Cancelled)).Items.ShouldBeEmpty();
        (await Gateways.DeleteAsync(globex, gateway.Id, Cancelled)).ShouldBeFalse();
        (await Gateways.UpdateAsync(gateway with { Organization = globex, Members = [] }, replaceMembers: true, seen: null, Cancelled)).ShouldBeFalse();
        (await Host.Get<IServerStore>().SummarizeAsync(globex, Cancelled)).ShouldBeEmpty();

        ShouldBeTheSame(await Gateways.FindAsync(acme, gateway.Id, Cancelled), gateway);
        (await VersionAsync(globex)).ShouldBe(1L);
    }

    [Fact]
    public async Task A_member_whose_server_is_gone_or_foreign_is_a_conflict_and_leaves_nothing_half_written()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        OrganizationId globex = (await Host.AddOrganizationAsync("globex")).Organization.Id;
        UpstreamServer own = await Host.AddServerAsync(acme, "own");
        UpstreamServer foreign = await Host.AddServerAsync(globex, "foreign");
        VirtualGateway gateway = await AddAsync(NewGateway(acme, "office", new GatewayMember(own.Id, "", null, [])));
        long version = await VersionAsync(acme);

        foreach (ServerId server in (ServerId[])[foreign.Id, DataHost.NewId<ServerId>()])
        {
            GatewayMember[] members = [new(own.Id, "x", null, []), new(server, "", null, [])];
            (await Should.ThrowAsync<RefusalException.Conflict>(() => Gateways.AddAsync(NewGateway(acme, "second", members), Cancelled))).Field.ShouldBe("members");
            (await Should.ThrowAsync<RefusalException.Conflict>(() =>
                Gateways.UpdateAsync(gateway with { Name = "x", Members = members }, replaceMembers: true, seen: null, Cancelled))).Field.ShouldBe("members");
        }

        (await VersionAsync(acme)).ShouldBe(version);
        ShouldBeTheSame((await Gateways.ListAsync(acme, after: null, 10, Cancelled)).Items.ShouldHaveSingleItem(), gateway);
    }

    [Fact]
    public async Task A_deleted_server_leaves_its_gateways_and_a_deleted_gateway_its_members()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        UpstreamServer a = await Host.AddServerAsync(acme, "a");
        UpstreamServer b = await Host.AddServerAsync(acme, "b");
        VirtualGateway gateway = await AddAsync(NewGateway(acme, "office", new GatewayMember(a.Id, "", null, []), new GatewayMember(b.Id, "b_", null, [])));

        await Host.Get<IServerStore>().DeleteAsync(acme, a.Id, Cancelled);
        ShouldBeTheSame(await Gateways.FindAsync(acme, gateway.Id, Cancelled), gateway with { Members = [gateway.Members[1]] });

        (await Gateways.DeleteAsync(acme, gateway.Id, Cancelled)).ShouldBeTrue();
        (await Gateways.DeleteAsync(acme, gateway.Id, Cancelled)).ShouldBeFalse();
        (await Host.QueryAsync("SELECT count(*) FROM gateway_members")).ShouldBe(0L);
        (await Host.Get<IServerStore>().FindAsync(acme, b.Id, Cancelled)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_taken_slug_is_a_conflict_within_an_organisation_only()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        OrganizationId globex = (await Host.AddOrganizationAsync("globex")).Organization.Id;
        // A server's slug is another matter: its address is another.
        await Host.AddServerAsync(acme, "office");
        await AddAsync(NewGateway(acme, "office"));
        await AddAsync(NewGateway(globex, "office"));
        VirtualGateway other = await AddAsync(NewGateway(acme, "other"));

        (await Should.ThrowAsync<RefusalException.Conflict>(() => Gateways.AddAsync(NewGateway(acme, "office"), Cancelled))).Field.ShouldBe("slug");
        (await Should.ThrowAsync<RefusalException.Conflict>(() =>
            Gateways.UpdateAsync(other with { Slug = "office" }, replaceMembers: true, seen: null, Cancelled))).Field.ShouldBe("slug");
        await Should.ThrowAsync<RefusalException.NotFound>(() => Gateways.AddAsync(NewGateway(DataHost.NewId<OrganizationId>(), "office"), Cancelled));
    }

    [Fact]
    public async Task Gateways_are_paged_by_slug_in_byte_order()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        string[] slugs = ["a-1", "a0", "ab", "b", "b-2"];
        foreach (string slug in slugs.Reverse()) await AddAsync(NewGateway(acme, slug));

        List<string> seen = [];
        string? after = null;
        do
        {
            Page<VirtualGateway> page = await Gateways.ListAsync(acme, after, 2, Cancelled);
            seen.AddRange(page.Items.Select(g => g.Slug));
            after = page.Next;
        }
        while (after is not null);

        seen.ShouldBe(slugs);
        (await Gateways.ListAsync(acme, "z\0", 2, Cancelled)).Items.ShouldBeEmpty();
        (await Gateways.FindBySlugAsync(acme, "\0\ud800", Cancelled)).ShouldBeNull();
    }

    private static VirtualGateway NewGateway(OrganizationId organization, string slug, params GatewayMember[] members) =>
        new(DataHost.NewId<GatewayId>(), organization, slug, slug, Description: "", FailureMode.Open, Enabled: true, members, DataHost.Now, DataHost.Now);

    /// <summary>Records compare lists by reference, so their contents are compared here.</summary>
    private static void ShouldBeTheSame(VirtualGateway? actual, VirtualGateway expected)
    {
        (actual.ShouldNotBeNull() with { Members = [] }).ShouldBe(expected with { Members = [] });
        actual.Members.Count.ShouldBe(expected.Members.Count);
        foreach ((GatewayMember one, GatewayMember other) in actual.Members.Zip(expected.Members))
        {
            (one.Server, one.Prefix).ShouldBe((other.Server, other.Prefix));
            one.Tools.ShouldBe(other.Tools);
            one.Overrides.ShouldBe(other.Overrides);
        }
    }

    private async Task<VirtualGateway> AddAsync(VirtualGateway gateway)
    {
        await Gateways.AddAsync(gateway, Cancelled);
        return gateway;
    }

    private async Task<long> VersionAsync(OrganizationId organization) =>
        (long)(await Host.QueryAsync($"SELECT config_version FROM organizations WHERE id = '{organization}'"))!;
}
