using Npgsql;

namespace Mcpx.Data.Copying;

/// <summary>
/// Up to where the continuous aggregates of a TimescaleDB are rolled up. The extension has no call that says it: the border follows a
/// refresh that found something.
/// </summary>
internal static class AggregateBorders
{
    private const int Tries = 10;

    private const string Watermarks = """
        SELECT name, materialized::text, nullif(greatest(_timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(hypertable)), '2000-01-01 00:00+00'), '2000-01-01 00:00+00')
        FROM metric_tables($1) ORDER BY name
        """;

    private const string Policies = """
        SELECT j.job_id FROM timescaledb_information.jobs j JOIN metric_tables($1) t ON t.hypertable = (j.config ->> 'mat_hypertable_id')::integer
        WHERE j.proc_name = 'policy_refresh_continuous_aggregate' ORDER BY 1
        """;

    // Whatever columns an aggregate groups by, one call is one row of it.
    private const string OneCall = """
        INSERT INTO metric_events (time, org_id, server_id, gateway_id, caller_id, method, tool, outcome, request_bytes, response_bytes, total_us, upstream_us, gateway_us)
        SELECT $1, none, none, none, none, '', '', 0, 0, 0, 0, 0, 0 FROM (SELECT '00000000-0000-0000-0000-000000000000'::uuid AS none) id
        """;

    /// <summary>Does what a level's policies do by themselves, now.</summary>
    public static async Task RefreshAsync(CopySide side, string level, TimeProvider time, CancellationToken cancellationToken)
    {
        foreach (int policy in await side.ListAsync(Policies, r => r.GetInt32(0), cancellationToken, level))
            await RepeatAsync(() => side.ExecuteAsync($"CALL run_job({policy})", cancellationToken), time, cancellationToken);
    }

    /// <summary>
    /// Puts the border of a level, of which nothing is rolled up yet, where it is to be: refreshes the step in front of it while there is
    /// one call in it, and takes both away. Rows that are put into the aggregate afterwards are neither made anew nor lost.
    /// </summary>
    public static async Task SetAsync(CopySide target, string level, DateTimeOffset border, TimeSpan width, CancellationToken cancellationToken)
    {
        foreach (var (name, table, stands) in await ReadAsync(target, level, cancellationToken))
        {
            if (stands == border) continue;
            if (stands is not null) throw Moved(name);
            await target.ExecuteAsync(OneCall, cancellationToken, (border - width).UtcDateTime);
            // By force, since a policy may have found already that nothing is there.
            await RepeatAsync(() => target.ExecuteAsync($"CALL refresh_continuous_aggregate('{name}', '{border - width:O}'::timestamptz, '{border:O}'::timestamptz, force => true)", cancellationToken), TimeProvider.System, cancellationToken);
            await target.ExecuteAsync($"DELETE FROM metric_events; DELETE FROM {table}", cancellationToken);
        }
    }

    public static async Task EnsureAsync(CopySide target, string level, DateTimeOffset border, CancellationToken cancellationToken)
    {
        foreach (var (name, _, stands) in await ReadAsync(target, level, cancellationToken))
        {
            if (stands != border) throw Moved(name);
        }
    }

    private static Task<List<(string Name, string Table, DateTimeOffset? Stands)>> ReadAsync(CopySide side, string level, CancellationToken cancellationToken) =>
        side.ListAsync(Watermarks, r => (r.GetString(0), r.GetString(1), r.IsDBNull(2) ? (DateTimeOffset?)null : r.GetFieldValue<DateTimeOffset>(2)), cancellationToken, level);

    private static DatabaseStartException Moved(string name) =>
        new($"The target has rolled {name} up already, by itself or in a copy before: drop that database, make it anew, and try again.");

    /// <summary>A policy may be refreshing the same just now.</summary>
    private static async Task RepeatAsync(Func<Task> work, TimeProvider time, CancellationToken cancellationToken)
    {
        for (int tried = 1; ; tried++)
        {
            try
            {
                await work();
                return;
            }
            catch (PostgresException e) when (tried < Tries && e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.ObjectInUse)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
            }
        }
    }
}
