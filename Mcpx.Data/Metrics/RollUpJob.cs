using Mcpx.Core.Jobs;
using Mcpx.Core.Metrics;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Metrics;

/// <summary>
/// Rolls events up to minutes, those to hours, and those to days, where TimescaleDB does not. Each step is a transaction: cut off
/// anywhere, the next run goes on where it stopped, and figures are right all the time, because the views add what is missing.
/// </summary>
internal sealed class RollUpJob(ScopedContexts contexts, TimeProvider time) : IJob
{
    private const int PatienceSeconds = 600;

    /// <summary>Most calls are written a moment after they end. What comes later than this is rolled up anew.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>After a pause it catches up in pieces, so that none takes long.</summary>
    private static readonly TimeSpan Most = TimeSpan.FromHours(6);

    private static readonly MetricLevel[] Levels = [MetricLevel.Minute, MetricLevel.Hour, MetricLevel.Day];

    public string Name => "roll-up-metrics";

    public TimeSpan Every { get; } = TimeSpan.FromSeconds(20);

    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        int total = 0, rolled;
        do
        {
            await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
            await CloseAsync(connection, cancellationToken);
            rolled = 0;
            foreach (MetricLevel level in Levels) rolled += await RollUpAsync(connection, level, cancellationToken);
            total += rolled;
        }
        while (rolled > 1 && !cancellationToken.IsCancellationRequested);

        return $"{total} minutes, hours and days in {time.GetElapsedTime(began).TotalMilliseconds:0} ms.";
    }

    internal async Task CloseAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new("SELECT metrics_close($1, $2)", connection) { CommandTimeout = PatienceSeconds };
        command.Parameters.Add(new() { Value = (time.GetUtcNow() - Grace).UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = Most, NpgsqlDbType = NpgsqlDbType.Interval });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    internal static async Task<int> RollUpAsync(NpgsqlConnection connection, MetricLevel level, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new("SELECT metrics_roll_up($1)", connection) { CommandTimeout = PatienceSeconds };
        command.Parameters.Add(new() { Value = MetricRetentionStore.NameOf(level) });
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
