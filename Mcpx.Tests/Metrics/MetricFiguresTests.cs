using System.Diagnostics;
using System.Globalization;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Data;
using Mcpx.Data.Metrics;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Metrics;

/// <summary>
/// What figures cost: <c>MCPX_METRIC_EVENTS=10000000 ./test MetricFiguresTests</c> loads so many events over 30 days, of 50 servers with
/// 20 tools each in five organisations, rolls them up, and prints how long that and questions take. It asserts that answers are whole, and no time.
/// </summary>
public sealed class MetricFiguresTests(PostgresFixture postgres, ITestOutputHelper output)
{
    private const int Days = 30;
    private const int Minutes = 7;
    private const int EventsOfAMinute = 60_000;

    private static readonly int Events = int.Parse(Environment.GetEnvironmentVariable("MCPX_METRIC_EVENTS") ?? (Property.IsNightly ? "1000000" : "3000"), CultureInfo.InvariantCulture);
    private static readonly int Repeats = Events > 100_000 ? 15 : 2;

    // The first ones read from the disk, and what reads their answers is compiled anew after thirty.
    private static readonly int Unmeasured = Events > 100_000 ? 40 : 1;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    // Made from numbers, as Load makes them.
    private static OrganizationId Organization => OrganizationId.From(Guid.Parse("00000000-0000-0000-0001-000000000000"));

    private static ServerId BusyServer => ServerId.From(Guid.Parse("00000000-0000-0000-0002-000000000000"));

    [Fact]
    public async Task A_month_of_events()
    {
        await using DataHost host = await DataHost.StartAsync(postgres);
        output.WriteLine($"{await host.QueryAsync("SELECT 'PostgreSQL ' || current_setting('server_version') || coalesce(', TimescaleDB ' || (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'), '')")}, {Events:n0} events over {Days} days");
        DateTimeOffset end = Down(DataHost.Now, TimeSpan.FromMinutes(1));
        await host.ExecuteAsync($"SELECT metrics_make_partitions('{end.AddDays(-Days - 1):O}', '{end.AddDays(1):O}')");
        await host.BeginRollUpAsync(end.AddDays(-Days));
        // What policies do is done here, where it is measured; two at the same aggregate get into each other's way.
        if (await host.IsTimescaleAsync()) await host.ExecuteAsync("SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE proc_name = 'policy_refresh_continuous_aggregate'");

        await TimeAsync("events loaded", () => host.ExecuteAsync(Load(Events, end.AddDays(-Days), end)));
        await TimeAsync("rolled up, all of it", () => RollUpAsync(host));
        await host.ExecuteAsync("VACUUM ANALYZE");
        output.WriteLine(await SizesAsync(host));
        await AskAsync(host, end);
        await IngestAsync(host);
        await RollUpMinutesAsync(host, end);
    }

    /// <summary>Log-normal latencies about 20 ms; a few servers, tools and callers do most of it.</summary>
    private static string Load(int events, DateTimeOffset from, DateTimeOffset to) => $"""
        INSERT INTO metric_events
        SELECT time, org_id, server_id, gateway_id, caller_id, method, tool, outcome, 1000, 2000, total, greatest(total - gateway, 0), least(gateway, total),
            CASE WHEN outcome <= 3 THEN ceil(ln(greatest(total, 1)) / ln(1.04::float8)) END, CASE WHEN outcome <= 3 AND total > gateway THEN ceil(ln(total - gateway) / ln(1.04::float8)) END,
            CASE WHEN outcome <= 3 THEN ceil(ln(greatest(least(gateway, total), 1)) / ln(1.04::float8)) END
        FROM (SELECT '{from:O}'::timestamptz + ('{to:O}'::timestamptz - '{from:O}'::timestamptz) * (n::float8 / {events}) AS time,
                ('00000000-0000-0000-0001-' || lpad((server % 5)::text, 12, '0'))::uuid AS org_id, ('00000000-0000-0000-0002-' || lpad(server::text, 12, '0'))::uuid AS server_id,
                '00000000-0000-0000-0000-000000000000'::uuid AS gateway_id, ('00000000-0000-0000-0003-' || lpad(floor(200 * power(r3, 2))::text, 12, '0'))::uuid AS caller_id,
                'tools/call' AS method, 'tool_' || floor(20 * power(r2, 1.5)) AS tool,
                (CASE WHEN r1 < 0.95 THEN 0 WHEN r1 < 0.98 THEN 1 WHEN r1 < 0.985 THEN 2 WHEN r1 < 0.99 THEN 3 WHEN r1 < 0.998 THEN 4 ELSE 7 END)::smallint AS outcome,
                exp(ln(20000) + 0.8 * sqrt(-2 * ln(1 - r4)) * cos(6.2831853 * r5))::bigint AS total, (300 + 200 * r1)::bigint AS gateway
            FROM (SELECT n, floor(50 * power(random(), 2))::int AS server, random() r1, random() r2, random() r3, random() r4, random() r5 FROM generate_series(1, {events}) n) drawn) made
        """;

    private async Task AskAsync(DataHost host, DateTimeOffset end)
    {
        (string Name, TimeSpan Range, TimeSpan? Step, int Most)[] ranges =
        [
            ("15 min", TimeSpan.FromMinutes(15), null, 10), ("24 h by 5 min", TimeSpan.FromHours(24), null, 60), ("7 d by 1 h", TimeSpan.FromDays(7), null, 80),
            ("30 d by 1 d", TimeSpan.FromDays(29.5), TimeSpan.FromDays(1), 50), ("30 d by 3 h", TimeSpan.FromDays(29.5), null, 0),
        ];
        foreach (bool whole in (bool[])[false, true])
        {
            foreach (var (name, range, step, most) in ranges)
            {
                MetricFilter filter = whole ? MetricFilter.All : new MetricFilter(BusyServer);
                MetricPlan plan = MetricPlan.For(new MetricQuestion(end - range, end, step) { Filter = filter }, by: null, MetricRetention.Default, end);
                MetricSelection selection = plan.Select(filter, by: null, inSteps: true);
                await PrintAsync(host, $"{(whole ? "ten servers" : "one server"),-12} {name,-14}", selection, most == 0 ? null : whole ? most * 4 : most);
            }
        }

        MetricPlan day = MetricPlan.For(new MetricQuestion(end.AddDays(-1), end), MetricDimension.Tool, MetricRetention.Default, end);
        await PrintAsync(host, "ten servers  24 h by tool", day.Select(MetricFilter.All, MetricDimension.Tool, inSteps: false), most: null);
        await PrintAsync(host, "ten servers  24 h by caller", day.Select(MetricFilter.All, MetricDimension.Caller, inSteps: false), most: null);
    }

    private async Task PrintAsync(DataHost host, string name, MetricSelection selection, int? most)
    {
        List<double> times = [];
        IReadOnlyList<MetricRow> rows = [];
        for (int i = 0; i < Unmeasured + Repeats; i++)
        {
            long began = Stopwatch.GetTimestamp();
            rows = await host.Get<IMetricStore>().ReadAsync(Organization, selection, Cancelled);
            if (i >= Unmeasured) times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        times.Sort();
        long calls = rows.Sum(r => r.Figures.Counts.Calls);
        object? counted = await host.QueryAsync($"SELECT count(*) FROM metric_events WHERE org_id = '{Organization}' AND time >= '{selection.From:O}' AND time < '{selection.To:O}'{(selection.Filter.Server is { } s ? $" AND server_id = '{s}'" : "")}");
        calls.ShouldBe((long)counted!, name);
        output.WriteLine($"{name}: median {times[times.Count / 2],7:0.0} ms, {times[0]:0.0} to {times[^1]:0.0}{(most is { } target ? $" (target {target})" : "")}; {rows.Count} rows, {calls:n0} calls");
    }

    private async Task IngestAsync(DataHost host)
    {
        OrganizationId organization = DataHost.NewId<OrganizationId>();
        int batches = Events > 100_000 ? 60 : 2;
        EventWriter writer = host.Get<EventWriter>();
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < batches; i++)
        {
            Mcpx.Core.Calls.CallRecord[] calls = [.. Enumerable.Range(0, 5000).Select(n => DataHost.NewCall(organization, DataHost.Now, server: BusyServer) with { Method = "tools/call", Tool = $"tool_{n % 20}", TotalMicroseconds = 1000 + n, UpstreamMicroseconds = 500 + n })];
            await using NpgsqlConnection connection = await host.Get<ScopedContexts>().OpenConnectionAsync(DataScope.Everything, Cancelled);
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(Cancelled);
            await writer.WriteAsync(connection, calls, Cancelled);
            await transaction.CommitAsync(Cancelled);
        }

        output.WriteLine($"events written: {batches * 5000 / Stopwatch.GetElapsedTime(began).TotalSeconds:n0}/s (target 20,000; what else a record's way costs is in RecordingFiguresTests)");
    }

    /// <summary>What the job has to do each minute at a thousand calls a second.</summary>
    private async Task RollUpMinutesAsync(DataHost host, DateTimeOffset end)
    {
        int each = Events > 100_000 ? EventsOfAMinute : 600;
        await RollUpAsync(host);
        DateTimeOffset at = Down(DataHost.Now, TimeSpan.FromMinutes(1)).AddMinutes(1);
        // The extension's policies do their parts at the same time, in a process each.
        string[] parts = await host.IsTimescaleAsync() ? ["metric_1m", "metric_caller_1m"] : ["all"];
        Dictionary<string, List<double>> times = parts.ToDictionary(p => p, _ => new List<double>());
        for (int i = 0; i < Minutes; i++, at = at.AddMinutes(1))
        {
            await host.ExecuteAsync(Load(each, at, at.AddMinutes(1)));
            await host.ExecuteAsync($"SELECT metrics_close('{at.AddMinutes(1):O}', interval '6 hours')");
            foreach (string part in parts)
            {
                long began = Stopwatch.GetTimestamp();
                await host.ExecuteAsync(part is "all" ? "SELECT metrics_roll_up('1m')" : $"CALL refresh_continuous_aggregate('{part}', '{at:O}', '{at.AddMinutes(1):O}')");
                times[part].Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        }

        foreach ((string part, List<double> seen) in times)
        {
            seen.Sort();
            output.WriteLine($"roll-up of a minute of {each:n0} calls, {part}: median {seen[seen.Count / 2]:0} ms, {seen[0]:0} to {seen[^1]:0} (target 200)");
        }
    }

    private async Task TimeAsync(string what, Func<Task> act)
    {
        long began = Stopwatch.GetTimestamp();
        await act();
        output.WriteLine($"{what}: {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
    }

    private static async Task RollUpAsync(DataHost host)
    {
        if (!await host.IsTimescaleAsync())
        {
            await host.Get<RollUpJob>().RunAsync(Cancelled);
            return;
        }

        foreach (string level in (string[])["1m", "1h", "1d"])
        {
            foreach (string kind in (string[])["metric_", "metric_caller_"]) await host.ExecuteAsync($"CALL refresh_continuous_aggregate('{kind}{level}', NULL, now())");
        }
    }

    private static async Task<string> SizesAsync(DataHost host) => (string)(await host.QueryAsync(await host.IsTimescaleAsync()
        ? """
          SELECT string_agg(name || ' ' || pg_size_pretty(size), ', ') FROM (
              SELECT name, (SELECT total_bytes FROM hypertable_detailed_size(t)) AS size FROM (
                  SELECT 'metric_events' AS name, 'metric_events'::regclass AS t
                  UNION ALL SELECT view_name::text, format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass FROM timescaledb_information.continuous_aggregates) tables) sizes
          """
        : """
          SELECT string_agg(name || ' ' || pg_size_pretty(size), ', ' ORDER BY name) FROM (
              SELECT p.relname AS name, sum(pg_total_relation_size(c.oid)) AS size FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
              WHERE p.relname LIKE 'metric%' AND p.relkind = 'p' GROUP BY 1) sizes
          """))!;

    private static DateTimeOffset Down(DateTimeOffset time, TimeSpan width) => new(time.UtcTicks - time.UtcTicks % width.Ticks, TimeSpan.Zero);
}
