using System.Net.Sockets;
using Mcpx.Data.Timeseries;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mcpx.Data;

/// <summary>Brings the database to this release's schema. Replicas that start together take turns.</summary>
public sealed class DatabaseMigrator
{
    private const int OldestServer = 15;

    /// <summary>Of the advisory lock: any number that no other user of such locks in the database takes.</summary>
    internal const long LockKey = 7411100;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly NpgsqlDataSource _dataSource;
    private readonly ILogger<DatabaseMigrator> _logger;
    private readonly TimeProvider _time;

    internal DatabaseMigrator(NpgsqlDataSource dataSource, ILogger<DatabaseMigrator> logger, TimeProvider time)
    {
        _dataSource = dataSource;
        _logger = logger;
        _time = time;
    }

    /// <summary>What the database is; null before <see cref="MigrateAsync"/>.</summary>
    public DatabaseInfo? Info { get; private set; }

    /// <summary>Safe to repeat, and to run in several processes at once.</summary>
    /// <exception cref="DatabaseStartException">It can't be reached or used.</exception>
    public async Task<DatabaseInfo> MigrateAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await ConnectAsync(cancellationToken);
        if (connection.PostgreSqlVersion.Major < OldestServer)
        {
            throw new DatabaseStartException(
                $"PostgreSQL {connection.PostgreSqlVersion} is too old: use version {OldestServer} or newer.");
        }

        // A role or database may have time limits of its own, made for queries. They come back when the session ends.
        await ExecuteAsync(connection, "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0", cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({LockKey})", cancellationToken);
        try
        {
            await MigrateTablesAsync(connection, cancellationToken);
            Info = await new TimeseriesScripts(connection, _time).ApplyAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // PostgreSQL 15 and newer let only a database's owner create tables in it.
            throw new DatabaseStartException(
                $"The role {new NpgsqlConnectionStringBuilder(_dataSource.ConnectionString).Username} may not change the schema ({e.MessageText}): make it the owner of the database.", e);
        }
        finally
        {
            await UnlockAsync(connection);
        }

        Log.Ready(_logger, Info.ServerVersion, Info.Edition, Info.ExtensionVersion ?? "-");
        if (Info.CouldUseTimescale) Log.TimescaleIsOff(_logger);
        return Info;
    }

    /// <summary>True when the database answers now; for readiness.</summary>
    public async Task<bool> IsReachableAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlCommand command = _dataSource.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(cancellationToken);
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException)
        {
            return false;
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _dataSource.OpenConnectionAsync(cancellationToken);
        }
        catch (PostgresException e)
        {
            // The server's own words name the database or role that is missing, never the password.
            throw new DatabaseStartException($"PostgreSQL refused the connection: {e.MessageText}.", e);
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException)
        {
            NpgsqlConnectionStringBuilder target = new(_dataSource.ConnectionString);
            throw new DatabaseStartException(
                $"PostgreSQL at {target.Host}:{target.Port} can't be reached ({e.Message}). Is it running, and does the connection string name the right host?", e);
        }
    }

    private static async Task MigrateTablesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        DbContextOptionsBuilder<McpxDbContext> options = new();
        options.UseNpgsql(connection, npgsql =>
        {
            ContextOptions.Common(npgsql);
            npgsql.CommandTimeout((int)Patience.TotalSeconds);
        });
        options.LogQuietly();
        await using McpxDbContext context = new(options.Options);
        await context.Database.MigrateAsync(cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection) { CommandTimeout = (int)Patience.TotalSeconds };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The lock would outlive us in the pooled connection; a broken connection has lost it already.</summary>
    private static async Task UnlockAsync(NpgsqlConnection connection)
    {
        if (connection.FullState is System.Data.ConnectionState.Open)
            await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({LockKey})", CancellationToken.None);
    }
}
