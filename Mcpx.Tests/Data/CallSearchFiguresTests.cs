using System.Globalization;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

/// <summary>
/// How long a page of fifty takes among many calls. The figures are printed; what is asserted holds on any machine.
/// MCPX_SEARCH_ROWS says how many calls there are.
/// </summary>
public sealed class CallSearchFiguresTests(PostgresFixture postgres) : DataTests(postgres)
{
    private const int Days = 20;
    private const int Rounds = 40;

    private static readonly OrganizationId Acme = DataHost.NewId<OrganizationId>();
    private static readonly User Ann = new(DataHost.NewId<UserId>(), "Ann", null);

    [Fact]
    public async Task A_page_of_fifty_by_filter_and_by_text()
    {
        int rows = int.TryParse(Environment.GetEnvironmentVariable("MCPX_SEARCH_ROWS"), CultureInfo.InvariantCulture, out int asked) ? asked : Property.Times(normally: 2000, nightly: 1_000_000);
        await LoadAsync(rows);
        PayloadReader admin = PayloadReader.Of(new Actor(Acme, new Principal.Person(Ann), Role.Admin, TestChanges.Origin));
        PayloadReader member = PayloadReader.Of(new Actor(Acme, new Principal.Person(Ann), Role.Member, TestChanges.Origin));
        DateTimeOffset now = DataHost.Now;
        (string Name, CallFilter Filter)[] questions =
        [
            ("newest", new()), ("one server of 50", new(Server: ServerId.From(Id(1, 7)))), ("one person of 200", new(User: UserId.From(Id(2, 7)))), ("one token of 1,000", new(Token: TokenId.From(Id(3, 7)))),
            ("one tool of 1,000", new(Tool: "tool-7")), ("a tool that there is not", new(Tool: "tool-x")), ("failed, 2 %", new(Outcomes: CallQueries.FailedOutcomes)), ("one rule of 100", new(Rule: "blocklist:7")),
            ("over 5 s, 0.1 %", new(MinMicroseconds: 5_000_000)), ("under 1 ms, 1 %", new(MaxMicroseconds: 1000)), ("a server, failed", new(Server: ServerId.From(Id(1, 7)), Outcomes: CallQueries.FailedOutcomes)),
            ("a server, an hour ten days ago", new(Server: ServerId.From(Id(1, 7)), From: now.AddDays(-10).AddHours(-1), To: now.AddDays(-10))), ("a tool, a person", new(Tool: "tool-7", User: UserId.From(Id(2, 7)))),
            ("text in every call", Text("common", admin)), ("text in 1 % of calls", Text("weekly7", admin)), ("text in 0.01 % of calls", Text("rare7", admin)), ("text in one call", Text("unique1234", admin)), ("text in none", Text("nowhere", admin)),
            ("two words", Text("common weekly7", admin)), ("a beginning", Text("rare7*", admin)), ("text and server", Text("weekly7", admin) with { Server = ServerId.From(Id(1, 7)) }), ("text, a member's own", Text("common", member)),
        ];
        foreach ((string name, CallFilter filter) in questions)
        {
            List<double> times = [];
            int found = 0;
            for (int i = 0; i < Rounds; i++)
            {
                long began = TimeProvider.System.GetTimestamp();
                Page<CallRecord> page = await Host.Get<ICallStore>().ListAsync(Acme, filter, Cancelled);
                times.Add(TimeProvider.System.GetElapsedTime(began).TotalMilliseconds);
                found = page.Items.Count;
            }

            long counting = TimeProvider.System.GetTimestamp();
            CallCount count = await Host.Get<ICallStore>().CountAsync(Acme, filter, CallAdmin.MostCounted, Cancelled);
            double counted = TimeProvider.System.GetElapsedTime(counting).TotalMilliseconds;
            times.Sort();
            Write($"{name,-32} {found,3} found, median {times[Rounds / 2],7:0.0} ms, p95 {times[(int)(Rounds * 0.95)],7:0.0} ms, worst {times[^1],7:0.0} ms; count {count.Found?.ToString("N0", CultureInfo.InvariantCulture) ?? "gave up"}{(count.IsWhole ? "" : "+")} in {counted:0} ms");
        }

        (await Host.Get<ICallStore>().ListAsync(Acme, Text("unique1234", admin), Cancelled)).Items.ShouldHaveSingleItem();
    }

    private async Task LoadAsync(int rows)
    {
        long began = TimeProvider.System.GetTimestamp();
        await ExecuteAsync($"SELECT calls_make_partitions(now() - interval '{Days} days', now())");
        string organization = CallLexemes(Acme);
        // Words of a call as many as a payload of two kilobytes gives, most of them the same in many calls.
        await ExecuteAsync($"""
            INSERT INTO calls (time, id, org_id, endpoint, server_id, server_slug, user_id, user_name, token_id, token_name, era, method, tool, outcome, status, rule, total_us, upstream_us, request_bytes, response_bytes, words)
            SELECT now() - g * (interval '{Days} days' / {rows}), gen_random_uuid(), '{Acme}', '/mcp/acme/server/finance',
                ('00000001-0000-0000-0000-' || lpad((g % 50)::text, 12, '0'))::uuid, 'server-' || g % 50, ('00000002-0000-0000-0000-' || lpad((g % 200)::text, 12, '0'))::uuid, 'Person ' || g % 200,
                ('00000003-0000-0000-0000-' || lpad((g % 1000)::text, 12, '0'))::uuid, 'laptop', 0, 'tools/call', 'tool-' || g * 7 % 1000,
                CASE WHEN g % 50 = 0 THEN 1 WHEN g % 97 = 0 THEN 4 ELSE 0 END, 200, CASE WHEN g % 97 = 0 THEN 'blocklist:' || g % 100 END,
                CASE WHEN g % 1009 = 0 THEN 6000000 WHEN g % 101 = 0 THEN 500 ELSE 2000 + g % 90000 END, 1000, 2000, 4000,
                array_to_tsvector(ARRAY['{organization}', 'c=' || g % 200, 'common', 'payload', 'weekly' || g % 100, 'rare' || g % 10000, 'unique' || g] || ARRAY(SELECT 'w' || (g * s % 20011) FROM generate_series(1, 40) s))
            FROM generate_series(1, {rows}) g
            """);
        await ExecuteAsync("VACUUM ANALYZE calls");
        object size = (await Host.QueryAsync("SELECT pg_size_pretty(sum(pg_relation_size(c.oid))) || ' rows, ' || pg_size_pretty(sum(pg_indexes_size(c.oid))) || ' indexes' FROM pg_class c WHERE c.relname LIKE 'calls_p%' AND c.relkind = 'r'"))!;
        Write($"{rows:N0} calls in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0} s, {size}");
    }

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = Host.Owner.CreateCommand(sql);
        command.CommandTimeout = 1200;
        await command.ExecuteNonQueryAsync(Cancelled);
    }

    private static string CallLexemes(OrganizationId organization)
    {
        WordBag words = new();
        Mcpx.Data.Calls.CallLexemes.Collect(DataHost.NewCall(organization, DataHost.Now) with { Request = "x"u8.ToArray() }, words);
        return words.All.Single(l => l.StartsWith("o=", StringComparison.Ordinal));
    }

    private static CallFilter Text(string words, PayloadReader reader) => new(Words: CallWords.Parse(new InputCheck(), words, "text"), Reader: reader);

    private static Guid Id(int kind, int number) => Guid.Parse(string.Create(CultureInfo.InvariantCulture, $"{kind:00000000}-0000-0000-0000-{number:000000000000}"));

    private static void Write(FormattableString line) => TestContext.Current.TestOutputHelper!.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
