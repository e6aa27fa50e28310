using System.Text;
using Mcpx.Core.Egress;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy;
using Mcpx.Core.Servers;
using Mcpx.Data.Changes;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

/// <summary>What rules cost. The figures are printed; the assertions hold on any machine.</summary>
public sealed class GovernanceFiguresTests(PostgresFixture postgres) : DataTests(postgres)
{
    private const int Rules = 1000;
    private const int Servers = 500;
    private const int RulesEach = 50;
    private const int ToolsEach = 50;

    [Fact]
    public void A_decision_among_a_thousand_rules()
    {
        ArgumentCondition condition = new("$.amount", ConditionOperator.LessOrEqual, ["1000"]);
        byte[] call = Encoding.UTF8.GetBytes(Mcp.Call("tool_999_x", """{"amount":999,"note":"a note of some length"}"""));
        foreach ((string what, GovernanceMode mode, Func<int, ToolRule> make) in new (string, GovernanceMode, Func<int, ToolRule>)[]
        {
            ("exact names", GovernanceMode.Allowlist, i => new ToolRule(default, i == Rules - 1 ? "tool_999_x" : $"tool_{i}")),
            ("patterns", GovernanceMode.Allowlist, i => new ToolRule(default, $"tool_{i}_*")),
            ("patterns, blocklist that blocks nothing", GovernanceMode.Blocklist, i => new ToolRule(default, $"*_{i}_y")),
            ("patterns for members with conditions", GovernanceMode.Allowlist, i => new ToolRule(default, $"tool_{i}_*") { For = RuleAudience.Of(Role.Member), Conditions = [condition] }),
        })
        {
            ToolPolicy policy = new(new ServerGovernance(default, mode, [.. Enumerable.Range(0, Rules).Select(make)]));
            RuleSubject who = new(Role.Member);
            policy.Decide(who, "tool_999_x", call).ShouldBeOfType<Decision.Allow>();
            TimeSpan best = TimeSpan.MaxValue;
            for (int round = 0; round < 20; round++)
            {
                long since = TimeProvider.System.GetTimestamp();
                for (int i = 0; i < 500; i++) policy.Decide(who, "tool_999_x", call);
                TimeSpan took = TimeProvider.System.GetElapsedTime(since) / 500;
                if (took < best) best = took;
            }

            TestContext.Current.TestOutputHelper!.WriteLine($"decision, 1,000 rules, {what}: {best.TotalMicroseconds:0.00} µs");
        }
    }

    [Fact]
    public async Task Reading_and_compiling_five_hundred_servers_and_an_edit_on_two_replicas()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        UpstreamServer server = await Host.AddServerAsync(acme, "s0");
        for (int i = 1; i < Servers; i++) await Host.AddServerAsync(acme, $"s{i}");
        await Host.QueryAsync($"""
            INSERT INTO tool_rules (id, org_id, server_id, pattern, position, audience, log_only)
            SELECT gen_random_uuid(), s.org_id, s.id, 'tool_' || n || CASE WHEN n % 2 = 0 THEN '_*' ELSE '' END, n, 0, false FROM servers s, generate_series(1, {RulesEach}) n
            """);
        await Host.QueryAsync("UPDATE servers SET governance_mode = 1");
        await Host.QueryAsync("INSERT INTO server_pins (server_id, org_id, mode, review_first, baseline_at, version) SELECT id, org_id, 2, false, now(), 1 FROM servers");
        await Host.QueryAsync($"""
            INSERT INTO tool_pins (server_id, org_id, name, approved_hash, approved_definition, approved_at, seen_hash, seen_at, seen_by_client, first_seen_at)
            SELECT s.id, s.org_id, 'tool_' || n, sha256(n::text::bytea), convert_to(repeat('d', 500), 'UTF8'), now(), sha256(n::text::bytea), now(), false, now() FROM servers s, generate_series(1, {ToolsEach}) n
            """);
        ISnapshotSource source = Host.Get<ISnapshotSource>();
        string size = $"{Servers} servers with {RulesEach} rules and {ToolsEach} pinned tools each";
        // As a replica reads that starts, and as one does after somebody changed something: then it has the pins already.
        ProxySnapshot known = DataHost.Known(await source.LoadAsync(acme, Cancelled));
        foreach ((string what, ProxySnapshot before) in new[] { ("first reading", ProxySnapshot.Empty), ("rebuild after a change", known) })
        {
            TimeSpan best = TimeSpan.MaxValue;
            for (int round = 0; round < 5; round++)
            {
                long since = TimeProvider.System.GetTimestamp();
                OrganizationSnapshot read = await source.LoadAsync(acme, before, Cancelled);
                TimeSpan took = TimeProvider.System.GetElapsedTime(since);
                read.Policies!.Servers.Values.Sum(p => p.Rules).ShouldBe(Servers * RulesEach);
                read.Pins!.Servers.Count.ShouldBe(Servers);
                if (took < best) best = took;
            }

            TestContext.Current.TestOutputHelper!.WriteLine($"snapshot, {size}, {what}: {best.TotalMilliseconds:0} ms");
        }

        await using DataHost other = await DataHost.JoinAsync(Host.ConnectionString);
        using SnapshotKeeper there = new(other.Get<ISnapshotSource>(), new EgressRules(), other.Get<ChangeFeed>(), NullLogger<SnapshotKeeper>.Instance);
        await there.LoadAsync(Cancelled);
        await other.Get<ChangeListener>().StartAsync(Cancelled);
        await Eventually.TrueAsync(() => other.Get<ChangeListener>().Connections > 0, "the other replica listens", Cancelled);
        there.Current.Governance.Find(acme, server.Id)!.Mode.ShouldBe(GovernanceMode.Allowlist);
        long edited = TimeProvider.System.GetTimestamp();
        await Host.Get<IGovernanceStore>().ReplaceAsync(acme, new ServerGovernance(server.Id, GovernanceMode.Blocklist, [new ToolRule(EntityId.New<ToolRuleId>(TimeProvider.System), "x")]), Cancelled);
        await Eventually.TrueAsync(() => there.Current.Governance.Find(acme, server.Id)!.Mode is GovernanceMode.Blocklist, "the other replica decides by the new rules", Cancelled);
        await other.Get<ChangeListener>().StopAsync(Cancelled);
        TestContext.Current.TestOutputHelper!.WriteLine($"a rule's edit is in force on another replica after {TimeProvider.System.GetElapsedTime(edited).TotalMilliseconds:0} ms");
    }
}
