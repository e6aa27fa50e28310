using Mcpx.Core.Audit.Chain;
using Npgsql;

namespace Mcpx.Data.Audit.Chain;

internal sealed class AuditKeyStore(ScopedContexts contexts) : IAuditKeyStore
{
    public async Task<StoredAuditKey?> FindAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new("SELECT id, public_key, secret, created_at FROM audit_keys", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new StoredAuditKey(reader.GetString(0), reader.GetFieldValue<byte[]>(1), reader.GetFieldValue<byte[]>(2), reader.GetFieldValue<DateTimeOffset>(3))
            : null;
    }

    public async Task<StoredAuditKey> KeepAsync(StoredAuditKey fresh, CancellationToken cancellationToken)
    {
        await using (NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken))
        await using (NpgsqlCommand command = new("INSERT INTO audit_keys (position, id, public_key, secret, created_at) VALUES (0, $1, $2, $3, $4) ON CONFLICT DO NOTHING", connection))
        {
            command.Parameters.Add(new() { Value = fresh.Id });
            command.Parameters.Add(new() { Value = fresh.PublicKey });
            command.Parameters.Add(new() { Value = fresh.Secret });
            command.Parameters.Add(new() { Value = fresh.CreatedAt.UtcDateTime });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        return await FindAsync(cancellationToken) ?? throw new InvalidOperationException("The audit key was taken away.");
    }
}
