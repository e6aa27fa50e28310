using System.Text;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Calls;
using Mcpx.Tests.Calls.Journal;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

public sealed class CallSearchTests(PostgresFixture postgres) : DataTests(postgres)
{
    private static readonly OrganizationId Acme = DataHost.NewId<OrganizationId>();
    private static readonly User Ann = new(DataHost.NewId<UserId>(), "Ann", null);
    private static readonly PayloadReader Admin = PayloadReader.Of(new Actor(Acme, new Principal.Person(Ann), Role.Admin, TestChanges.Origin));
    private static readonly PayloadReader Member = PayloadReader.Of(new Actor(Acme, new Principal.Person(Ann), Role.Member, TestChanges.Origin));

    private ICallStore Calls => Host.CallsOf(Acme);

    [Fact]
    public async Task Each_filter_narrows_the_list_and_the_count()
    {
        CallRecord wanted = Call("""{"params":{"arguments":{"city":"Zürich"}}}""") with
        {
            User = Ann.Id, Token = DataHost.NewId<TokenId>(), Rule = new string('規', 1000), Tool = string.Concat(Enumerable.Range(0, 1000).Select(i => (char)(0x4E00 + i * 7))), Outcome = CallOutcome.Denied, TotalMicroseconds = 2_500_000,
        };
        await Calls.WriteAsync([wanted, Call("""{"params":{"arguments":{"city":"Bern"}}}""") with { User = DataHost.NewId<UserId>() }], Cancelled);

        CallFilter[] filters =
        [
            new(User: Ann.Id), new(Token: wanted.Token), new(Rule: wanted.Rule), new(Tool: wanted.Tool), new(MinMicroseconds: 2_000_000), new(MinMicroseconds: 2_500_000, MaxMicroseconds: 2_500_000),
            new(Outcomes: CallQueries.FailedOutcomes.Append(CallOutcome.Denied).ToArray()), Text("zürich"), Text("zür*"), Text("ZÜRICH") with { User = Ann.Id, MinMicroseconds = 1 },
        ];
        foreach (CallFilter filter in filters)
        {
            (await Calls.ListAsync(Acme, filter, Cancelled)).Items.ShouldHaveSingleItem().Id.ShouldBe(wanted.Id);
            (await Calls.CountAsync(Acme, filter, 10, Cancelled)).ShouldBe(new CallCount(1, IsWhole: true));
        }

        (await Calls.ListAsync(Acme, new CallFilter(MaxMicroseconds: 2_000_000), Cancelled)).Items.ShouldHaveSingleItem().Id.ShouldNotBe(wanted.Id);
        (await Calls.ListAsync(Acme, Text("zürich bern"), Cancelled)).Items.ShouldBeEmpty();
        (await Calls.CountAsync(Acme, new CallFilter(), 1, Cancelled)).ShouldBe(new CallCount(1, IsWhole: false));
    }

    [Fact]
    public async Task Words_in_the_payloads_of_others_are_found_by_nobody_who_may_not_see_them()
    {
        CallRecord own = Call("""{"params":{"note":"plum"}}""") with { User = Ann.Id };
        CallRecord others = Call("""{"params":{"note":"plum pear"}}""") with { User = DataHost.NewId<UserId>() };
        CallRecord nobodys = Call("""{"params":{"note":"plum"}}""");
        await Calls.WriteAsync([own, others, nobodys], Cancelled);

        (await Calls.CountAsync(Acme, Text("plum"), 10, Cancelled)).Found.ShouldBe(3);
        (await Calls.ListAsync(Acme, Text("plum") with { Reader = Member }, Cancelled)).Items.ShouldHaveSingleItem().Id.ShouldBe(own.Id);
        (await Calls.CountAsync(Acme, Text("pear") with { Reader = Member }, 10, Cancelled)).Found.ShouldBe(0);
        (await Calls.CountAsync(Acme, Text("plum") with { Reader = default }, 10, Cancelled)).Found.ShouldBe(0);
        // Another organisation's Admin, with whatever words.
        OrganizationId globex = DataHost.NewId<OrganizationId>();
        (await Calls.CountAsync(globex, Text("plum"), 10, Cancelled)).Found.ShouldBe(0);
    }

    [Fact]
    public async Task A_batch_that_is_written_again_keeps_its_words()
    {
        CallRecord call = Call("""{"params":{"note":"again"}}""");
        await Calls.WriteAsync([call], Cancelled);
        await Calls.WriteAsync([call, Call("""{"params":{"note":"again"}}""")], Cancelled);
        (await Calls.CountAsync(Acme, Text("again"), 10, Cancelled)).Found.ShouldBe(2);
    }

    [Fact]
    public async Task Payloads_are_read_for_a_page_at_once_and_in_its_order()
    {
        CallRecord[] calls = [.. Enumerable.Range(0, 20).Select(i => Call($$"""{"params":{{i}}}""") with { Time = DataHost.Now.AddDays(-i % 3).AddMilliseconds(-i) })];
        await Calls.WriteAsync([.. calls, Call("{}") with { Request = null }], Cancelled);
        IReadOnlyList<CallRecord> page = (await Calls.ListAsync(Acme, new CallFilter(), Cancelled)).Items;

        IReadOnlyList<CallRecord> read = await Calls.ReadPayloadsAsync(Acme, page, Cancelled);

        read.Select(c => c.Id).ShouldBe(page.Select(c => c.Id));
        foreach (CallRecord call in calls) read.Single(c => c.Id == call.Id).Request.Bytes().ShouldBe(call.Request.Bytes());
        (await Calls.ReadPayloadsAsync(DataHost.NewId<OrganizationId>(), page, Cancelled)).ShouldAllBe(c => c.Request == null);
        (await Calls.ReadPayloadsAsync(Acme, [], Cancelled)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Words_are_found_page_by_page_also_behind_the_many_newest_calls()
    {
        // As many as are walked through first, and some.
        const int Rows = 21_000, Seldom = 1_500;
        string organization = CallLexemes.Query(Acme, Admin, []).Trim('\'');
        await using (NpgsqlCommand load = Host.Owner.CreateCommand($"""
            INSERT INTO calls (time, id, org_id, endpoint, era, outcome, status, total_us, upstream_us, request_bytes, response_bytes, words)
            SELECT now() - g * interval '1 second', gen_random_uuid(), '{Acme}', 'seldom ' || g, 0, 0, 200, 1, 1, 1, 1, array_to_tsvector(ARRAY['{organization}', 'c=', CASE WHEN g % {Seldom} = 0 THEN 'seldom' ELSE 'often' END])
            FROM generate_series(1, {Rows}) g
            """))
        {
            load.CommandTimeout = 120;
            await load.ExecuteNonQueryAsync(Cancelled);
        }

        List<string> found = [];
        string? cursor = null;
        do
        {
            Page<CallRecord> page = await Calls.ListAsync(Acme, Text("seldom") with { Cursor = cursor, Size = 3 }, Cancelled);
            found.AddRange(page.Items.Select(c => c.Endpoint));
            cursor = page.Next;
        }
        while (cursor is not null);

        found.ShouldBe(Enumerable.Range(1, Rows / Seldom).Select(i => $"seldom {i * Seldom}"));
        (await Calls.ListAsync(Acme, Text("seldom") with { Size = 50 }, Cancelled)).Items.Count.ShouldBe(Rows / Seldom);
        (await Calls.ListAsync(Acme, Text("seldom") with { Size = 50, Reader = Member }, Cancelled)).Items.ShouldBeEmpty();
        (await Calls.ListAsync(Acme, Text("never") with { Size = 50 }, Cancelled)).Items.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("user_id = '00000000-0000-0000-0000-000000000001' ORDER BY time DESC, id DESC LIMIT 50", "user_id_time")]
    [InlineData("token_id = '00000000-0000-0000-0000-000000000001' ORDER BY time DESC, id DESC LIMIT 50", "token_id_time")]
    [InlineData("hashtextextended(tool, 0) = 7 AND tool = 'x' ORDER BY time DESC, id DESC LIMIT 50", "hashtextextended_time")]
    [InlineData("hashtextextended(rule, 0) = 7 AND rule = 'x' ORDER BY time DESC, id DESC LIMIT 50", "hashtextextended_time")]
    public async Task Each_filter_has_its_index(string condition, string index)
    {
        // A table of nothing is read whole whatever indexes it has.
        string plan = (string)(await Host.QueryAsync($"SET enable_seqscan = off; EXPLAIN (FORMAT JSON) SELECT id FROM calls WHERE org_id = '{Acme}' AND {condition}"))!;
        plan.ShouldContain(index);
    }

    private static CallFilter Text(string words) => new(Words: CallWords.Parse(new InputCheck(), words, "text"), Reader: Admin);

    private static CallRecord Call(string request) => DataHost.NewCall(Acme, DataHost.Now) with { Id = DataHost.NewId<CallId>(), Request = Encoding.UTF8.GetBytes(request) };
}
