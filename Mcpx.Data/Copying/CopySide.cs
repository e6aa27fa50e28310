using Npgsql;

namespace Mcpx.Data.Copying;

/// <summary>One of the two databases of a copy, on one connection of its own and as the owner of its schema.</summary>
internal sealed class CopySide : IAsyncDisposable
{
    // A role may have time limits, made for queries. Row-level security, where it binds after all, must fail and not leave rows out.
    private const string Settings = """
        SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET row_security = off; SET search_path = public;
        SELECT set_config('default_toast_compression', 'lz4', false) FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)
        """;

    private readonly NpgsqlDataSource _source;

    private CopySide(string name, NpgsqlDataSource source, NpgsqlConnection connection)
    {
        Name = name;
        _source = source;
        Connection = connection;
    }

    /// <summary>For messages: <c>source</c> or <c>target</c>.</summary>
    public string Name { get; }

    public NpgsqlConnection Connection { get; }

    public string User => new NpgsqlConnectionStringBuilder(Connection.ConnectionString).Username ?? "";

    /// <exception cref="DatabaseStartException">It can't be reached; without its password.</exception>
    public static async Task<CopySide> OpenAsync(string name, string connectionString, CancellationToken cancellationToken)
    {
        NpgsqlDataSource source = SourceOf(name, connectionString);
        try
        {
            NpgsqlConnection connection = await DatabaseMigrator.ConnectAsync(source, cancellationToken);
            CopySide side = new(name, source, connection);
            await side.ExecuteAsync(Settings, cancellationToken);
            return side;
        }
        catch (DatabaseStartException e)
        {
            await source.DisposeAsync();
            throw new DatabaseStartException($"The {name}: {e.Message}", e.InnerException);
        }
    }

    public async Task<int> ExecuteAsync(string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using NpgsqlCommand command = Command(sql, values);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<T?> ScalarAsync<T>(string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using NpgsqlCommand command = Command(sql, values);
        return await command.ExecuteScalarAsync(cancellationToken) is T found ? found : default;
    }

    public async Task<List<T>> ListAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object[] values)
    {
        await using NpgsqlCommand command = Command(sql, values);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<T> rows = [];
        while (await reader.ReadAsync(cancellationToken)) rows.Add(read(reader));
        return rows;
    }

    public Task<long> CountAsync(string query, CancellationToken cancellationToken) => ScalarAsync<long>($"SELECT count(*) FROM ({query}) counted", cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        await _source.DisposeAsync();
    }

    private NpgsqlCommand Command(string sql, object[] values)
    {
        NpgsqlCommand command = new(sql, Connection);
        foreach (object value in values) command.Parameters.Add(new() { Value = value });
        return command;
    }

    private static NpgsqlDataSource SourceOf(string name, string connectionString)
    {
        try
        {
            // A big table takes as long as it takes.
            return NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, CommandTimeout = 0, KeepAlive = 15, ApplicationName = "mcpx-copy" });
        }
        catch (ArgumentException)
        {
            // What it says may have the password in it.
            throw new DatabaseStartException($"The connection string of the {name} can't be read: use Host=…;Database=…;Username=…;Password=….");
        }
    }
}
