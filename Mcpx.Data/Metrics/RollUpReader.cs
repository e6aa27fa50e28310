using System.Text;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Metrics;

/// <summary>
/// Reads figures of any range, step and grouping in one query, the same on both editions: sums as they are, histograms added up
/// bucket by bucket. Percentiles are found in those by who asked, since only histograms can be put together further.
/// </summary>
internal static class RollUpReader
{
    private static readonly string[] Sums =
    [
        "calls", "ok", "tool_errors", "upstream_errors", "timeouts", "denied", "rate_limited", "unauthenticated", "aborted", "interrupted",
        "request_bytes", "response_bytes", "timed", "total_us",
    ];

    private static readonly string[] Histograms = ["total", "upstream", "gateway"];

    // Of one event, what a roll-up says of many. Names and order are those of Sums.
    private const string SumsOfAnEvent =
        "1 AS calls, (outcome = 0)::int AS ok, (outcome = 1)::int AS tool_errors, (outcome = 2)::int AS upstream_errors, (outcome = 3)::int AS timeouts, " +
        "(outcome = 4)::int AS denied, (outcome = 5)::int AS rate_limited, (outcome = 6)::int AS unauthenticated, (outcome = 7)::int AS aborted, " +
        "(outcome = 8)::int AS interrupted, request_bytes, response_bytes, (total_bucket IS NOT NULL)::int AS timed, " +
        "CASE WHEN total_bucket IS NOT NULL THEN total_us END AS total_us, CASE WHEN total_bucket IS NOT NULL THEN total_us END AS max_us";

    // A plan of a millisecond's work must not be compiled for fifty, and what is read twice must not go to the disk in between.
    private const string Settings = "SELECT set_config('jit', 'off', false), set_config('work_mem', '32MB', false)";

    /// <param name="organization">Null, for the installation's own use, reads all.</param>
    public static async Task<IReadOnlyList<MetricRow>> ReadAsync(
        NpgsqlConnection connection, OrganizationId? organization, MetricSelection selection, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = new(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(Settings));
        batch.BatchCommands.Add(Question(organization, selection));
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        List<MetricRow> rows = [];
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(Read(reader, selection));
        return rows;
    }

    private static NpgsqlBatchCommand Question(OrganizationId? organization, MetricSelection selection)
    {
        bool ofEvents = selection.Level is MetricLevel.Event, ofCallers = ReadsCallers(selection);
        string time = ofEvents ? "time" : "bucket";
        string[] histograms = ofCallers ? ["total"] : Histograms;
        NpgsqlBatchCommand command = new();
        StringBuilder sql = new();
        sql.Append("WITH s AS (SELECT ").Append(selection.Step is null ? "$1" : $"date_bin($3, {time}, '2000-01-01 00:00+00')").Append(" AS at, ")
            .Append(Keys(selection.By)).Append(", ")
            .Append(ofEvents ? SumsOfAnEvent : $"{string.Join(", ", Sums)}, max_us").Append(", ")
            .AppendJoin(", ", histograms.Select(h => ofEvents ? $"{h}_bucket" : $"{h}_hist"))
            .Append(" FROM ").Append(organization is null ? "" : "tenant_").Append(View(selection.Level, ofCallers))
            .Append(" WHERE ").Append(time).Append(" >= $1 AND ").Append(time).Append(" < $2");
        Add(command, selection.From.UtcDateTime, NpgsqlDbType.TimestampTz);
        Add(command, selection.To.UtcDateTime, NpgsqlDbType.TimestampTz);
        if (selection.Step is { } step) Add(command, step, NpgsqlDbType.Interval);
        // Said here too, where the planner can use it: the view says it for whoever forgets.
        Where(sql, command, "org_id", organization?.Value);
        Where(sql, command, "server_id", selection.Filter.Server?.Value);
        Where(sql, command, "gateway_id", selection.Filter.Gateway?.Value);
        Where(sql, command, "caller_id", selection.Filter.Caller);
        Where(sql, command, "tool", selection.Filter.Tool);
        Where(sql, command, "method", selection.Filter.Method);
        sql.Append("), k AS (SELECT at, id, name, ").AppendJoin(", ", Sums.Select(s => $"sum({s})::bigint AS {s}")).Append(", max(max_us) AS max_us FROM s GROUP BY 1, 2, 3)");
        foreach (string h in histograms)
        {
            sql.Append($", {h}_counts AS (SELECT at, id, name, ")
                .Append(ofEvents ? $"{h}_bucket::bigint AS bucket, count(*) AS n FROM s WHERE {h}_bucket IS NOT NULL" : $"e >> 40 AS bucket, sum(e & 1099511627775)::bigint AS n FROM s, unnest({h}_hist) e")
                .Append($" GROUP BY 1, 2, 3, 4), {h}_packed AS (SELECT at, id, name, array_agg(bucket << 40 | n) AS {h}_hist FROM {h}_counts GROUP BY 1, 2, 3)");
        }

        sql.Append(" SELECT at, id, name, ").AppendJoin(", ", Sums).Append(", max_us, ").AppendJoin(", ", histograms.Select(h => $"{h}_hist")).Append(" FROM k");
        foreach (string h in histograms) sql.Append($" LEFT JOIN {h}_packed USING (at, id, name)");
        command.CommandText = sql.Append(" ORDER BY at, id, name").ToString();
        return command;
    }

    /// <summary>Roll-ups of callers know their servers, and nothing else of the calls.</summary>
    private static bool ReadsCallers(MetricSelection selection) =>
        selection.Level is not MetricLevel.Event && (selection.By is MetricDimension.Caller || selection.Filter.Caller is not null);

    private static string View(MetricLevel level, bool ofCallers) => level switch
    {
        MetricLevel.Event => "metric_events",
        MetricLevel.Minute => ofCallers ? "metric_caller_1m" : "metric_1m",
        MetricLevel.Hour => ofCallers ? "metric_caller_1h" : "metric_1h",
        _ => ofCallers ? "metric_caller_1d" : "metric_1d",
    };

    // Never null, so that they can be joined by.
    private static string Keys(MetricDimension? by) => by switch
    {
        MetricDimension.Server => "server_id AS id, '' AS name",
        MetricDimension.Tool => "server_id AS id, tool AS name",
        MetricDimension.Gateway => "gateway_id AS id, '' AS name",
        MetricDimension.Caller => "caller_id AS id, '' AS name",
        MetricDimension.Method => $"'{Guid.Empty}'::uuid AS id, method AS name",
        MetricDimension.Organization => "org_id AS id, '' AS name",
        _ => $"'{Guid.Empty}'::uuid AS id, '' AS name",
    };

    private static void Where(StringBuilder sql, NpgsqlBatchCommand command, string column, object? value)
    {
        if (value is null) return;
        command.Parameters.Add(new() { Value = value });
        sql.Append($" AND {column} = ${command.Parameters.Count}");
    }

    private static void Add(NpgsqlBatchCommand command, object value, NpgsqlDbType type) => command.Parameters.Add(new() { Value = value, NpgsqlDbType = type });

    private static MetricRow Read(NpgsqlDataReader row, MetricSelection selection)
    {
        const int FirstSum = 3;
        int column = FirstSum;
        MetricCounts counts = new(Next(), Next(), Next(), Next(), Next(), Next(), Next(), Next(), Next(), Next());
        long requestBytes = Next(), responseBytes = Next(), timed = Next(), total = Next();
        double? most = row.IsDBNull(column) ? null : row.GetInt64(column) / 1000.0;
        MetricKey? key = selection.By is { } by ? new MetricKey(row.GetGuid(1), by is MetricDimension.Tool or MetricDimension.Method ? row.GetString(2) : null) : null;
        return new MetricRow(row.GetFieldValue<DateTimeOffset>(0), key, new MetricFigures(
            counts, requestBytes, responseBytes, timed == 0 ? null : total / 1000.0 / timed, most, Histogram(1), Histogram(2), Histogram(3)));

        long Next() => row.IsDBNull(column++) ? 0 : row.GetInt64(column - 1);

        LatencyHistogram Histogram(int behind) =>
            column + behind >= row.FieldCount || row.IsDBNull(column + behind) ? LatencyHistogram.Empty : LatencyHistogram.Unpack(row.GetFieldValue<long[]>(column + behind));
    }
}
