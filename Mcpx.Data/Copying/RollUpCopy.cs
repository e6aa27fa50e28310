using System.Globalization;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Data.Metrics;

namespace Mcpx.Data.Copying;

/// <summary>A level's roll-up of one kind, in the table that holds it on each side.</summary>
/// <param name="Query">Of the source: what is rolled up for good.</param>
internal sealed record RollUpTable(string Name, string Query, string Into, string Columns);

/// <summary>
/// Roll-ups outlive the events that they were made of, so they are copied and not made anew. The two editions keep them in tables of
/// the same columns; what differs is how each knows the border up to which its roll-up goes, and what it does behind that.
/// </summary>
internal sealed class RollUpCopy(CopySide source, CopySide target, DatabaseEdition from, DatabaseEdition to, TimeProvider time)
{
    private const string Origin = "'2000-01-01 00:00+00'";

    private const string Tables = """
        SELECT k.view || $1, t.materialized::text, 'bucket, ' || k.keys || ', ' || metric_measures(k.histograms)
        FROM metric_kinds() k JOIN metric_tables($1) t ON t.name IN (k.view || $1, k.rollup || $1) ORDER BY 1
        """;

    private static readonly (MetricLevel Level, string Name, TimeSpan Width)[] Levels =
        [.. new[] { (MetricLevel.Minute, TimeSpan.FromMinutes(1)), (MetricLevel.Hour, TimeSpan.FromHours(1)), (MetricLevel.Day, TimeSpan.FromDays(1)) }
            .Select(l => (l.Item1, MetricRetentionStore.NameOf(l.Item1), l.Item2))];

    private readonly Dictionary<MetricLevel, DateTimeOffset> _borders = [];

    /// <summary>
    /// Lets the source roll up what came late, as it would by itself within seconds: a minute that is known to be out of date is
    /// written down otherwise on each edition, and after this there is none.
    /// </summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        foreach (var (_, level, _) in Levels)
        {
            if (from is DatabaseEdition.Plain) await source.ExecuteAsync("SELECT metrics_roll_up($1)", cancellationToken, level);
            else await AggregateBorders.RefreshAsync(source, level, time, cancellationToken);
        }
    }

    /// <summary>Within the source's snapshot: until when each level is rolled up.</summary>
    public async Task ReadBordersAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (var (level, name, width) in Levels)
        {
            DateTime? until = (await source.ListAsync("SELECT until FROM metrics_rolled_up() WHERE level = $1 AND until > '2000-01-01'", r => r.GetDateTime(0), cancellationToken, name)).Cast<DateTime?>().SingleOrDefault();
            // A refresh by hand may have gone further than policies do, which then don't make again what came late there: that is made anew,
            // from what is there of it.
            _borders[level] = until is not { } known ? await FirstAsync(level, now, cancellationToken)
                : from is DatabaseEdition.Plain ? new DateTimeOffset(known, TimeSpan.Zero)
                : Earlier(new DateTimeOffset(known, TimeSpan.Zero), StepOf(now - width, width));
        }
    }

    public async Task<IReadOnlyList<RollUpTable>> ListAsync(CancellationToken cancellationToken)
    {
        List<RollUpTable> tables = [];
        foreach (var (level, name, _) in Levels)
        {
            var here = await TablesAsync(source, name, cancellationToken);
            var there = await TablesAsync(target, name, cancellationToken);
            tables.AddRange(here.Zip(there, (s, t) => new RollUpTable(s.View, $"SELECT {s.Columns} FROM {s.Table} WHERE bucket < {Text(_borders[level])}", t.Table, s.Columns)));
        }

        return tables;
    }

    /// <summary>In front of the copy, and leaves no row: the partitions that the rows need, or the borders of the target's aggregates.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (to is DatabaseEdition.Timescale)
        {
            // The longest first: each reads the level below, which must not think yet that it has rolled anything up.
            foreach (var (level, name, width) in Levels.Reverse()) await AggregateBorders.SetAsync(target, name, _borders[level], width, cancellationToken);
            return;
        }

        foreach (DateTime day in await PeriodsAsync($"SELECT date_bin('24 hours', time, {Origin}) FROM calls UNION SELECT date_bin('24 hours', time, {Origin}) FROM call_payloads", cancellationToken))
            await target.ExecuteAsync("SELECT calls_make_partitions($1, $1)", cancellationToken, day);
        List<string> starts = [$"SELECT date_bin('24 hours', time, {Origin}) FROM metric_events"];
        foreach (var (_, name, _) in Levels)
        {
            string width = name switch { "1m" => "24 hours", "1h" => "168 hours", _ => "2160 hours" };
            starts.AddRange((await TablesAsync(source, name, cancellationToken)).Select(t => $"SELECT date_bin('{width}', bucket, {Origin}) FROM {t.Table}"));
        }

        foreach (DateTime period in await PeriodsAsync(string.Join(" UNION ", starts), cancellationToken))
            await target.ExecuteAsync("SELECT metrics_make_partitions($1, $1)", cancellationToken, period);
    }

    /// <summary>In the target's transaction, in front of all rows: nobody rolls anything up until it is over.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (to is not DatabaseEdition.Timescale) return;
        foreach (var (_, name, _) in Levels)
        {
            foreach (var (_, table, _) in await TablesAsync(target, name, cancellationToken))
                await target.ExecuteAsync($"LOCK TABLE {table} IN EXCLUSIVE MODE; DELETE FROM {table}", cancellationToken);
        }
    }

    /// <summary>In the target's transaction, behind all rows.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        if (to is DatabaseEdition.Timescale)
        {
            foreach (var (level, name, _) in Levels) await AggregateBorders.EnsureAsync(target, name, _borders[level], cancellationToken);
            return;
        }

        // No level may be ahead of the one below. Where one was, the lower one catches up by what it noted as late.
        DateTimeOffset border = DateTimeOffset.MinValue;
        foreach (var (level, name, _) in Levels.Reverse())
        {
            border = Later(border, _borders[level]);
            await target.ExecuteAsync("UPDATE metric_rollup_state SET visible = $2, closing = $2 WHERE level = $1", cancellationToken, name, border.UtcDateTime);
            if (border == _borders[level]) continue;
            (string width, string at, string below) = level is MetricLevel.Minute ? ("1 minute", "time", "metric_events") : ("1 hour", "bucket", "metric_rollup_1m");
            await target.ExecuteAsync(
                $"INSERT INTO metric_rollup_late (level, bucket) SELECT DISTINCT $1, date_bin('{width}', {at}, {Origin}) FROM {below} WHERE {at} >= $2 AND {at} < $3",
                cancellationToken, name, _borders[level].UtcDateTime, border.UtcDateTime);
        }
    }

    private Task<List<(string View, string Table, string Columns)>> TablesAsync(CopySide side, string level, CancellationToken cancellationToken) =>
        side.ListAsync(Tables, r => (r.GetString(0), r.GetString(1), r.GetString(2)), cancellationToken, level);

    private Task<List<DateTime>> PeriodsAsync(string query, CancellationToken cancellationToken) =>
        source.ListAsync($"SELECT p FROM ({query}) periods (p) ORDER BY 1", r => r.GetDateTime(0), cancellationToken);

    /// <summary>Of a level that was never rolled up: the day of the first thing that it would be made of.</summary>
    private async Task<DateTimeOffset> FirstAsync(MetricLevel level, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string below = level is MetricLevel.Minute
            ? "SELECT min(time) FROM metric_events"
            : $"SELECT min(first) FROM ({string.Join(" UNION ALL ", (await TablesAsync(source, MetricRetentionStore.NameOf(level - 1), cancellationToken)).Select(t => $"SELECT min(bucket) AS first FROM {t.Table}"))}) tables";
        DateTime? first = (await source.ListAsync(below, r => r.IsDBNull(0) ? (DateTime?)null : r.GetDateTime(0), cancellationToken)).Single();
        DateTimeOffset week = Instant.DayOf(now.AddDays(-7)), lowest = first is { } found ? Earlier(week, Instant.DayOf(new DateTimeOffset(found, TimeSpan.Zero))) : week;
        return level is MetricLevel.Minute ? lowest : Earlier(lowest, Instant.DayOf(_borders[level - 1]));
    }

    private static DateTimeOffset StepOf(DateTimeOffset at, TimeSpan width) => new(at.UtcTicks - at.UtcTicks % width.Ticks, TimeSpan.Zero);

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static string Text(DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture, $"'{at.UtcDateTime:yyyy-MM-dd HH:mm:ss.ffffff}+00'");
}
