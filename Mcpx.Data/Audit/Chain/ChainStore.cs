using System.Runtime.CompilerServices;
using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Primitives;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Audit.Chain;

internal sealed class ChainStore(ScopedContexts contexts) : IAuditChainStore
{
    /// <summary>Links that one statement reads: it ends long before its time limit, and no snapshot stays open for the length of a chain.</summary>
    private const int Page = 2_000;

    private const int PatienceSeconds = 600;

    public async Task<ChainAnchors> FindAnchorsAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        DateTimeOffset? begins;
        await using (NpgsqlCommand command = new("SELECT audit_chain_begin()", connection))
            begins = await command.ExecuteScalarAsync(cancellationToken) is DateTime at ? new DateTimeOffset(at) : null;
        return new ChainAnchors(begins, await CheckpointsAsync(connection, organization, cancellationToken), await StubsAsync(connection, organization, cancellationToken));
    }

    public async Task<(ChainHead Head, byte[] Seal)?> FindHeadAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        await using NpgsqlCommand command = new("SELECT seq, link, seal FROM audit_links WHERE org_id = $1 ORDER BY seq DESC LIMIT 1", connection) { Parameters = { new() { Value = organization.Value } } };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (new ChainHead(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)), reader.GetFieldValue<byte[]>(2)) : null;
    }

    public async IAsyncEnumerable<ChainRow> ReadAsync(OrganizationId organization, long first, long last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (long from = first; from <= last;)
        {
            await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
            if (await LinkPage.FindAsync(connection, organization, from, last, Page, cancellationToken) is not { } page) yield break;
            await foreach (ChainRow row in ChainCopy.ReadAsync(connection, from, page.Last, page.From, page.To, cancellationToken)) yield return row;
            from = page.Last + 1;
        }
    }

    public async Task<bool> FindRecordAsync(OrganizationId organization, ChainKind kind, Guid record, CancellationToken cancellationToken)
    {
        string table = kind is ChainKind.Call ? "tenant_calls" : "admin_entries";
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        await using NpgsqlCommand command = new($"SELECT EXISTS (SELECT FROM {table} WHERE id = $1)", connection) { Parameters = { new() { Value = record } }, CommandTimeout = PatienceSeconds };
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task<UnlinkedRecords> FindUnlinkedAsync(OrganizationId organization, DateTimeOffset? begins, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        long before = 0;
        (ChainKind Kind, Guid Record, DateTimeOffset Time)? inserted = null;
        foreach ((ChainKind kind, string table) in ((ChainKind, string)[])[(ChainKind.Call, "tenant_calls"), (ChainKind.Entry, "admin_entries")])
        {
            (long older, (Guid Record, DateTimeOffset Time)? first) = await FindUnlinkedAsync(connection, organization, kind, table, begins, cancellationToken);
            before += older;
            if (first is { } found && (inserted is null || found.Time < inserted.Value.Time)) inserted = (kind, found.Record, found.Time);
        }

        return new UnlinkedRecords(before, inserted);
    }

    public async Task<IReadOnlyList<UnsignedHead>> ListUnsignedAsync(CancellationToken cancellationToken)
    {
        const string Sql = """
            SELECT o.id, h.seq, h.link, h.seal, audit_chain_begin()
            FROM organizations o CROSS JOIN LATERAL (SELECT seq, link, seal FROM audit_links l WHERE l.org_id = o.id ORDER BY seq DESC LIMIT 1) h
            WHERE NOT EXISTS (SELECT FROM audit_checkpoints c WHERE c.org_id = o.id AND c.seq >= h.seq) ORDER BY o.id
            """;
        List<UnsignedHead> heads = [];
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new(Sql, connection) { CommandTimeout = PatienceSeconds };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            heads.Add(new UnsignedHead(OrganizationId.From(reader.GetGuid(0)), new ChainHead(reader.GetInt64(1), reader.GetFieldValue<byte[]>(2)), reader.GetFieldValue<byte[]>(3), Time(reader, 4)));
        return heads;
    }

    public async Task AddCheckpointAsync(ChainCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        const string Sql = """
            INSERT INTO audit_checkpoints (org_id, seq, link, begins, at, key_id, signature) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
            """;
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(checkpoint.Organization), cancellationToken);
        await using NpgsqlCommand command = new(Sql, connection);
        command.Parameters.Add(new() { Value = checkpoint.Organization.Value });
        command.Parameters.Add(new() { Value = checkpoint.Sequence });
        command.Parameters.Add(new() { Value = checkpoint.Link });
        command.Parameters.Add(new() { Value = (object?)checkpoint.Begins?.UtcDateTime ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = checkpoint.At.UtcDateTime });
        command.Parameters.Add(new() { Value = checkpoint.KeyId });
        command.Parameters.Add(new() { Value = checkpoint.Signature });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<ChainStub?> FindPeriodAsync(OrganizationId organization, ChainStubKind kind, DateTimeOffset before, int most, CancellationToken cancellationToken)
    {
        // Up to the first link of a newer record, or of a call that is held: what stands behind it is kept until that one's time has come.
        const string Sql = """
            WITH begin AS (SELECT audit_period_start($1, $2) AS seq),
                 page AS (SELECT l.seq, l.kind, l.time, l.link, l.record_id FROM audit_links l, begin b WHERE l.org_id = $1 AND l.seq >= b.seq ORDER BY l.seq LIMIT $4),
                 held AS (SELECT min(p.seq) AS seq FROM page p JOIN tenant_calls c ON c.id = p.record_id AND c.time = p.time
                          WHERE $2 = 1 AND p.kind = 1 AND EXISTS (SELECT FROM legal_holds WHERE org_id = $1)
                            AND call_is_held($1, c.server_id, c.user_id, c.service_account_id, c.tool, c.upstream_tool, c.time)),
                 period AS (SELECT * FROM page WHERE seq < coalesce(least((SELECT min(seq) FROM page WHERE time >= $3), (SELECT seq FROM held)), 9223372036854775807))
            SELECT min(seq), max(seq), (array_agg(link ORDER BY seq DESC))[1], count(*) FILTER (WHERE kind = 1), count(*) FILTER (WHERE kind = 2), min(time), max(time),
                coalesce((SELECT link FROM audit_links WHERE org_id = $1 AND seq = (SELECT seq FROM begin) - 1), (SELECT link FROM audit_stubs WHERE org_id = $1 AND kind = 1 AND last_seq = (SELECT seq FROM begin) - 1))
            FROM period HAVING count(*) > 0
            """;
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        await using NpgsqlCommand command = new(Sql, connection) { CommandTimeout = PatienceSeconds };
        command.Parameters.Add(new() { Value = organization.Value });
        command.Parameters.Add(new() { Value = (short)kind });
        command.Parameters.Add(new() { Value = before.UtcDateTime });
        command.Parameters.Add(new() { Value = most });
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken)) return null;
        byte[] link = row.IsDBNull(7) ? ChainHash.Genesis(organization) : row.GetFieldValue<byte[]>(7);
        return new ChainStub(organization, kind, row.GetInt64(0), row.GetInt64(1), link, row.GetFieldValue<byte[]>(2), row.GetInt64(3), row.GetInt64(4),
            row.GetFieldValue<DateTimeOffset>(5), row.GetFieldValue<DateTimeOffset>(6), default, "", []);
    }

    public async Task CloseAsync(ChainStub stub, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new("SELECT audit_close($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)", connection) { CommandTimeout = PatienceSeconds };
        foreach (object value in (object[])[stub.Organization.Value, (short)stub.Kind, stub.First, stub.Last, stub.Before, stub.Link, stub.Calls, stub.Entries,
            stub.From.UtcDateTime, stub.To.UtcDateTime, stub.At.UtcDateTime, stub.KeyId, stub.Signature]) command.Parameters.Add(new() { Value = value });
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ObjectNotInPrerequisiteState)
        {
            throw new InvalidOperationException(e.MessageText, e);
        }
    }

    private static async Task<(long Before, (Guid Record, DateTimeOffset Time)? Inserted)> FindUnlinkedAsync(
        NpgsqlConnection connection, OrganizationId organization, ChainKind kind, string table, DateTimeOffset? begins, CancellationToken cancellationToken)
    {
        // No index leads from a record to its link: the two are hashed against each other, which a million pass in seconds.
        string sql = $"""
            SELECT count(*) FILTER (WHERE r.time < $3), (array_agg(r.id ORDER BY r.time, r.id) FILTER (WHERE r.time >= $3))[1], min(r.time) FILTER (WHERE r.time >= $3)
            FROM {table} r WHERE r.org_id = $1 AND NOT EXISTS (SELECT FROM audit_links l WHERE l.org_id = $1 AND l.kind = $2 AND l.record_id = r.id)
            """;
        // Also where PostgreSQL has no statistics yet, and would take both to be short.
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (NpgsqlCommand hashed = new("SET LOCAL enable_nestloop = off", connection)) await hashed.ExecuteNonQueryAsync(cancellationToken);
        await using NpgsqlCommand command = new(sql, connection) { CommandTimeout = PatienceSeconds };
        command.Parameters.Add(new() { Value = organization.Value });
        command.Parameters.Add(new() { Value = (short)kind });
        // With no beginning everything is linked, however old it is: minus infinity.
        command.Parameters.Add(new() { Value = begins?.UtcDateTime ?? DateTime.MinValue, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (row.GetInt64(0), row.IsDBNull(1) ? null : (row.GetGuid(1), row.GetFieldValue<DateTimeOffset>(2)));
    }

    private static async Task<IReadOnlyList<ChainCheckpoint>> CheckpointsAsync(NpgsqlConnection connection, OrganizationId organization, CancellationToken cancellationToken)
    {
        List<ChainCheckpoint> checkpoints = [];
        await using NpgsqlCommand command = new("SELECT seq, link, begins, at, key_id, signature FROM audit_checkpoints WHERE org_id = $1 ORDER BY seq", connection) { Parameters = { new() { Value = organization.Value } } };
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            checkpoints.Add(new ChainCheckpoint(organization, row.GetInt64(0), row.GetFieldValue<byte[]>(1), Time(row, 2), row.GetFieldValue<DateTimeOffset>(3), row.GetString(4), row.GetFieldValue<byte[]>(5)));
        return checkpoints;
    }

    private static async Task<IReadOnlyList<ChainStub>> StubsAsync(NpgsqlConnection connection, OrganizationId organization, CancellationToken cancellationToken)
    {
        const string Sql = """
            SELECT kind, first_seq, last_seq, before, link, calls, entries, from_time, to_time, at, key_id, signature FROM audit_stubs WHERE org_id = $1 ORDER BY last_seq, kind
            """;
        List<ChainStub> stubs = [];
        await using NpgsqlCommand command = new(Sql, connection) { Parameters = { new() { Value = organization.Value } } };
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            stubs.Add(new ChainStub(organization, (ChainStubKind)row.GetInt16(0), row.GetInt64(1), row.GetInt64(2), row.GetFieldValue<byte[]>(3), row.GetFieldValue<byte[]>(4), row.GetInt64(5), row.GetInt64(6),
                row.GetFieldValue<DateTimeOffset>(7), row.GetFieldValue<DateTimeOffset>(8), row.GetFieldValue<DateTimeOffset>(9), row.GetString(10), row.GetFieldValue<byte[]>(11)));
        }

        return stubs;
    }

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
