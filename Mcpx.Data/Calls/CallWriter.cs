using Mcpx.Core.Calls;
using Mcpx.Data.Timeseries;
using Npgsql;

namespace Mcpx.Data.Calls;

/// <summary>Writes a batch so that it stands there once, whatever happened to it before.</summary>
internal sealed class CallWriter(NpgsqlDataSource dataSource, PartitionKeeper partitions)
{
    private const string MergeCalls =
        $"INSERT INTO calls ({CallCopy.CallColumns}) SELECT {CallCopy.CallColumns} FROM calls_again ON CONFLICT DO NOTHING";

    private const string MergePayloads =
        $"INSERT INTO call_payloads ({CallCopy.PayloadColumns}) SELECT {CallCopy.PayloadColumns} FROM call_payloads_again ON CONFLICT DO NOTHING";

    public async Task WriteAsync(IReadOnlyList<CallRecord> calls, CancellationToken cancellationToken)
    {
        if (calls.Count == 0) return;
        // Always in one order: two writers of the same calls wait for each other's keys, but never in a ring.
        CallRecord[] ordered = [.. calls.OrderBy(c => c.Time).ThenBy(c => c.Id.Value)];
        bool merge = false, partitionsMade = false;
        while (true)
        {
            try
            {
                await WriteOnceAsync(ordered, merge, cancellationToken);
                return;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation && !merge)
            {
                // The batch was written before and its commit's answer was lost. Rare, so that only then we pay for merging.
                merge = true;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.CheckViolation && !partitionsMade)
            {
                // "No partition found for row": a journal that waited for days, or a clock that jumped.
                await partitions.EnsureAsync(calls.Select(c => c.Time), cancellationToken);
                partitionsMade = true;
            }
        }
    }

    private async Task WriteOnceAsync(CallRecord[] calls, bool merge, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (merge)
        {
            await ExecuteAsync(connection,
                "CREATE TEMP TABLE calls_again (LIKE calls) ON COMMIT DROP; CREATE TEMP TABLE call_payloads_again (LIKE call_payloads) ON COMMIT DROP", cancellationToken);
        }

        await CallCopy.CopyCallsAsync(connection, merge ? "calls_again" : "calls", calls, cancellationToken);
        if (calls.Any(CallCopy.HasPayload))
            await CallCopy.CopyPayloadsAsync(connection, merge ? "call_payloads_again" : "call_payloads", calls.Where(CallCopy.HasPayload), cancellationToken);
        if (merge)
            await ExecuteAsync(connection, $"{MergeCalls}; {MergePayloads}", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
