using Mcpx.Core.Calls;
using Mcpx.Core.Primitives;
using Mcpx.Data;
using Mcpx.Data.Calls;
using Mcpx.Tests.Calls.Journal;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

public sealed class CallStoreTests(PostgresFixture postgres) : DataTests(postgres)
{
    private static readonly OrganizationId Acme = DataHost.NewId<OrganizationId>();

    private ICallStore Calls => Host.CallsOf(Acme);

    [Fact]
    public async Task What_goes_wrong_with_a_row_is_said_and_not_what_the_database_makes_of_its_half()
    {
        OrganizationId organization = DataHost.NewId<OrganizationId>();
        IEnumerable<CallRecord> Calls()
        {
            yield return DataHost.NewCall(organization, DataHost.Now);
            throw new InvalidDataException("the second row");
        }

        await using NpgsqlConnection connection = await Host.Owner.OpenConnectionAsync(Cancelled);

        (await Should.ThrowAsync<InvalidDataException>(() => CallCopy.CopyCallsAsync(connection, "calls", Calls(), Cancelled))).Message.ShouldBe("the second row");
        await using NpgsqlCommand command = new("SELECT count(*) FROM calls", connection);
        (await command.ExecuteScalarAsync(Cancelled)).ShouldBe(0L);
    }

    [Fact]
    public async Task A_call_comes_back_as_it_was_written()
    {
        CallRecord call = DataHost.NewCall(Acme, DataHost.Now, CallOutcome.ToolError, DataHost.NewId<ServerId>()) with
        {
            ServerSlug = "finance",
            User = DataHost.NewId<UserId>(),
            UserName = "Ann",
            Token = DataHost.NewId<TokenId>(),
            TokenName = "laptop",
            ClientName = "claude",
            ClientVersion = "1.2",
            Era = ProtocolEra.Stateless,
            Method = "tools/call",
            Tool = "balance",
            Status = 502,
            Rule = "allowlist:balance",
            Reason = "Because.",
            UpstreamMicroseconds = 1200,
            ResponseBytes = 3L << 32,
            Request = new byte[] { 0, 1, 0xED, 0xA0, 0x80 },
            Response = Array.Empty<byte>(),
            Truncated = true,
        };
        CallRecord bare = DataHost.NewCall(OrganizationId.None, DataHost.Now, CallOutcome.Unauthenticated);
        await Calls.WriteAsync([call, bare], Cancelled);
        await Calls.WriteAsync([], Cancelled);

        CallRecord found = (await Calls.FindAsync(Acme, call.Id, Cancelled)).ShouldNotBeNull();

        found.Request.Bytes().ShouldBe(call.Request.Bytes());
        found.Response.Bytes().ShouldBe(call.Response.Bytes());
        (found with { Request = call.Request, Response = call.Response, Payloads = null }).ShouldBe(call);
        (await Calls.FindAsync(OrganizationId.None, bare.Id, Cancelled)).ShouldBe(bare);
        CallRecord listed = (await Calls.ListAsync(Acme, new CallFilter(), Cancelled)).Items.ShouldHaveSingleItem();
        listed.ShouldBe(call with { Request = null, Response = null, Truncated = false });
    }

    [Fact]
    public async Task A_foreign_organisation_sees_no_call()
    {
        OrganizationId globex = DataHost.NewId<OrganizationId>();
        CallRecord call = DataHost.NewCall(Acme, DataHost.Now) with { Request = new byte[] { 1 } };
        await Calls.WriteAsync([call], Cancelled);

        (await Calls.FindAsync(globex, call.Id, Cancelled)).ShouldBeNull();
        (await Calls.ListAsync(globex, new CallFilter(), Cancelled)).Items.ShouldBeEmpty();
        (await Calls.FindAsync(Acme, CallId.From(Guid.Empty), Cancelled)).ShouldBeNull();
        (await Calls.FindAsync(Acme, CallId.From(new Guid("ffffffff-ffff-7fff-bfff-ffffffffffff")), Cancelled)).ShouldBeNull();
    }

    [Fact]
    public async Task A_batch_that_is_written_again_stands_there_once()
    {
        CallRecord[] batch = [.. Enumerable.Range(0, 50).Select(i => DataHost.NewCall(Acme, DataHost.Now.AddTicks(-i * 7)) with { Request = i % 2 == 0 ? (ReadOnlyMemory<byte>?)new byte[] { 1 } : null })];
        await Calls.WriteAsync(batch, Cancelled);
        await Calls.WriteAsync(batch, Cancelled);
        CallRecord late = DataHost.NewCall(Acme, DataHost.Now) with { Response = new byte[] { 2 } };
        await Calls.WriteAsync([.. batch, late], Cancelled);

        (await Host.QueryAsync("SELECT count(*) FROM calls")).ShouldBe(51L);
        (await Host.QueryAsync("SELECT count(*) FROM call_payloads")).ShouldBe(26L);
        (await Calls.FindAsync(Acme, late.Id, Cancelled))!.Response.Bytes().ShouldBe([2]);
    }

    [Fact]
    public async Task A_batch_twice_at_once_stands_there_once()
    {
        CallRecord[] batch = [.. Enumerable.Range(0, 200).Select(_ => DataHost.NewCall(Acme, DataHost.Now) with { Request = new byte[] { 1 } })];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Calls.WriteAsync(batch, Cancelled)));
        (await Host.QueryAsync("SELECT count(*) FROM calls")).ShouldBe(200L);
    }

    [Fact]
    public async Task Texts_that_PostgreSQL_can_not_hold_are_mended_and_payloads_are_not_touched()
    {
        byte[] payload = "{\"a\":\"\\u0000\0\"}"u8.ToArray();
        CallRecord call = DataHost.NewCall(Acme, DataHost.Now) with
        {
            Tool = "a\0b\uD83Dc😀",
            ClientName = "\uDE00",
            Method = new string('m', 5000),
            Reason = new string('r', PostgresText.Longest - 2) + "😀😀",
            Request = payload,
        };
        await Calls.WriteAsync([call], Cancelled);

        CallRecord found = (await Calls.FindAsync(Acme, call.Id, Cancelled)).ShouldNotBeNull();

        (found.Tool, found.ClientName).ShouldBe(("a\uFFFDb\uFFFDc😀", "\uFFFD"));
        found.Method!.Length.ShouldBe(PostgresText.Longest);
        found.Reason.ShouldBe(new string('r', PostgresText.Longest - 2) + "\uFFFD…");
        found.Request.Bytes().ShouldBe(payload);
        // Who searches with the text that the client sent finds it.
        (await Calls.ListAsync(Acme, new CallFilter(Tool: call.Tool, Method: call.Method), Cancelled)).Items.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Calls_of_days_without_a_partition_are_kept()
    {
        DateTimeOffset[] times = [DataHost.Now.AddDays(-400), DataHost.Now, DataHost.Now.AddDays(30), DateTimeOffset.UnixEpoch];
        CallRecord[] batch = [.. times.Select(t => DataHost.NewCall(Acme, t) with { Request = new byte[] { 1 } })];

        await Task.WhenAll(Calls.WriteAsync(batch, Cancelled), Calls.WriteAsync([.. batch.Reverse()], Cancelled));

        (await Calls.ListAsync(Acme, new CallFilter(), Cancelled)).Items.Select(c => c.Time).ShouldBe(times.OrderDescending());
        foreach (CallRecord call in batch) (await Calls.FindAsync(Acme, call.Id, Cancelled)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_call_whose_id_tells_another_time_is_found_too()
    {
        CallRecord call = DataHost.NewCall(Acme, DataHost.Now.AddDays(-2)) with { Id = DataHost.NewId<CallId>() };
        CallRecord random = DataHost.NewCall(Acme, DataHost.Now) with { Id = CallId.From(new Guid("11111111-2222-4333-8444-555555555555")) };
        await Calls.WriteAsync([call, random], Cancelled);
        (await Calls.FindAsync(Acme, call.Id, Cancelled)).ShouldBe(call);
        (await Calls.FindAsync(Acme, random.Id, Cancelled)).ShouldBe(random);
    }

    [Fact]
    public async Task Pages_over_calls_of_one_instant_miss_none_and_repeat_none()
    {
        DateTimeOffset now = DataHost.Now;
        CallRecord[] batch = [.. Enumerable.Range(0, 25).Select(i => DataHost.NewCall(Acme, now.AddMilliseconds(i / 10 - 10)))];
        await Calls.WriteAsync(batch, Cancelled);

        List<CallRecord> seen = [];
        string? cursor = null;
        do
        {
            Page<CallRecord> page = await Calls.ListAsync(Acme, new CallFilter(Cursor: cursor, Size: 4), Cancelled);
            page.Items.Count.ShouldBeLessThanOrEqualTo(4);
            seen.AddRange(page.Items);
            cursor = page.Next;
        }
        while (cursor is not null);

        seen.Select(c => c.Id).ShouldBe(batch.OrderByDescending(c => c.Time).ThenByDescending(c => c.Id.ToString(), StringComparer.Ordinal).Select(c => c.Id));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("AA AAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("f/8AAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("f_8AAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("\0")]
    public async Task A_cursor_that_is_not_ours_is_refused(string cursor)
    {
        RefusalException.Invalid refused = await Should.ThrowAsync<RefusalException.Invalid>(() => Calls.ListAsync(Acme, new CallFilter(Cursor: cursor), Cancelled));
        refused.Errors.ShouldHaveSingleItem().Field.ShouldBe("cursor");
    }

    [Fact]
    public async Task Each_filter_narrows_the_list()
    {
        DateTimeOffset now = DataHost.Now;
        ServerId server = DataHost.NewId<ServerId>();
        CallRecord wanted = DataHost.NewCall(Acme, now, CallOutcome.Denied, server) with { Method = "tools/call", Tool = "transfer" };
        GatewayId office = DataHost.NewId<GatewayId>();
        wanted = wanted with { Gateway = office, GatewaySlug = "office", UpstreamTool = "move" };
        await Calls.WriteAsync(
            [wanted, wanted with { Id = DataHost.NewId<CallId>(), Time = now.AddHours(-2), Gateway = null, Server = DataHost.NewId<ServerId>(), Outcome = CallOutcome.Ok, Method = "ping", Tool = null }], Cancelled);

        CallFilter[] filters =
        [
            new(Server: server), new(Method: "tools/call"), new(Tool: "transfer"), new(Outcomes: [CallOutcome.Denied]), new(From: now),
            new(Gateway: office), new(server, "tools/call", "transfer", [CallOutcome.Denied], now.AddSeconds(-1), now.AddSeconds(1), Gateway: office),
        ];
        foreach (CallFilter filter in filters)
            (await Calls.ListAsync(Acme, filter, Cancelled)).Items.ShouldHaveSingleItem().ShouldBe(wanted);
        (await Calls.ListAsync(Acme, new CallFilter(To: now), Cancelled)).Items.ShouldHaveSingleItem().Method.ShouldBe("ping");
        (await Calls.ListAsync(Acme, new CallFilter(Gateway: DataHost.NewId<GatewayId>()), Cancelled)).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_gateways_newest_calls_are_found_by_an_index()
    {
        // A table of nothing is read whole whatever indexes it has.
        string plan = (string)(await Host.QueryAsync($"""
            SET enable_seqscan = off;
            EXPLAIN (FORMAT JSON) SELECT id FROM calls WHERE org_id = '{Acme}' AND gateway_id = '{DataHost.NewId<GatewayId>()}' ORDER BY time DESC, id DESC LIMIT 10
            """))!;

        plan.ShouldContain("gateway_id_time");
    }
}
