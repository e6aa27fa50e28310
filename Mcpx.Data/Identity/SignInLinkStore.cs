using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Npgsql;

namespace Mcpx.Data.Identity;

internal sealed class SignInLinkStore(NpgsqlDataSource dataSource) : ISignInLinkStore
{
    public async Task AddAsync(byte[] hash, UserId user, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        // Links that nobody followed leave with the next new one; a day late, so that no clock difference matters.
        const string Sql = """
            WITH swept AS (DELETE FROM sign_in_links WHERE expires_at < $3 - interval '1 day')
            INSERT INTO sign_in_links (hash, user_id, expires_at) VALUES ($1, $2, $3)
            """;
        await using NpgsqlCommand command = dataSource.CreateCommand(Sql);
        command.Parameters.Add(new() { Value = hash });
        command.Parameters.Add(new() { Value = user.Value });
        command.Parameters.Add(new() { Value = expiresAt.ToUniversalTime() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<UserId?> TakeAsync(byte[] hash, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // One statement: of many takers the row lock lets one delete, the others find nothing.
        await using NpgsqlCommand command = dataSource.CreateCommand(
            "DELETE FROM sign_in_links WHERE hash = $1 AND expires_at > $2 RETURNING user_id");
        command.Parameters.Add(new() { Value = hash });
        command.Parameters.Add(new() { Value = now.ToUniversalTime() });
        return await command.ExecuteScalarAsync(cancellationToken) is Guid user ? UserId.From(user) : null;
    }
}
