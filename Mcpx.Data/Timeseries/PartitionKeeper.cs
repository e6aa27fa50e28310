using Mcpx.Core.Primitives;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mcpx.Data.Timeseries;

/// <summary>Makes the days' partitions ahead of the calls. With TimescaleDB there is nothing to make, and it finds that out.</summary>
internal sealed partial class PartitionKeeper(ScopedContexts contexts, ILogger<PartitionKeeper> logger, TimeProvider time) : BackgroundService
{
    // Behind: a journal that waited for the database holds calls of before. Ahead: enough to miss many turns.
    private static readonly TimeSpan Behind = TimeSpan.FromDays(2);
    private static readonly TimeSpan Ahead = TimeSpan.FromDays(3);
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    public static Task EnsureAheadAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken) =>
        EnsureAsync(connection, now - Behind, now + Ahead, cancellationToken);

    /// <summary>Makes the partitions of the days of <paramref name="times"/>: days only, so that one odd clock makes one partition.</summary>
    public async Task EnsureAsync(IEnumerable<DateTimeOffset> times, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        foreach (DateTimeOffset day in times.Select(Instant.DayOf).Distinct())
            await EnsureAsync(connection, day, day, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, stoppingToken);
                await EnsureAheadAsync(connection, time.GetUtcNow(), stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(logger, e);
            }
        }
    }

    private static async Task EnsureAsync(NpgsqlConnection connection, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new("SELECT calls_make_partitions($1, $2), metrics_make_partitions($1, $2)", connection)
        {
            Parameters = { new() { Value = from.ToUniversalTime() }, new() { Value = to.ToUniversalTime() } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(3021, LogLevel.Warning, "Making the partitions of the coming days failed; it is tried again in an hour.")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
