using System.Buffers.Binary;
using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Calls.Export;
using Mcpx.Core.Calls.Streaming;
using Mcpx.Core.Credentials;
using Mcpx.Core.Governance.PolicyEngines;
using Mcpx.Core.Identity;
using Mcpx.Core.OAuth;
using Mcpx.Core.Redaction;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Credentials;

/// <summary>A column of type bytea that holds ciphertexts.</summary>
/// <param name="place">From <see cref="All"/> and nowhere else: its texts become SQL.</param>
internal sealed class SealedColumn(ScopedContexts contexts, SealedColumn.Place place) : ISealedColumn
{
    private const int PatienceSeconds = 60;

    private readonly Place _place = place;
    private readonly string _count = $"SELECT substring({place.Column} FROM 1 FOR 4), count(*) FROM {place.Table} WHERE {place.Column} IS NOT NULL GROUP BY 1";

    private readonly string _list = $"""
        SELECT {place.Key}::text, {place.Context}, {place.Column} FROM {place.Table}
        WHERE substring({place.Column} FROM 1 FOR 4) <> $1 AND ($2 IS NULL OR {place.Key} > $2::{place.KeyType}) ORDER BY {place.Key} LIMIT $3
        """;

    // Locked in the order of the rows, so that two that rotate at once never wait in a ring.
    private readonly string _replace = $"""
        WITH cells AS (SELECT k::{place.KeyType} AS row_key, before, after FROM unnest($1, $2, $3) AS u (k, before, after)),
             locked AS (SELECT t.{place.Key} AS row_key, c.after FROM {place.Table} t JOIN cells c ON t.{place.Key} = c.row_key AND t.{place.Column} = c.before
                        ORDER BY t.{place.Key} FOR NO KEY UPDATE OF t)
        UPDATE {place.Table} t SET {place.Column} = l.after FROM locked l WHERE t.{place.Key} = l.row_key
        """;

    /// <summary>Every such column of the database but the passwords of its logins, which only the owner reads.</summary>
    public static IReadOnlyList<Place> All { get; } =
    [
        new("credentials", CredentialVault.Purpose, "credentials", "server_id", "uuid", "ciphertext", "format('%s|credentials|%s|ciphertext', org_id, server_id)"),
        new("signing-keys", SigningKeyVault.Purpose, "signing_keys", "id", "text", "private_key", "format('signing_keys|%s|private_key', id)"),
        new("policy-engines", PolicyEngineVault.Purpose, "policy_engines", "org_id", "uuid", "token", "format('%s|policy_engines|%s|token', org_id, org_id)"),
        new("redaction-keys", RedactionVault.Purpose, "redaction_keys", "org_id", "uuid", "key", "format('%s|redaction_keys|%s|key', org_id, org_id)"),
        new("audit-keys", AuditKeyVault.Purpose, "audit_keys", "position", "integer", "secret", "format('audit_keys|%s|secret', id)"),
        new("scheduled-exports", ExportVault.Purpose, "scheduled_exports", "id", "uuid", "secret", "format('%s|scheduled_exports|%s|secret', org_id, id)"),
        new("log-streams", LogStreamVault.Purpose, "log_streams", "id", "uuid", "secret", "format('%s|log_streams|%s|secret', org_id, id)"),
        new("token-peppers", TokenPeppers.Purpose, "token_peppers", "position", "integer", "pepper", "format('token_peppers|%s|pepper', position)"),
    ];

    public string Name => _place.Name;

    public string Purpose => _place.Purpose;

    public async Task<IReadOnlyDictionary<uint, long>> CountAsync(CancellationToken cancellationToken)
    {
        Dictionary<uint, long> counts = [];
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new(_count, connection) { CommandTimeout = PatienceSeconds };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            uint key = KeyRing.NameOf(reader.GetFieldValue<byte[]>(0));
            counts[key] = counts.GetValueOrDefault(key) + reader.GetInt64(1);
        }

        return counts;
    }

    public async Task<IReadOnlyList<SealedCell>> ListOthersAsync(uint key, string? after, int size, CancellationToken cancellationToken)
    {
        byte[] name = new byte[KeyRing.IdLength];
        BinaryPrimitives.WriteUInt32BigEndian(name, key);
        List<SealedCell> cells = [];
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new(_list, connection) { CommandTimeout = PatienceSeconds };
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = (object?)after ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = size });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            cells.Add(new SealedCell(reader.GetString(0), reader.GetString(1), reader.GetFieldValue<byte[]>(2)));
        return cells;
    }

    public async Task<int> ReplaceAsync(IReadOnlyList<ResealedCell> cells, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new(_replace, connection) { CommandTimeout = PatienceSeconds };
        command.Parameters.Add(new() { Value = cells.Select(c => c.Before.Row).ToArray() });
        command.Parameters.Add(new() { Value = cells.Select(c => c.Before.Ciphertext).ToArray() });
        command.Parameters.Add(new() { Value = cells.Select(c => c.After).ToArray() });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <param name="KeyType">Of <paramref name="Key"/>, which identifies the row; its order is the rows'.</param>
    /// <param name="Context">An expression over the row that gives what the ciphertext is bound to.</param>
    internal sealed record Place(string Name, string Purpose, string Table, string Key, string KeyType, string Column, string Context);
}
