using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Mcpx.Data.Isolation;

/// <summary>Applies <c>isolation.sql</c> for the two logins, as the owner, and checks what the logins could do.</summary>
internal sealed class IsolationScript(NpgsqlConnection owner)
{
    private const string Resource = "Isolation/isolation.sql";

    // With the guarded tables in it: a table that a migration added is guarded by the same start.
    private const string TablesOf = """
        SELECT coalesce(string_agg(c.relname, ',' ORDER BY c.relname), '') FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        """;

    private const string ColumnsOf = "SELECT count(*) FROM pg_attribute WHERE attrelid IN ('calls'::regclass, 'call_payloads'::regclass) AND attnum > 0";

    /// <param name="app">The login's name.</param>
    /// <param name="engine">The login's name.</param>
    public async Task ApplyAsync(string app, string engine, CancellationToken cancellationToken)
    {
        // First, since it is one of the tables by which the version is told.
        await ExecuteAsync("CREATE TABLE IF NOT EXISTS schema_isolation (version text PRIMARY KEY)", cancellationToken);
        string sql = (await ReadAsync(cancellationToken)).Replace("{app}", Inner(app), StringComparison.Ordinal).Replace("{engine}", Inner(engine), StringComparison.Ordinal);
        string version = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
            $"{sql}|{await ScalarAsync(TablesOf, cancellationToken)}|{await ScalarAsync(ColumnsOf, cancellationToken)}")));
        if (await ScalarAsync("SELECT version FROM schema_isolation", cancellationToken) as string == version) return;

        await using NpgsqlTransaction transaction = await owner.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(sql, cancellationToken);
        await ExecuteAsync($"DELETE FROM schema_isolation; INSERT INTO schema_isolation (version) VALUES ('{version}')", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        await using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Resource)!;
        using StreamReader reader = new(stream);
        return await reader.ReadToEndAsync(cancellationToken);
    }

    /// <summary>For the inside of a quoted identifier: an operator may have named the logins.</summary>
    private static string Inner(string name) => name.Replace("\"", "\"\"", StringComparison.Ordinal);

    private async Task<object?> ScalarAsync(string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, owner);
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, owner);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
