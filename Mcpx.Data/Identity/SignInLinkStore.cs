using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Npgsql;

namespace Mcpx.Data.Identity;

internal sealed class SignInLinkStore(ScopedContexts contexts) : ISignInLinkStore
{
    public async Task AddAsync(byte[] hash, UserId user, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(user), cancellationToken);
        await using NpgsqlCommand command = new("INSERT INTO sign_in_links (hash, user_id, expires_at) VALUES ($1, $2, $3)", connection);
        command.Parameters.Add(new() { Value = hash });
        command.Parameters.Add(new() { Value = user.Value });
        command.Parameters.Add(new() { Value = expiresAt.ToUniversalTime() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<UserId?> TakeAsync(byte[] hash, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // One statement: of many takers the row lock lets one delete, the others find nothing.
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new("DELETE FROM sign_in_links WHERE hash = $1 AND expires_at > $2 RETURNING user_id", connection);
        command.Parameters.Add(new() { Value = hash });
        command.Parameters.Add(new() { Value = now.ToUniversalTime() });
        return await command.ExecuteScalarAsync(cancellationToken) is Guid user ? UserId.From(user) : null;
    }
}
