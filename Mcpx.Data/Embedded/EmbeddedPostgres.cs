using Npgsql;

namespace Mcpx.Data.Embedded;

/// <summary>
/// A PostgreSQL server of our own, for the embedded profile and for tests: a unix socket only, an
/// unprivileged account even when we are root, and gone when this process is gone.
/// </summary>
internal sealed class EmbeddedPostgres : IAsyncDisposable
{
    private const string Superuser = "postgres";

    private readonly EmbeddedPostgresOptions _options;
    private readonly ClusterFolder _folder;
    private readonly FileStream _lock;
    private ServerProcess? _server;
    private int _disposed;

    private EmbeddedPostgres(EmbeddedPostgresOptions options, ClusterFolder folder, FileStream heldLock)
    {
        _options = options;
        _folder = folder;
        _lock = heldLock;
    }

    /// <summary>For the application: owns its database and may create roles, but is no superuser, so that row-level security holds.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <summary>The superuser's, on the maintenance database.</summary>
    public string AdminConnectionString { get; private set; } = "";

    public string DataDirectory => _folder.Root;

    public int ProcessId => _server?.ProcessId ?? 0;

    /// <summary>Completes when the server has ended, asked or not.</summary>
    public Task Ended => _server?.Ended ?? Task.CompletedTask;

    /// <exception cref="EmbeddedPostgresException">It cannot run; the message says why and what to do.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(EmbeddedPostgresOptions options, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            throw new EmbeddedPostgresException("The embedded database needs Linux: set ConnectionStrings__Mcpx to a PostgreSQL server.");

        var folder = new ClusterFolder(options.DataDirectory);
        var started = new EmbeddedPostgres(options, folder, folder.Lock());
        try
        {
            await started.StartServerAsync(cancellationToken);
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1) return;
        try
        {
            if (_server is not null)
            {
                await using (var pooled = new NpgsqlConnection(ConnectionString)) NpgsqlConnection.ClearPool(pooled);
                await _server.DisposeAsync();
                Log.ServerStopped(_options.Logger, _folder.Root);
            }
        }
        finally
        {
            // Only now may another process take the folder.
            await _lock.DisposeAsync();
            if (_options.Throwaway) DeleteFiles();
        }
    }

    private async Task StartServerAsync(CancellationToken cancellationToken)
    {
        var account = await ServerAccount.ChooseAsync(_folder, cancellationToken);
        await _folder.CreateServerFolderAsync(account, cancellationToken);
        var major = _folder.ReadMajor();
        var binaries = await PostgresBinaries.FindAsync(_options.SearchPlaces ?? PostgresSearchPlaces.FromEnvironment(), major, cancellationToken);
        await OrphanServer.StopAsync(_folder, _options, cancellationToken);

        var password = major is null
            ? await ClusterCreator.CreateAsync(_folder, account, binaries, _options, cancellationToken)
            : _folder.ReadPassword();
        var socket = await SocketFolderAsync(account, cancellationToken);
        _server = ServerProcess.Start(_folder, account, binaries, socket, _options);
        await _server.ReadyAsync(cancellationToken);

        ConnectionString = Connection(socket, _options.Database, _options.Database, password, pooling: true);
        AdminConnectionString = Connection(socket, Superuser, Superuser, password, pooling: false);
        await CreateDatabaseAsync(password, cancellationToken);
        Log.ServerReady(_options.Logger, _folder.Root, binaries.Major, ProcessId);
    }

    private async Task<string> SocketFolderAsync(ServerAccount? account, CancellationToken cancellationToken)
    {
        if (_folder.FitsSocket) return _folder.SocketFolder;
        // A name that cannot be guessed, created by its owner: nobody can put a server of his own there first.
        var made = await ShellCommand.RunAsync(
            ShellCommand.Describe(account, _folder.Server, "exec mktemp -d /tmp/mcpx-pg-XXXXXXXX", []), "", cancellationToken);
        return made.ExitCode == 0
            ? made.Output.Trim()
            : throw new EmbeddedPostgresException($"Cannot create the database's socket below /tmp ({made.LastErrorLine}): make /tmp writable, or set MCPX_DATA to a shorter path.");
    }

    private async Task CreateDatabaseAsync(string password, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(AdminConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidPassword)
        {
            throw new EmbeddedPostgresException(
                $"The password in {_folder.PasswordFile} is not the one of this database: restore that file from a backup, or move {_folder.Server} away to start with an empty database.", e);
        }

        var name = _options.Database;
        var quoted = $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        if (!await ExistsAsync(connection, "select 1 from pg_roles where rolname = $1", name, cancellationToken))
            await ExecuteAsync(connection, $"create role {quoted} login createrole password '{password}'", cancellationToken);
        else
            // A cluster of an earlier release: the role makes the logins that serve, see Isolation/.
            await ExecuteAsync(connection, $"alter role {quoted} createrole", cancellationToken);
        if (!await ExistsAsync(connection, "select 1 from pg_database where datname = $1", name, cancellationToken))
            await ExecuteAsync(connection, $"create database {quoted} owner {quoted}", cancellationToken);
    }

    private static async Task<bool> ExistsAsync(NpgsqlConnection connection, string sql, string name, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddWithValue(name);
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Connection(string socket, string user, string database, string password, bool pooling) => new NpgsqlConnectionStringBuilder
    {
        Host = socket,
        Username = user,
        Password = password,
        Database = database,
        Pooling = pooling,
    }.ConnectionString;

    private void DeleteFiles()
    {
        try
        {
            Directory.Delete(_folder.Root, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.LeftBehind(_options.Logger, _folder.Root, e.Message);
        }
    }
}
