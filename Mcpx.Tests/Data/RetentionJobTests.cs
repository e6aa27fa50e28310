using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Retention;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Calls.Journal;
using Mcpx.Tests.Audit.Chain;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

/// <summary>What goes from the record when it is old enough, and what stays.</summary>
public sealed class RetentionJobTests(PostgresFixture postgres) : DataTests(postgres)
{
    /// <summary>Far ahead: entries of the audit log are made by the system's clock, and stand in the same chain.</summary>
    private static readonly DateTimeOffset Noon = new DateTimeOffset(DataHost.Now.UtcDateTime.Date, TimeSpan.Zero).AddDays(500).AddHours(12);

    private readonly List<Membership> _owners = [];

    private IRetentionStore Retention => Host.Get<IRetentionStore>();

    /// <summary>One turn, after which the chain of every organisation must verify.</summary>
    private async Task<string> SweepAsync()
    {
        var result = await new RetentionJob(Retention, Host.Get<ChainKeeper>(), new TestClock(Noon)).RunAsync(Cancelled);
        foreach (var owner in _owners)
            (await ChainLab.AdminOf(Host).VerifyAsync(Actor.Of(owner, TestChanges.Origin), null, Cancelled)).Finding.ShouldBeNull();
        return result;
    }

    [Fact]
    public async Task Payloads_go_before_their_records_and_each_organisation_has_its_own_times()
    {
        var acme = await AddAsync("acme", payloadDays: 30, recordDays: 60);
        var globex = await AddAsync("globex");
        foreach (var organization in new[] { acme, globex })
            await WriteAsync(organization, Noon.AddDays(-402), Noon.AddDays(-91), Noon.AddDays(-61), Noon.AddDays(-31), Noon.AddDays(-29));

        for (var turn = 0; turn < 2; turn++)
        {
            await SweepAsync();

            (await DaysAsync("calls", acme)).ShouldBe([31, 29]);
            (await DaysAsync("call_payloads", acme)).ShouldBe([29]);
            (await DaysAsync("calls", globex)).ShouldBe([91, 61, 31, 29]);
            (await DaysAsync("call_payloads", globex)).ShouldBe([61, 31, 29]);
        }
    }

    [Fact]
    public async Task Records_go_by_whole_days()
    {
        var acme = await AddAsync("acme", payloadDays: 1, recordDays: 10);
        // The day of ten days ago has still a part that is to stay.
        await WriteAsync(acme, Noon.AddDays(-11).AddHours(11), Noon.AddDays(-10).AddHours(-11));

        await SweepAsync();

        (await DaysAsync("calls", acme)).ShouldBe([10]);
    }

    [Fact]
    public async Task Late_calls_are_found_that_a_journal_wrote_behind_the_sweep()
    {
        var acme = await AddAsync("acme", payloadDays: 30);
        await WriteAsync(acme, Noon.AddDays(-40));
        await SweepAsync();
        await WriteAsync(acme, Noon.AddDays(-35));

        await SweepAsync();

        (await DaysAsync("call_payloads", acme)).ShouldBeEmpty();
        (await DaysAsync("calls", acme)).ShouldBe([40, 35]);
    }

    [Fact]
    public async Task What_a_hold_names_stays_and_its_day_with_it_until_it_is_released()
    {
        var acme = await AddAsync("acme", payloadDays: 30, recordDays: 60);
        var server = DataHost.NewId<ServerId>();
        var held = DataHost.NewCall(acme, Noon.AddDays(-70), server: server) with { Tool = "gw_pay", UpstreamTool = "pay", Request = new byte[] { 1 } };
        var beside = DataHost.NewCall(acme, Noon.AddDays(-70).AddSeconds(1), server: server) with { Tool = "other", Request = new byte[] { 2 } };
        await WriteAsync(acme, Noon.AddDays(-71));
        // One after the other, and so in the chain.
        await Host.CallsOf(acme).WriteAsync([held], Cancelled);
        await Host.CallsOf(acme).WriteAsync([beside], Cancelled);
        var hold = Hold(server: server, tool: "pay", from: Noon.AddDays(-80), to: Noon.AddDays(-60));
        (await Retention.AddHoldAsync(acme, hold, RetentionAdmin.MostHolds, TestChanges.In(acme), Cancelled)).ShouldBeTrue();

        await SweepAsync();
        (await DaysAsync("calls", acme)).ShouldBe([70, 70]);
        (await Host.CallsOf(acme).FindAsync(acme, held.Id, Cancelled))!.Request.Bytes().ShouldBe([1]);
        (await Host.CallsOf(acme).FindAsync(acme, beside.Id, Cancelled))!.Request.ShouldBeNull();

        (await Retention.ReleaseHoldAsync(acme, hold.Id, TestChanges.In(acme), Cancelled)).ShouldBeTrue();
        await SweepAsync();
        (await DaysAsync("calls", acme)).ShouldBeEmpty();
        (await DaysAsync("call_payloads", acme)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("server", false)]
    [InlineData("tool", false)]
    [InlineData("user", false)]
    [InlineData("account", false)]
    [InlineData("time", false)]
    [InlineData("everything", true)]
    public async Task A_hold_on_something_else_holds_nothing(string on, bool holds)
    {
        var acme = await AddAsync("acme", payloadDays: 30, recordDays: 60);
        await WriteAsync(acme, Noon.AddDays(-70));
        var hold = on switch
        {
            "server" => Hold(server: DataHost.NewId<ServerId>()),
            "tool" => Hold(tool: "pay"),
            "user" => Hold(user: DataHost.NewId<UserId>()),
            "account" => Hold(account: DataHost.NewId<ServiceAccountId>()),
            "time" => Hold(from: Noon.AddDays(-69)),
            _ => Hold(),
        };
        await Retention.AddHoldAsync(acme, hold, RetentionAdmin.MostHolds, TestChanges.In(acme), Cancelled);

        await SweepAsync();

        (await DaysAsync("calls", acme)).Length.ShouldBe(holds ? 1 : 0);
        (await DaysAsync("call_payloads", acme)).Length.ShouldBe(holds ? 1 : 0);
    }

    [Fact]
    public async Task Payloads_that_only_a_released_hold_kept_go_while_their_records_stay()
    {
        var acme = await AddAsync("acme", payloadDays: 30, recordDays: 400);
        await WriteAsync(acme, Noon.AddDays(-70), Noon.AddDays(-50));
        var hold = Hold(to: Noon.AddDays(-60));
        await Retention.AddHoldAsync(acme, hold, RetentionAdmin.MostHolds, TestChanges.In(acme), Cancelled);
        await SweepAsync();
        (await DaysAsync("call_payloads", acme)).ShouldBe([70]);

        await Retention.ReleaseHoldAsync(acme, hold.Id, TestChanges.In(acme), Cancelled);
        await SweepAsync();

        (await DaysAsync("call_payloads", acme)).ShouldBeEmpty();
        (await DaysAsync("calls", acme)).ShouldBe([70, 50]);
        (await Host.QueryAsync($"SELECT hold_released_at IS NULL FROM organizations WHERE id = '{acme}'")).ShouldBe(true);
    }

    [Fact]
    public async Task Calls_of_before_there_were_chains_go_too()
    {
        var acme = await AddAsync("acme", payloadDays: 30, recordDays: 60);
        await WriteAsync(acme, Noon.AddDays(-70), Noon.AddDays(-50), Noon.AddDays(-20));
        await Host.QueryAsync($"DELETE FROM audit_links WHERE org_id = '{acme}'");
        await Host.QueryAsync($"UPDATE audit_begin SET at = '{Noon.AddDays(-1):O}'");

        await SweepAsync();

        (await DaysAsync("calls", acme)).ShouldBe([50, 20]);
        (await DaysAsync("call_payloads", acme)).ShouldBe([20]);
    }

    [Fact]
    public async Task Many_calls_go_in_batches_and_refused_strangers_after_the_default_time()
    {
        var acme = await AddAsync("acme", payloadDays: 30, recordDays: 60);
        await Host.CallsOf(acme).WriteAsync([.. Enumerable.Range(0, 4500).Select(i => DataHost.NewCall(acme, Noon.AddDays(-70).AddMilliseconds(i / 3)) with { Request = new byte[] { 1 } })], Cancelled);
        await Host.CallsOf(acme).WriteAsync([DataHost.NewCall(OrganizationId.None, Noon.AddDays(-402), CallOutcome.Unauthenticated), DataHost.NewCall(OrganizationId.None, Noon.AddDays(-70), CallOutcome.Unauthenticated)], Cancelled);

        await SweepAsync();

        (await Host.QueryAsync("SELECT count(*) FROM calls")).ShouldBe(1L);
    }

    [Fact]
    public async Task Days_without_calls_go_whole_and_come_back_for_a_late_one()
    {
        var acme = await AddAsync("acme", payloadDays: 30, recordDays: 60);
        await WriteAsync(acme, Noon.AddDays(-70), Noon.AddDays(-50));

        await SweepAsync();
        (await PartitionsAsync()).ShouldNotContain($"calls_p{Noon.AddDays(-70):yyyyMMdd}");
        (await PartitionsAsync()).ShouldContain($"calls_p{Noon.AddDays(-50):yyyyMMdd}");

        await WriteAsync(acme, Noon.AddDays(-70));
        (await DaysAsync("calls", acme)).ShouldBe([70, 50]);
    }

    [Fact]
    public async Task Holds_are_their_organisations_and_no_more_than_there_is_room_for()
    {
        var acme = await AddAsync("acme");
        var globex = await AddAsync("globex");
        var hold = Hold(tool: "x");
        (await Retention.AddHoldAsync(acme, hold, 1, TestChanges.In(acme), Cancelled)).ShouldBeTrue();
        (await Retention.AddHoldAsync(acme, Hold(), 1, TestChanges.In(acme), Cancelled)).ShouldBeFalse();

        (await Retention.ListHoldsAsync(acme, Cancelled)).ShouldHaveSingleItem().ShouldBe(hold);
        (await Retention.ListHoldsAsync(globex, Cancelled)).ShouldBeEmpty();
        (await Retention.ReleaseHoldAsync(globex, hold.Id, TestChanges.In(globex), Cancelled)).ShouldBeFalse();
        (await Retention.FindAsync(DataHost.NewId<OrganizationId>(), Cancelled)).ShouldBeNull();
    }

    private static LegalHold Hold(ServerId? server = null, UserId? user = null, ServiceAccountId? account = null, string? tool = null, DateTimeOffset? from = null, DateTimeOffset? to = null) =>
        new(DataHost.NewId<LegalHoldId>(), "Case", server, user, account, tool, from, to, DataHost.Now);

    private async Task<OrganizationId> AddAsync(string slug, int? payloadDays = null, int recordDays = 400)
    {
        var owner = await Host.AddOrganizationAsync(slug);
        _owners.Add(owner);
        var organization = owner.Organization.Id;
        if (payloadDays is { } days) (await Retention.SaveAsync(organization, new RetentionSettings(days, recordDays), TestChanges.In(organization), Cancelled)).ShouldBeTrue();
        return organization;
    }

    private Task WriteAsync(OrganizationId organization, params DateTimeOffset[] times) =>
        Host.CallsOf(organization).WriteAsync([.. times.Select(t => DataHost.NewCall(organization, t) with { Request = new byte[] { 1 } })], Cancelled);

    /// <summary>How old the organisation's rows are, in days, the oldest first.</summary>
    private async Task<int[]> DaysAsync(string table, OrganizationId organization)
    {
        var times = (DateTime[])(await Host.QueryAsync($"SELECT coalesce(array_agg(time ORDER BY time), '{{}}') FROM {table} WHERE org_id = '{organization}'"))!;
        return [.. times.Select(t => (Noon.UtcDateTime.Date - t.Date).Days)];
    }

    private async Task<string[]> PartitionsAsync() => (string[])(await Host.QueryAsync("SELECT array_agg(c.relname::text) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"))!;
}
