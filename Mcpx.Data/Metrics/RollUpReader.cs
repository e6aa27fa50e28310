using System.Text;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Metrics;

/// <summary>
/// Reads figures of any range, step and grouping in one query, the same on both editions: sums as they are, histograms one behind the
/// other, to be added up here. Percentiles are found in those by who asked, since only histograms can be put together further.
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

    // A plan of a millisecond's work must not be compiled for fifty, groups with their histograms must not go to the disk, and to find them by
    // sorting means to carry each row's histograms about. A page out of order is no dearer than the next one, on a solid disk and in memory: by the
    // planner's default a server's rows are found by reading those of all servers, since these stand in the order of time.
    private const string Settings =
        "SELECT set_config('jit', 'off', false), set_config('work_mem', '32MB', false), set_config('enable_sort', 'off', false), set_config('random_page_cost', '1.1', false)";

    /// <param name="organization">Null, for the installation's own use, reads all.</param>
    public static async Task<IReadOnlyList<MetricRow>> ReadAsync(
        NpgsqlConnection connection, OrganizationId? organization, MetricSelection selection, CancellationToken cancellationToken)
    {
        RollUpPiece[] pieces = await RollUpPieces.ReadAsync(connection, selection, cancellationToken);
        if (pieces.Length == 0) return [];
        await using NpgsqlBatch batch = new(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(Settings));
        batch.BatchCommands.Add(Question(organization, selection, pieces));
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        LatencyCounts counts = new();
        List<MetricRow> rows = [];
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(Read(reader, selection, counts));
        // Not by the database, which would carry the histograms about.
        return [.. rows.OrderBy(r => r.At)];
    }

    private static NpgsqlBatchCommand Question(OrganizationId? organization, MetricSelection selection, RollUpPiece[] pieces)
    {
        string[] histograms = ReadsCallers(selection) ? ["total"] : Histograms;
        NpgsqlBatchCommand command = new();
        StringBuilder conditions = new();
        // Said here too, where the planner can use it: the view says it for whoever forgets.
        Where(conditions, command, "org_id", organization?.Value);
        Where(conditions, command, "server_id", selection.Filter.Server?.Value);
        Where(conditions, command, "gateway_id", selection.Filter.Gateway?.Value);
        Where(conditions, command, "caller_id", selection.Filter.Caller);
        Where(conditions, command, "tool", selection.Filter.Tool);
        Where(conditions, command, "method", selection.Filter.Method);
        string from = Add(command, selection.From.UtcDateTime, NpgsqlDbType.TimestampTz);
        string? step = selection.Step is { } width ? Add(command, width, NpgsqlDbType.Interval) : null;

        StringBuilder sql = new();
        sql.Append("SELECT at, id, name, ").AppendJoin(", ", Sums.Select(s => $"sum({s})::bigint AS {s}")).Append(", max(max_us) AS max_us, ")
            .AppendJoin(", ", histograms.Select(h => $"string_agg(array_send({h}_hist), '') AS {h}_hist")).Append(" FROM (");
        for (int i = 0; i < pieces.Length; i++)
        {
            bool ofEvents = pieces[i].Level is MetricLevel.Event;
            string time = ofEvents ? "time" : "bucket";
            sql.Append(i == 0 ? "" : " UNION ALL ")
                .Append("SELECT ").Append(step is null ? from : $"date_bin({step}, {time}, '2000-01-01 00:00+00')").Append(" AS at, ")
                .Append(Keys(selection.By)).Append(", ")
                .Append(ofEvents ? SumsOfAnEvent : $"{string.Join(", ", Sums)}, max_us").Append(", ")
                .AppendJoin(", ", histograms.Select(h => ofEvents ? $"CASE WHEN {h}_bucket IS NOT NULL THEN ARRAY[({h}_bucket::bigint << 40) | 1] END AS {h}_hist" : $"{h}_hist"))
                .Append(" FROM ").Append(organization is null ? "" : "tenant_").Append(View(pieces[i].Level, ReadsCallers(selection)))
                .Append(" WHERE ").Append(time).Append(" >= ").Append(Add(command, pieces[i].From.UtcDateTime, NpgsqlDbType.TimestampTz))
                .Append(" AND ").Append(time).Append(" < ").Append(Add(command, pieces[i].To.UtcDateTime, NpgsqlDbType.TimestampTz))
                .Append(conditions);
        }

        command.CommandText = sql.Append(") s GROUP BY 1, 2, 3").ToString();
        return command;
    }

    /// <summary>Roll-ups of callers know their servers, and nothing else of the calls.</summary>
    private static bool ReadsCallers(MetricSelection selection) =>
        selection.Level is not MetricLevel.Event && (selection.By is MetricDimension.Caller || selection.Filter.Caller is not null);

    private static string View(MetricLevel level, bool ofCallers) => level switch
    {
        MetricLevel.Event => "metric_events",
        MetricLevel.Minute => ofCallers ? "metric_caller_rolled_1m" : "metric_rolled_1m",
        MetricLevel.Hour => ofCallers ? "metric_caller_rolled_1h" : "metric_rolled_1h",
        _ => ofCallers ? "metric_caller_rolled_1d" : "metric_rolled_1d",
    };

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

    /// <summary>How the query names it.</summary>
    private static string Add(NpgsqlBatchCommand command, object value, NpgsqlDbType type)
    {
        command.Parameters.Add(new() { Value = value, NpgsqlDbType = type });
        return $"${command.Parameters.Count}";
    }

    private static MetricRow Read(NpgsqlDataReader row, MetricSelection selection, LatencyCounts counted)
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

        LatencyHistogram Histogram(int behind)
        {
            if (column + behind >= row.FieldCount || row.IsDBNull(column + behind)) return LatencyHistogram.Empty;
            SentArrays.Read(row.GetFieldValue<byte[]>(column + behind), counted.AddPacked);
            return counted.Take();
        }
    }
}
