using System.Net.Sockets;
using Mcpx.Core.Credentials;
using Mcpx.Core.Health;
using Mcpx.Data.Isolation;
using Mcpx.Data.Timeseries;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mcpx.Data;

/// <summary>Brings the database to this release's schema. Replicas that start together take turns.</summary>
public sealed class DatabaseMigrator : IDatabaseFacts
{
    private const int OldestServer = 15;

    /// <summary>Of the advisory lock: any number that no other user of such locks in the database takes.</summary>
    internal const long LockKey = 7411100;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly Databases _databases;
    private readonly Lazy<ISecretProtector> _protector;
    private readonly ILogger<DatabaseMigrator> _logger;
    private readonly TimeProvider _time;

    /// <param name="protector">Seals the passwords of the logins that are made; asked for then only.</param>
    internal DatabaseMigrator(Databases databases, Lazy<ISecretProtector> protector, ILogger<DatabaseMigrator> logger, TimeProvider time)
    {
        _databases = databases;
        _protector = protector;
        _logger = logger;
        _time = time;
    }

    /// <summary>What the database is; null before <see cref="MigrateAsync"/>.</summary>
    public DatabaseInfo? Info { get; private set; }

    public DatabaseFacts? Facts => Info is { } info ? new DatabaseFacts(info.ServerVersion.ToString(), info.Edition.ToString(), info.ExtensionVersion) : null;

    /// <summary>Makes Entity Framework's model of the tables, which all contexts share: a good half second of a start, and it needs no database.</summary>
    public static void PrepareModel()
    {
        DbContextOptionsBuilder<McpxDbContext> options = new();
        options.UseNpgsql(ContextOptions.Common).LogQuietly();
        using McpxDbContext context = new(options.Options, DataScope.Everything);
        _ = context.Model;
    }

    /// <summary>
    /// Safe to repeat, and to run in several processes at once. Without an owner's connection it changes nothing, and only
    /// checks that somebody else migrated.
    /// </summary>
    /// <exception cref="DatabaseStartException">It can't be reached or used.</exception>
    public async Task<DatabaseInfo> MigrateAsync(CancellationToken cancellationToken)
    {
        Info = _databases.Owner is { } owner ? await MigrateAsOwnerAsync(owner, cancellationToken) : await AttachAsync(cancellationToken);
        await LoginCheck.EnsureBoundAsync(_databases.App, cancellationToken);
        Log.Ready(_logger, Info.ServerVersion, Info.Edition, Info.ExtensionVersion ?? "-");
        if (Info.CouldUseTimescale) Log.TimescaleIsOff(_logger);
        return Info;
    }

    /// <summary>For a command beside a running gateway: changes nothing, and checks that the schema is this release's.</summary>
    /// <exception cref="DatabaseStartException">It can't be reached, or is at another release's schema.</exception>
    public async Task AttachForCommandAsync(CancellationToken cancellationToken) => Info = await AttachAsync(cancellationToken);

    private async Task<DatabaseInfo> MigrateAsOwnerAsync(NpgsqlDataSource owner, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await ConnectAsync(owner, cancellationToken);
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
            DatabaseInfo info = await new TimeseriesScripts(connection, _time).ApplyAsync(cancellationToken);
            (string app, string engine) = _databases.Given is { App: { } givenApp, Engine: { } givenEngine }
                ? (givenApp, givenEngine)
                : await new DatabaseLogins(connection, _protector.Value).EnsureAsync(_databases.Given.Owner!, cancellationToken);
            await new IsolationScript(connection).ApplyAsync(UserOf(app), UserOf(engine), cancellationToken);
            _databases.Use(app, engine);
            return info;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // PostgreSQL 15 and newer let only a database's owner create tables in it.
            throw new DatabaseStartException(
                $"The role {UserOf(owner.ConnectionString)} may not set the database up ({e.MessageText}): make it the owner of the database, with CREATEROLE, or give logins of your own; see docs/operations.md.", e);
        }
        finally
        {
            await UnlockAsync(connection);
        }
    }

    private async Task<DatabaseInfo> AttachAsync(CancellationToken cancellationToken)
    {
        _databases.Use(_databases.Given.App!, _databases.Given.Engine!);
        await using NpgsqlConnection connection = await ConnectAsync(_databases.Engine, cancellationToken);
        await using McpxDbContext context = new(OptionsOver(connection), DataScope.Everything);
        try
        {
            string[] missing = [.. await context.Database.GetPendingMigrationsAsync(cancellationToken)];
            if (missing.Length > 0) throw NotMigrated($"{missing.Length} migrations are missing");
            return await new TimeseriesScripts(connection, _time).DetectAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.UndefinedTable)
        {
            throw NotMigrated(e.MessageText);
        }
    }

    /// <summary>The migrations that this release knows, and those that a database had.</summary>
    internal static async Task<(IReadOnlyList<string> Known, IReadOnlyList<string> Applied)> ReadStepsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = new(OptionsOver(connection), DataScope.Everything);
        return ([.. context.Database.GetMigrations()], [.. await context.Database.GetAppliedMigrationsAsync(cancellationToken)]);
    }

    private static DatabaseStartException NotMigrated(string reason) =>
        new($"The database is not at this release's schema ({reason}): run `mcpx migrate` as its owner first.");

    /// <summary>True when the database answers now; for readiness.</summary>
    public async Task<bool> IsReachableAsync(CancellationToken cancellationToken)
    {
        if (Info is null) return false;
        try
        {
            await using NpgsqlCommand command = _databases.Engine.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(cancellationToken);
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException)
        {
            return false;
        }
    }

    internal static async Task<NpgsqlConnection> ConnectAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        try
        {
            return await source.OpenConnectionAsync(cancellationToken);
        }
        catch (PostgresException e)
        {
            // The server's own words name the database or role that is missing, never the password.
            throw new DatabaseStartException($"PostgreSQL refused the connection: {e.MessageText}.", e);
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException)
        {
            NpgsqlConnectionStringBuilder target = new(source.ConnectionString);
            throw new DatabaseStartException(
                $"PostgreSQL at {target.Host}:{target.Port} can't be reached ({e.Message}). Is it running, and does the connection string name the right host?", e);
        }
    }

    private static async Task MigrateTablesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = new(OptionsOver(connection), DataScope.Everything);
        await context.Database.MigrateAsync(cancellationToken);
    }

    private static DbContextOptions<McpxDbContext> OptionsOver(NpgsqlConnection connection)
    {
        DbContextOptionsBuilder<McpxDbContext> options = new();
        options.UseNpgsql(connection, npgsql =>
        {
            ContextOptions.Common(npgsql);
            npgsql.CommandTimeout((int)Patience.TotalSeconds);
        });
        options.LogQuietly();
        return options.Options;
    }

    private static string UserOf(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString).Username ?? "";

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
