using System.Reflection;
using Npgsql;

namespace Mcpx.Data.Timeseries;

/// <summary>
/// The numbered SQL files beside this one, for what EF does not know: <c>NNN_name.sql</c> runs on both editions,
/// <c>NNN_name.plain.sql</c> and <c>NNN_name.timescale.sql</c> on one. Each runs once, in a transaction of its own.
/// </summary>
internal sealed class TimeseriesScripts(NpgsqlConnection connection, TimeProvider time)
{
    private const string ResourcePrefix = "Timeseries/";

    // Reading a long-unused chunk's catalogue or building an index may take its time.
    private const int PatienceSeconds = 600;

    public async Task<DatabaseInfo> ApplyAsync(CancellationToken cancellationToken)
    {
        await ExecuteAsync(
            "CREATE TABLE IF NOT EXISTS schema_scripts (name text PRIMARY KEY, edition text NOT NULL, applied_at timestamptz NOT NULL)", cancellationToken);
        DatabaseInfo info = await DetectAsync(cancellationToken);
        HashSet<string> applied = [.. await ListAsync("SELECT name FROM schema_scripts", cancellationToken)];
        foreach (string name in Names(info.Edition).Where(n => !applied.Contains(n)))
            await ApplyAsync(name, info.Edition, cancellationToken);
        await PartitionKeeper.EnsureAheadAsync(connection, time.GetUtcNow(), cancellationToken);
        return info;
    }

    /// <summary>In order of their numbers.</summary>
    internal static IEnumerable<string> Names(DatabaseEdition edition)
    {
        string other = edition is DatabaseEdition.Plain ? ".timescale.sql" : ".plain.sql";
        return Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(n => n.StartsWith(ResourcePrefix, StringComparison.Ordinal) && !n.EndsWith(other, StringComparison.Ordinal))
            .Select(n => n[ResourcePrefix.Length..])
            .Order(StringComparer.Ordinal);
    }

    private async Task ApplyAsync(string name, DatabaseEdition edition, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(await ReadAsync(name, cancellationToken), cancellationToken);
        await using NpgsqlCommand note = new("INSERT INTO schema_scripts (name, edition, applied_at) VALUES ($1, $2, $3)", connection)
        {
            Parameters = { new() { Value = name }, new() { Value = edition.ToString() }, new() { Value = time.GetUtcNow() } },
        };
        await note.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Tables that were made on one edition stay on it: TimescaleDB that is enabled later does not turn partitions into
    /// hypertables, and running the other edition's files on them would fail half-way.
    /// </summary>
    public async Task<DatabaseInfo> DetectAsync(CancellationToken cancellationToken)
    {
        const string Sql = """
            SELECT coalesce((SELECT edition FROM schema_scripts ORDER BY name LIMIT 1),
                            CASE WHEN e.extversion IS NOT NULL
                                  AND current_setting('timescaledb.license', true) = 'timescale'
                                  AND string_to_array(split_part(e.extversion, '-', 1), '.')::int[] >= '{2,20}'::int[]
                                 THEN 'Timescale' ELSE 'Plain' END),
                   e.extversion,
                   e.extversion IS NULL AND EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb')
            FROM (SELECT 1) one LEFT JOIN pg_extension e ON e.extname = 'timescaledb'
            """;
        await using NpgsqlCommand command = new(Sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new DatabaseInfo(connection.PostgreSqlVersion, Enum.Parse<DatabaseEdition>(reader.GetString(0)),
            reader.IsDBNull(1) ? null : reader.GetString(1), reader.GetBoolean(2));
    }

    private static async Task<string> ReadAsync(string name, CancellationToken cancellationToken)
    {
        await using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(ResourcePrefix + name)!;
        using StreamReader reader = new(stream);
        return await reader.ReadToEndAsync(cancellationToken);
    }

    private async Task<List<string>> ListAsync(string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<string> values = [];
        while (await reader.ReadAsync(cancellationToken))
            values.Add(reader.GetString(0));
        return values;
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection) { CommandTimeout = PatienceSeconds };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
