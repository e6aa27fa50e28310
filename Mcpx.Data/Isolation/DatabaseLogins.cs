using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Credentials;
using Npgsql;

namespace Mcpx.Data.Isolation;

/// <summary>
/// The two logins that serve. Unless the operator gave their own, they are made here, with random names, since roles are
/// the whole cluster's and another installation may live in it. Their passwords stand sealed in a table that only the
/// owner reads, so that every replica finds the same ones.
/// </summary>
internal sealed class DatabaseLogins(NpgsqlConnection owner, ISecretProtector protector)
{
    /// <summary>The purpose label of the key that seals the passwords.</summary>
    public const string Purpose = "mcpx/database-logins/v1";

    private const int PasswordBytes = 24;

    /// <summary>Under the migration's lock: replicas that start together make them once.</summary>
    /// <param name="connectionString">How the owner reaches the database; the logins reach it the same way.</param>
    public async Task<(string App, string Engine)> EnsureAsync(string connectionString, CancellationToken cancellationToken)
    {
        await ExecuteAsync("CREATE TABLE IF NOT EXISTS database_logins (kind text PRIMARY KEY, name text NOT NULL, password bytea NOT NULL)", cancellationToken);
        return (await EnsureAsync(connectionString, "app", cancellationToken), await EnsureAsync(connectionString, "engine", cancellationToken));
    }

    private async Task<string> EnsureAsync(string connectionString, string kind, CancellationToken cancellationToken)
    {
        (string? name, string? password, bool isCurrent) = await FindAsync(kind, cancellationToken);
        bool exists = name is not null && await ExistsAsync(name, cancellationToken);
        if (!exists || password is null)
        {
            // A database that was restored elsewhere has no such role; a key ring that was replaced can't open the password.
            name ??= $"mcpx_{kind}_{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
            password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(PasswordBytes));
            // Both texts are ours, letters and digits only: there is nothing to quote.
            // Only a superuser may name those attributes of a role that exists, be it to deny them.
            await ExecuteAsync($"{(exists ? $"ALTER ROLE {name}" : $"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")} PASSWORD '{password}'", cancellationToken);
            await RememberAsync(kind, name, password, cancellationToken);
        }
        else if (!isCurrent)
        {
            // Under an older key of the ring: only the owner reads this, so no rotation reaches it.
            await RememberAsync(kind, name!, password, cancellationToken);
        }

        return new NpgsqlConnectionStringBuilder(connectionString) { Username = name, Password = password }.ConnectionString;
    }

    private async Task<(string? Name, string? Password, bool IsCurrent)> FindAsync(string kind, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new("SELECT name, password FROM database_logins WHERE kind = $1", owner) { Parameters = { new() { Value = kind } } };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) return (null, null, false);
        byte[] stored = reader.GetFieldValue<byte[]>(1);
        byte[]? password = protector.Unprotect(stored, ContextOf(kind));
        return (reader.GetString(0), password is null ? null : Encoding.UTF8.GetString(password), protector.IsCurrent(stored));
    }

    private async Task<bool> ExistsAsync(string name, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new("SELECT 1 FROM pg_roles WHERE rolname = $1", owner) { Parameters = { new() { Value = name } } };
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    private async Task RememberAsync(string kind, string name, string password, CancellationToken cancellationToken)
    {
        const string Sql = """
            INSERT INTO database_logins (kind, name, password) VALUES ($1, $2, $3)
            ON CONFLICT (kind) DO UPDATE SET name = excluded.name, password = excluded.password
            """;
        await using NpgsqlCommand command = new(Sql, owner)
        {
            Parameters = { new() { Value = kind }, new() { Value = name }, new() { Value = protector.Protect(Encoding.UTF8.GetBytes(password), ContextOf(kind)) } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string ContextOf(string kind) => $"database_logins|{kind}|password";

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, owner);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
