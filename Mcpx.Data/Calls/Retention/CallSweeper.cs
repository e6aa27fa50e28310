using System.Runtime.InteropServices;
using Mcpx.Core.Calls.Retention;
using Mcpx.Core.Primitives;
using Npgsql;

namespace Mcpx.Data.Calls.Retention;

/// <summary>
/// Removes payloads and records that are older than their organisation keeps them. Payloads go call by call, except those
/// that a legal hold names; records go by whole days, and a day with a held call stays whole.
/// </summary>
internal sealed class CallSweeper(ScopedContexts contexts) : ICallSweeper
{
    private const int BatchSize = 2000;
    private const int PatienceSeconds = 60;

    /// <summary>A journal that waited for its database writes calls of before: they are looked for again for so long.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromDays(7);

    /// <summary>Of a call <c>c</c>.</summary>
    private const string IsHeld = """
        EXISTS (SELECT FROM legal_holds h WHERE h.org_id = c.org_id
            AND (h.server_id IS NULL OR h.server_id = c.server_id)
            AND (h.user_id IS NULL OR h.user_id = c.user_id)
            AND (h.service_account_id IS NULL OR h.service_account_id = c.service_account_id)
            AND (h.tool IS NULL OR h.tool = c.tool OR h.tool = c.upstream_tool)
            AND (h.from_time IS NULL OR c.time >= h.from_time)
            AND (h.to_time IS NULL OR c.time < h.to_time))
        """;

    public async Task<SweepResult> SweepAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        long payloads = 0, records = 0;
        foreach (Kept organization in await ListAsync(cancellationToken))
        {
            payloads += await SweepPayloadsAsync(organization, now.AddDays(-organization.Settings.PayloadDays), cancellationToken);
            records += await SweepRecordsAsync(organization.Id, DayOf(now.AddDays(-organization.Settings.RecordDays)), cancellationToken);
        }

        await DropPartitionsAsync(DayOf(now.AddDays(-1) - Late), cancellationToken);
        return new SweepResult(payloads, records);
    }

    private static DateTimeOffset DayOf(DateTimeOffset time) => new(time.UtcDateTime.Date, TimeSpan.Zero);

    private async Task<IReadOnlyList<Kept>> ListAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new("SELECT id, payload_days, record_days, payloads_swept_to FROM organizations ORDER BY id", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        // Refused calls that named no organisation belong to none, and have no payloads.
        List<Kept> all = [new Kept(OrganizationId.None, RetentionSettings.Default, SweptTo: null)];
        while (await reader.ReadAsync(cancellationToken))
        {
            all.Add(new Kept(OrganizationId.From(reader.GetGuid(0)), new RetentionSettings(reader.GetInt32(1), reader.GetInt32(2)),
                await reader.IsDBNullAsync(3, cancellationToken) ? null : await reader.GetFieldValueAsync<DateTimeOffset>(3, cancellationToken)));
        }

        return all;
    }

    private async Task<long> SweepPayloadsAsync(Kept organization, DateTimeOffset before, CancellationToken cancellationToken)
    {
        if (organization.Id == OrganizationId.None) return 0;
        // Past the call that was looked at last, held or not: a batch never sees one twice.
        const string Sql = $"""
            WITH old AS MATERIALIZED (
                SELECT c.time, c.id, {IsHeld} AS held FROM calls c
                WHERE c.org_id = $1 AND c.time >= $2 AND (c.time, c.id) > ($2, $3) AND c.time < $4 ORDER BY c.time, c.id LIMIT $5),
            gone AS (DELETE FROM call_payloads p USING old o WHERE NOT o.held AND p.id = o.id AND p.time = o.time RETURNING 1)
            SELECT (SELECT count(*) FROM gone), o.time, o.id FROM old o ORDER BY o.time DESC, o.id DESC LIMIT 1
            """;
        (DateTimeOffset Time, Guid Id) after = (organization.SweptTo is { } swept ? swept - Late : DateTimeOffset.UnixEpoch, Guid.Empty);
        long removed = 0;
        while (true)
        {
            await using Batch batch = await BeginAsync(organization.Id, cancellationToken);
            await using NpgsqlCommand command = batch.Command(Sql, organization.Id.Value, after.Time, after.Id, before.ToUniversalTime(), BatchSize);
            await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken))
            {
                if (!await reader.ReadAsync(cancellationToken)) break;
                removed += reader.GetInt64(0);
                after = (await reader.GetFieldValueAsync<DateTimeOffset>(1, cancellationToken), reader.GetGuid(2));
            }

            await batch.CommitAsync(cancellationToken);
        }

        await using (Batch end = await BeginAsync(organization.Id, cancellationToken))
        {
            // Not where somebody released a hold meanwhile: then all is to be looked at again.
            await using NpgsqlCommand note = end.Command("UPDATE organizations SET payloads_swept_to = $2 WHERE id = $1 AND payloads_swept_to IS NOT DISTINCT FROM $3",
                organization.Id.Value, before.ToUniversalTime(), (object?)organization.SweptTo?.ToUniversalTime() ?? DBNull.Value);
            await note.ExecuteNonQueryAsync(cancellationToken);
            await end.CommitAsync(cancellationToken);
        }

        return removed;
    }

    private async Task<long> SweepRecordsAsync(OrganizationId organization, DateTimeOffset before, CancellationToken cancellationToken)
    {
        long removed = 0;
        DateTimeOffset from = DateTimeOffset.UnixEpoch;
        while (await FirstCallAsync(organization, from, before, cancellationToken) is { } first)
        {
            DateTimeOffset day = DayOf(first);
            from = day.AddDays(1);
            long batch;
            do
            {
                batch = await SweepDayAsync(organization, day, from, cancellationToken);
                removed += batch;
            }
            while (batch > 0);
        }

        return removed;
    }

    private async Task<DateTimeOffset?> FirstCallAsync(OrganizationId organization, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new("SELECT time FROM calls WHERE org_id = $1 AND time >= $2 AND time < $3 ORDER BY time, id LIMIT 1", connection)
        {
            CommandTimeout = PatienceSeconds,
            Parameters = { new() { Value = organization.Value }, new() { Value = from.ToUniversalTime() }, new() { Value = before.ToUniversalTime() } },
        };
        return await command.ExecuteScalarAsync(cancellationToken) is DateTime time ? new DateTimeOffset(time) : null;
    }

    /// <returns>How many calls went; 0 when none is left, or one of the day is held.</returns>
    private async Task<long> SweepDayAsync(OrganizationId organization, DateTimeOffset day, DateTimeOffset next, CancellationToken cancellationToken)
    {
        const string Sql = $"""
            WITH batch AS MATERIALIZED (
                SELECT time, id FROM calls WHERE org_id = $1 AND time >= $2 AND time < $3
                    AND NOT EXISTS (SELECT FROM calls c WHERE c.org_id = $1 AND c.time >= $2 AND c.time < $3 AND {IsHeld})
                ORDER BY time, id LIMIT $4),
            payloads AS (DELETE FROM call_payloads p USING batch b WHERE p.id = b.id AND p.time = b.time)
            DELETE FROM calls c USING batch b WHERE c.id = b.id AND c.time = b.time
            """;
        await using Batch batch = await BeginAsync(organization, cancellationToken);
        await using NpgsqlCommand command = batch.Command(Sql, organization.Value, day, next, BatchSize);
        int removed = await command.ExecuteNonQueryAsync(cancellationToken);
        await batch.CommitAsync(cancellationToken);
        return removed;
    }

    private async Task DropPartitionsAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new("SELECT calls_drop_empty_partitions($1)", connection) { CommandTimeout = PatienceSeconds, Parameters = { new() { Value = before.ToUniversalTime() } } };
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            // Somebody reads or writes calls just now. An empty partition costs little, and the next turn is within the hour.
        }
    }

    /// <summary>A transaction that no change of the organisation's holds runs beside: what it sees of them is what holds.</summary>
    private async Task<Batch> BeginAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        Batch batch = new(connection, transaction);
        await using NpgsqlCommand locks = batch.Command("SELECT 1 FROM organizations WHERE id = $1 FOR NO KEY UPDATE", organization.Value);
        await locks.ExecuteNonQueryAsync(cancellationToken);
        return batch;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Kept(OrganizationId Id, RetentionSettings Settings, DateTimeOffset? SweptTo);

    private sealed class Batch(NpgsqlConnection connection, NpgsqlTransaction transaction) : IAsyncDisposable
    {
        public NpgsqlCommand Command(string sql, params object[] values)
        {
            NpgsqlCommand command = new(sql, connection, transaction) { CommandTimeout = PatienceSeconds };
            foreach (object value in values)
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            return command;
        }

        public Task CommitAsync(CancellationToken cancellationToken) => transaction.CommitAsync(cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await transaction.DisposeAsync();
            await connection.DisposeAsync();
        }
    }
}
