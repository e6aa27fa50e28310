using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

public sealed class ConfigurationStoreTests(PostgresFixture postgres) : DataTests(postgres)
{
    private IServerStore Servers => Host.Get<IServerStore>();

    private IGovernanceStore Governance => Host.Get<IGovernanceStore>();

    private ISnapshotSource Snapshots => Host.Get<ISnapshotSource>();

    [Fact]
    public async Task A_server_comes_back_as_it_was_written()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        UpstreamServer server = DataHost.NewServer(acme, "finance") with
        {
            Name = "Finanz 💶",
            Description = "line\nbreak",
            Url = new Uri("https://finance.example:8443/a b/\0?q=ü"),
            TimeoutSeconds = 7,
            Enabled = false,
        };
        await Servers.AddAsync(server, DataHost.Sealed(server, [1, 2]), Cancelled);

        ServerDetails found = (await Servers.FindAsync(acme, server.Id, Cancelled)).ShouldNotBeNull();

        found.Server.Url.AbsoluteUri.ShouldBe(server.Url.AbsoluteUri);
        ShouldBeSame(found.Server with { Url = server.Url }, server);
        found.Credential!.Ciphertext.ShouldBe([1, 2]);
        (await Servers.FindBySlugAsync(acme, "finance", Cancelled))!.Server.Id.ShouldBe(server.Id);
    }

    [Fact]
    public async Task A_foreign_organisation_gets_and_changes_nothing()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        OrganizationId globex = (await Host.AddOrganizationAsync("globex")).Organization.Id;
        UpstreamServer server = await Host.AddServerAsync(acme, "finance", [1]);

        (await Servers.FindAsync(globex, server.Id, Cancelled)).ShouldBeNull();
        (await Servers.FindBySlugAsync(globex, "finance", Cancelled)).ShouldBeNull();
        (await Servers.ListAsync(globex, after: null, 10, tag: null, Cancelled)).Items.ShouldBeEmpty();
        (await Servers.DeleteAsync(globex, server.Id, Cancelled)).ShouldBeFalse();
        (await Servers.UpdateAsync(server with { Organization = globex, Name = "taken" }, replaceCredential: true, credential: null, Cancelled)).ShouldBeFalse();
        (await Governance.FindAsync(globex, server.Id, Cancelled)).ShouldBeNull();
        (await Governance.ReplaceAsync(globex, new ServerGovernance(server.Id, GovernanceMode.Blocklist, []), Cancelled)).ShouldBeFalse();

        ServerDetails untouched = (await Servers.FindAsync(acme, server.Id, Cancelled)).ShouldNotBeNull();
        ShouldBeSame(untouched.Server, server);
        untouched.Credential.ShouldNotBeNull();
        (await VersionAsync(globex)).ShouldBe(1L);
    }

    [Fact]
    public async Task A_finding_is_kept_for_the_address_it_was_made_at_and_told_only_when_it_is_new()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        OrganizationId globex = (await Host.AddOrganizationAsync("globex")).Organization.Id;
        UpstreamServer server = await Host.AddServerAsync(acme, "finance");
        UpstreamProtocol found = new(UpstreamEras.Session, OverSse: false, "2025-06-18", server.CreatedAt);
        long version = await VersionAsync(acme);

        (await Servers.RememberProtocolAsync(acme, server.Id, server.Url, found, Cancelled)).ShouldBeTrue();
        (await VersionAsync(acme)).ShouldBe(version + 1);
        UpstreamProtocol later = found with { ProbedAt = found.ProbedAt.AddHours(1) };
        (await Servers.RememberProtocolAsync(acme, server.Id, server.Url, later, Cancelled)).ShouldBeFalse();
        (await Servers.RememberProtocolAsync(acme, server.Id, server.Url, found with { OverSse = true }, Cancelled)).ShouldBeFalse("a later probe is known");
        (await Servers.RememberProtocolAsync(acme, server.Id, new Uri("https://elsewhere.example"), found with { OverSse = true }, Cancelled)).ShouldBeFalse();
        (await Servers.RememberProtocolAsync(globex, server.Id, server.Url, found with { OverSse = true }, Cancelled)).ShouldBeFalse();

        (await VersionAsync(acme)).ShouldBe(version + 1);
        ServerDetails details = (await Servers.FindAsync(acme, server.Id, Cancelled)).ShouldNotBeNull();
        ShouldBeSame(details.Server, server with { Protocol = later });
    }

    [Fact]
    public async Task A_writer_who_did_not_see_a_finding_does_not_undo_it_unless_address_or_credential_change()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        UpstreamServer server = await Host.AddServerAsync(acme, "finance");
        UpstreamProtocol found = new(UpstreamEras.Session | UpstreamEras.Stateless, OverSse: false, "2025-11-25", server.CreatedAt);
        await Servers.RememberProtocolAsync(acme, server.Id, server.Url, found, Cancelled);

        await Servers.UpdateAsync(server with { Name = "New" }, replaceCredential: false, credential: null, Cancelled);
        (await Servers.FindAsync(acme, server.Id, Cancelled))!.Server.Protocol.ShouldBe(found);
        await Servers.UpdateAsync(server, replaceCredential: true, DataHost.Sealed(server, [1]), Cancelled);
        (await Servers.FindAsync(acme, server.Id, Cancelled))!.Server.Protocol.ShouldBeNull();

        await Servers.RememberProtocolAsync(acme, server.Id, server.Url, found, Cancelled);
        await Servers.UpdateAsync(server with { Url = new Uri("https://finance.example/other"), Protocol = found }, replaceCredential: false, DataHost.Sealed(server, [1]), Cancelled);
        (await Servers.FindAsync(acme, server.Id, Cancelled))!.Server.Protocol.ShouldBeNull();
    }

    [Fact]
    public async Task A_taken_slug_is_a_conflict_and_leaves_nothing_half_written()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        OrganizationId globex = (await Host.AddOrganizationAsync("globex")).Organization.Id;
        await Host.AddServerAsync(acme, "finance");
        UpstreamServer second = await Host.AddServerAsync(acme, "hr", [5]);
        await Host.AddServerAsync(globex, "finance");
        long version = await VersionAsync(acme);

        UpstreamServer doubled = DataHost.NewServer(acme, "finance");
        (await Should.ThrowAsync<RefusalException.Conflict>(() => Servers.AddAsync(doubled, DataHost.Sealed(doubled, [1]), Cancelled))).Field.ShouldBe("slug");
        (await Should.ThrowAsync<RefusalException.Conflict>(() =>
            Servers.UpdateAsync(second with { Slug = "finance" }, replaceCredential: true, credential: null, Cancelled))).Field.ShouldBe("slug");

        (await VersionAsync(acme)).ShouldBe(version);
        (await Host.QueryAsync("SELECT count(*) FROM credentials")).ShouldBe(1L);
        (await Servers.ListAsync(acme, after: null, 10, tag: null, Cancelled)).Items.Select(s => s.Server.Slug).ShouldBe(["finance", "hr"]);
    }

    [Fact]
    public async Task A_server_of_no_organisation_is_refused()
    {
        UpstreamServer server = DataHost.NewServer(DataHost.NewId<OrganizationId>(), "finance");
        await Should.ThrowAsync<RefusalException.NotFound>(() => Servers.AddAsync(server, credential: null, Cancelled));
    }

    [Fact]
    public async Task A_credential_is_kept_replaced_or_removed_as_asked()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        UpstreamServer server = await Host.AddServerAsync(acme, "finance", [1]);

        (await Servers.UpdateAsync(server with { Name = "New" }, replaceCredential: false, DataHost.Sealed(server, [1]), Cancelled)).ShouldBeTrue();
        ServerDetails kept = (await Servers.FindAsync(acme, server.Id, Cancelled))!;
        (kept.Server.Name, kept.Credential!.Ciphertext[0]).ShouldBe(("New", (byte)1));

        await Servers.UpdateAsync(server, replaceCredential: true, DataHost.Sealed(server, [2]), Cancelled);
        (await Servers.FindAsync(acme, server.Id, Cancelled))!.Credential!.Ciphertext.ShouldBe([2]);

        await Servers.UpdateAsync(server, replaceCredential: true, credential: null, Cancelled);
        (await Servers.FindAsync(acme, server.Id, Cancelled))!.Credential.ShouldBeNull();
    }

    [Fact]
    public async Task An_address_does_not_move_under_a_credential_that_its_administrator_did_not_see()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        UpstreamServer server = await Host.AddServerAsync(acme, "finance");
        await Servers.UpdateAsync(server, replaceCredential: true, DataHost.Sealed(server, [9]), Cancelled);

        UpstreamServer moved = server with { Url = new Uri("https://elsewhere.example") };
        (await Should.ThrowAsync<RefusalException.Conflict>(() =>
            Servers.UpdateAsync(moved, replaceCredential: false, credential: null, Cancelled))).Field.ShouldBe("credential");

        (await Servers.FindAsync(acme, server.Id, Cancelled))!.Server.Url.ShouldBe(server.Url);
    }

    [Fact]
    public async Task Servers_are_paged_by_slug_in_byte_order()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        string[] slugs = ["a-1", "a0", "ab", "b", "b-2"];
        foreach (string slug in slugs.Reverse()) await Host.AddServerAsync(acme, slug);

        List<string> seen = [];
        string? after = null;
        do
        {
            Page<ServerDetails> page = await Servers.ListAsync(acme, after, 2, tag: null, Cancelled);
            seen.AddRange(page.Items.Select(s => s.Server.Slug));
            after = page.Next;
        }
        while (after is not null);

        seen.ShouldBe(slugs);
        (await Servers.ListAsync(acme, "z\0", 2, tag: null, Cancelled)).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_deleted_server_takes_its_credential_and_rules_along()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        UpstreamServer server = await Host.AddServerAsync(acme, "finance", [1]);
        await Governance.ReplaceAsync(acme, Rules(server, GovernanceMode.Allowlist, "balance"), Cancelled);

        (await Servers.DeleteAsync(acme, server.Id, Cancelled)).ShouldBeTrue();

        (await Servers.DeleteAsync(acme, server.Id, Cancelled)).ShouldBeFalse();
        (await Host.QueryAsync("SELECT (SELECT count(*) FROM credentials) + (SELECT count(*) FROM tool_rules)")).ShouldBe(0L);
    }

    [Fact]
    public async Task Governance_is_replaced_whole_and_keeps_its_order()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        UpstreamServer server = await Host.AddServerAsync(acme, "finance");
        (await Governance.FindAsync(acme, server.Id, Cancelled))!.Mode.ShouldBe(GovernanceMode.None);

        await Governance.ReplaceAsync(acme, Rules(server, GovernanceMode.Blocklist, "x", "y"), Cancelled);
        ServerGovernance wanted = Rules(server, GovernanceMode.Allowlist, "z*", "a", "m");
        await Governance.ReplaceAsync(acme, wanted, Cancelled);

        ServerGovernance found = (await Governance.FindAsync(acme, server.Id, Cancelled))!;
        (found.Server, found.Mode).ShouldBe((server.Id, GovernanceMode.Allowlist));
        found.Rules.ShouldBe(wanted.Rules);
    }

    [Fact]
    public async Task A_snapshot_holds_routes_credentials_and_policies_of_each_organisation()
    {
        Organization acme = (await Host.AddOrganizationAsync("acme")).Organization;
        await Host.AddOrganizationAsync("empty");
        UpstreamServer finance = await Host.AddServerAsync(acme.Id, "finance", [1]);
        UpstreamServer hr = await Host.AddServerAsync(acme.Id, "hr");
        await Governance.ReplaceAsync(acme.Id, Rules(finance, GovernanceMode.Allowlist, "get_*"), Cancelled);

        IReadOnlyList<OrganizationSnapshot> all = await Snapshots.LoadAllAsync(Cancelled);
        OrganizationSnapshot one = await Snapshots.LoadAsync(acme.Id, Cancelled);

        all.Count.ShouldBe(2);
        foreach (OrganizationSnapshot snapshot in (OrganizationSnapshot[])[all.Single(s => s.Organization == acme.Id), one])
        {
            snapshot.Routes!.Organization.ShouldBe(acme);
            snapshot.Routes.FindServer("finance")!.Credential!.Ciphertext.ShouldBe([1]);
            ShouldBeSame(snapshot.Routes.FindServer("hr")!.Server, hr);
            snapshot.Policies!.Servers[finance.Id].DecideShown(default, "get_user").ShouldBeOfType<Decision.Allow>();
            snapshot.Policies.Servers[finance.Id].DecideShown(default, "transfer").ShouldBeOfType<Decision.Deny>();
            snapshot.Policies.Servers[hr.Id].DecideShown(default, "transfer").ShouldBeOfType<Decision.Allow>();
        }
    }

    [Fact]
    public async Task A_snapshot_of_an_organisation_that_is_gone_is_empty()
    {
        OrganizationId gone = DataHost.NewId<OrganizationId>();
        (await Snapshots.LoadAsync(gone, Cancelled)).ShouldBe(new OrganizationSnapshot(gone, Routes: null, Policies: null));
    }

    [Fact]
    public async Task A_snapshot_compiles_only_the_rules_that_are_others_by_now()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        UpstreamServer edited = await Host.AddServerAsync(acme, "edited");
        UpstreamServer same = await Host.AddServerAsync(acme, "same");
        foreach (UpstreamServer server in new[] { edited, same }) await Governance.ReplaceAsync(acme, Rules(server, GovernanceMode.Allowlist, "get_*"), Cancelled);
        ISnapshotSource source = Host.Get<ISnapshotSource>();
        ProxySnapshot known = DataHost.Known(await source.LoadAsync(acme, Cancelled));
        await Governance.ReplaceAsync(acme, Rules(edited, GovernanceMode.Allowlist, "set_*"), Cancelled);

        foreach (OrganizationSnapshot now in new[] { await source.LoadAsync(acme, known, Cancelled), (await source.LoadAllAsync(known, Cancelled)).Single(o => o.Organization == acme) })
        {
            now.Policies!.Servers[same.Id].ShouldBeSameAs(known.Governance.Find(acme, same.Id));
            now.Policies.Servers[edited.Id].DecideShown(default, "set_x").ShouldBeOfType<Decision.Allow>();
            now.Policies.Servers[edited.Id].DecideShown(default, "get_x").ShouldBeOfType<Decision.Deny>();
        }

        known = DataHost.Known(await source.LoadAsync(acme, known, Cancelled));
        await Governance.ReplaceAsync(acme, Rules(edited, GovernanceMode.None), Cancelled);
        (await source.LoadAsync(acme, known, Cancelled)).Policies!.Servers[edited.Id].Mode.ShouldBe(GovernanceMode.None);
    }

    private static ServerGovernance Rules(UpstreamServer server, GovernanceMode mode, params string[] patterns) =>
        new(server.Id, mode, [.. patterns.Select(p => new ToolRule(DataHost.NewId<ToolRuleId>(), p))]);

    private async Task<long> VersionAsync(OrganizationId organization) =>
        (long)(await Host.QueryAsync($"SELECT config_version FROM organizations WHERE id = '{organization}'"))!;

    /// <summary>Lists are compared by what is in them, which records don't.</summary>
    private static void ShouldBeSame(UpstreamServer found, UpstreamServer expected)
    {
        found.Tags.ShouldBe(expected.Tags);
        found.Headers.ShouldBe(expected.Headers);
        (found with { Tags = expected.Tags, Headers = expected.Headers }).ShouldBe(expected);
    }
}
