using Mcpx.Core.Calls;
using Mcpx.Core.Metrics;
using Mcpx.Data.Calls;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Metrics;

/// <summary>Writes calls as events of metrics, in the transaction that writes their records: what one has, the other has.</summary>
internal sealed partial class EventWriter(TimeProvider time, ILogger<EventWriter> logger)
{
    public async Task WriteAsync(NpgsqlConnection connection, IEnumerable<CallRecord> calls, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        List<CallRecord> counted = [];
        HashSet<DateTime> minutes = [];
        int odd = 0;
        foreach (CallRecord call in calls)
        {
            // Minutes are rolled up from events: without those of its time, one that comes too late would be all that its minute has.
            if (call.Time < now - MetricEvent.MostLate || call.Time > now + MetricEvent.MostAhead)
            {
                odd++;
                continue;
            }

            counted.Add(call);
            minutes.Add(new DateTime(call.Time.UtcTicks - call.Time.UtcTicks % TimeSpan.TicksPerMinute, DateTimeKind.Utc));
        }

        if (odd > 0) LogOdd(logger, odd);
        if (counted.Count == 0) return;
        await NoteLateAsync(connection, minutes, cancellationToken);
        await CallCopy.CopyEventsAsync(connection, counted.Select(MetricEvent.Of), cancellationToken);
    }

    private static async Task NoteLateAsync(NpgsqlConnection connection, HashSet<DateTime> minutes, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new("SELECT metrics_note_late($1)", connection);
        command.Parameters.Add(new()
        {
            Value = minutes.ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
        });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(7001, LogLevel.Warning, "{Calls} calls are on record but in no figure: they are of a time too long ago, or still to come. Is a clock wrong?")]
    private static partial void LogOdd(ILogger logger, int calls);
}
