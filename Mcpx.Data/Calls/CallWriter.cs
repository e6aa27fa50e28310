using Mcpx.Core.Calls;
using Mcpx.Data.Audit.Chain;
using Mcpx.Data.Metrics;
using Mcpx.Data.Timeseries;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Calls;

/// <summary>Writes a batch so that it stands there once, whatever happened to it before.</summary>
internal sealed class CallWriter(ScopedContexts contexts, PartitionKeeper partitions, EventWriter events, ChainWriter chain)
{
    public async Task WriteAsync(IReadOnlyList<CallRecord> calls, CancellationToken cancellationToken)
    {
        if (calls.Count == 0) return;
        CallBatch batch = CallBatch.Of(calls);
        // Hashed while the database takes the rows; they are asked for behind those.
        Task<IReadOnlyList<NewLink>> links = Task.Run(() => NewLink.Of(batch.Calls), CancellationToken.None);
        bool merge = false, partitionsMade = false;
        while (true)
        {
            try
            {
                await WriteOnceAsync(batch, links, merge, cancellationToken);
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

    private async Task WriteOnceAsync(CallBatch batch, Task<IReadOnlyList<NewLink>> links, bool merge, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        HashSet<Guid>? added = await CopyAsync(connection, "calls", "call_payloads", batch.Calls, merge, cancellationToken);
        await events.WriteAsync(connection, added is null ? batch.Calls : batch.Calls.Where(c => added.Contains(c.Id.Value)), cancellationToken);
        await CopyAsync(connection, "call_intents", "call_intent_payloads", batch.Intents, merge, cancellationToken);
        if (batch.Closed.Length > 0) await ForgetAsync(connection, batch.Closed, cancellationToken);
        // Last, see there. What stood there already has its link.
        IReadOnlyList<NewLink> all = await links;
        await chain.AppendAsync(connection, added is null ? all : [.. all.Where(l => added.Contains(l.Record))], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <returns>Which calls were not there before; null for all.</returns>
    private static async Task<HashSet<Guid>?> CopyAsync(
        NpgsqlConnection connection, string table, string payloads, CallRecord[] calls, bool merge, CancellationToken cancellationToken)
    {
        if (calls.Length == 0) return null;
        string rows = merge ? table + "_again" : table, payloadRows = merge ? payloads + "_again" : payloads;
        if (merge)
        {
            await ExecuteAsync(connection,
                $"CREATE TEMP TABLE {rows} (LIKE {table}) ON COMMIT DROP; CREATE TEMP TABLE {payloadRows} (LIKE {payloads}) ON COMMIT DROP", cancellationToken);
        }

        await CallCopy.CopyCallsAsync(connection, rows, calls, cancellationToken);
        if (calls.Any(CallCopy.HasPayload))
            await CallCopy.CopyPayloadsAsync(connection, payloadRows, calls.Where(CallCopy.HasPayload), cancellationToken);
        if (!merge) return null;
        HashSet<Guid> added = [];
        await using (NpgsqlCommand command = new($"INSERT INTO {table} ({CallCopy.WrittenColumns}) SELECT {CallCopy.WrittenColumns} FROM {rows} ON CONFLICT DO NOTHING RETURNING id", connection))
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken)) added.Add(reader.GetGuid(0));
        }

        await ExecuteAsync(connection, $"INSERT INTO {payloads} ({CallCopy.PayloadColumns}) SELECT {CallCopy.PayloadColumns} FROM {payloadRows} ON CONFLICT DO NOTHING", cancellationToken);
        return added;
    }

    /// <summary>In the transaction that writes how these calls ended: they are never both under way and ended, and never neither.</summary>
    private static async Task ForgetAsync(NpgsqlConnection connection, Guid[] ids, CancellationToken cancellationToken)
    {
        foreach (string table in (string[])["call_intents", "call_intent_payloads"])
        {
            await using NpgsqlCommand command = new($"DELETE FROM {table} WHERE id = ANY($1)", connection);
            command.Parameters.Add(new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
