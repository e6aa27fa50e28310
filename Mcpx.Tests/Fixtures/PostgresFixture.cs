using System.Collections.Concurrent;
using System.Globalization;
using Mcpx.Data.Embedded;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]

namespace Mcpx.Tests.Fixtures;

/// <summary>
/// One private cluster per test run, started by the first test that asks. A test class takes this in its
/// constructor, prepares a template once, and gives each test a copy of it. Nothing needs to be dropped:
/// the cluster is thrown away, also when the run is killed. With <c>MCPX_TEST_TIMESCALE</c>, a superuser's connection string to a
/// cluster that has TimescaleDB, the same tests run on databases there instead, which are dropped at the end of the run.
/// </summary>
public sealed class PostgresFixture : IAsyncDisposable
{
    private const string Owner = "mcpx";
    private const string FolderPrefix = "mcpx-tests-";
    private const int Patience = 60;

    /// <summary>Not template1, at which TimescaleDB's launcher looks, and which can't be copied meanwhile.</summary>
    private const string Empty = "template0";

    private const long EnoughMemory = 1L << 30;

    private static readonly string? Timescale = Environment.GetEnvironmentVariable("MCPX_TEST_TIMESCALE");

    private readonly Lazy<Task<EmbeddedPostgres>> _cluster = new(StartAsync);
    private readonly Lazy<Task> _given = new(PrepareGivenAsync);
    // Of a cluster that others use too.
    private readonly string _prefix = Timescale is null ? "" : $"mcpx_{Environment.ProcessId}_";
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _templates = new(StringComparer.Ordinal);
    private int _databases;

    /// <summary>The superuser's connection string, for tests that need what the application may not do.</summary>
    public async Task<string> GetAdminConnectionStringAsync(string database = "postgres") =>
        new NpgsqlConnectionStringBuilder(Timescale ?? (await _cluster.Value).AdminConnectionString) { Database = database }.ConnectionString;

    /// <summary>A connection string, as the application's role, to a fresh database of the caller's own.</summary>
    /// <param name="template">What <see cref="GetOrCreateTemplateAsync"/> returned; null for an empty database.</param>
    public async Task<string> CreateDatabaseAsync(string? template = null)
    {
        var name = $"{_prefix}test_{Interlocked.Increment(ref _databases)}";
        await CreateAsync(name, template ?? Empty);
        return await ConnectionStringAsync(name);
    }

    /// <summary>True when databases are made with TimescaleDB enabled in them.</summary>
    public static bool HasTimescale => Timescale is not null;

    /// <summary>The same, empty, and without TimescaleDB also where the cluster has it.</summary>
    public async Task<string> CreatePlainDatabaseAsync()
    {
        var name = $"{_prefix}test_{Interlocked.Increment(ref _databases)}";
        await CreateAsync(name, Empty, isPlain: true);
        return await ConnectionStringAsync(name);
    }

    /// <summary>Runs <paramref name="prepare"/> once per run and name, however many tests ask at the same time.</summary>
    /// <param name="name">Name of the template: lower-case letters, digits and underscores.</param>
    /// <param name="prepare">Gets a connection string to an empty database and fills it.</param>
    public Task<string> GetOrCreateTemplateAsync(string name, Func<string, Task> prepare) =>
        _templates.GetOrAdd(name, key => new Lazy<Task<string>>(() => PrepareAsync(key, prepare))).Value;

    public async ValueTask DisposeAsync()
    {
        if (_given.IsValueCreated) await DropAllAsync();
        if (_cluster.IsValueCreated) await (await _cluster.Value).DisposeAsync();
    }

    private async Task<string> PrepareAsync(string name, Func<string, Task> prepare)
    {
        var template = $"{_prefix}template_{name}";
        await CreateAsync(template, Empty);
        await prepare(await ConnectionStringAsync(template));
        // A copy fails while anybody is connected to the original, and the pools of `prepare` still are.
        await ExecuteAsync($"alter database \"{template}\" allow_connections false");
        await ExecuteAsync($"select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '{template}'");
        return template;
    }

    private async Task CreateAsync(string name, string template, bool isPlain = false)
    {
        if (Timescale is not null) await _given.Value;
        await ExecuteAsync($"create database \"{name}\" owner \"{Owner}\" template \"{template}\" strategy file_copy");
        // Like an operator, who enables it before the gateway comes.
        if (Timescale is not null && template is Empty && !isPlain) await ExecuteAsync("create extension timescaledb", name);
    }

    private static async Task PrepareGivenAsync()
    {
        await using var connection = new NpgsqlConnection(Timescale);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            $"do $$ begin if not exists (select from pg_roles where rolname = '{Owner}') then create role {Owner} login createrole createdb password '{Owner}'; end if; end $$", connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task DropAllAsync()
    {
        List<string> names = [];
        await using (var connection = new NpgsqlConnection(Timescale))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("select datname from pg_database where starts_with(datname, $1)", connection) { Parameters = { new() { Value = _prefix } } };
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync()) names.Add(reader.GetString(0));
        }

        foreach (var name in names) await ExecuteAsync($"drop database \"{name}\" with (force)");
    }

    private async Task ExecuteAsync(string sql, string database = "postgres")
    {
        await using var connection = new NpgsqlConnection(await GetAdminConnectionStringAsync(database) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = Patience };
        await command.ExecuteNonQueryAsync();
    }

    private async Task<string> ConnectionStringAsync(string database) =>
        new NpgsqlConnectionStringBuilder(Timescale is null ? (await _cluster.Value).ConnectionString : new NpgsqlConnectionStringBuilder(Timescale) { Username = Owner, Password = Owner }.ConnectionString)
        {
            Database = database,
            // Each database has its own pool: a finished test must not keep its connections until the end of the run.
            MaxPoolSize = 20,
            ConnectionIdleLifetime = 10,
            ConnectionPruningInterval = 5,
            // Ours are short, so that calls do not wait for a database that is away; a busy test machine is not away.
            Timeout = Patience,
            CommandTimeout = Patience,
        }.ConnectionString;

    private static async Task<EmbeddedPostgres> StartAsync()
    {
        var parent = MemoryFolder() ?? Path.GetTempPath();
        DeleteForgotten(parent);
        return await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions
            {
                DataDirectory = Path.Combine(parent, $"{FolderPrefix}{Environment.ProcessId}-{Path.GetRandomFileName()}"),
                Database = Owner,
                Throwaway = true,
            },
            CancellationToken.None);
    }

    // Containers often have a /dev/shm of 64 MB, which a few databases fill.
    private static string? MemoryFolder()
    {
        const string Folder = "/dev/shm";
        return Directory.Exists(Folder) && new DriveInfo(Folder).AvailableFreeSpace > EnoughMemory ? Folder : null;
    }

    // When a run is killed its guard empties the cluster, but the folder itself is not the server's to delete.
    private static void DeleteForgotten(string parent)
    {
        foreach (var folder in Directory.EnumerateDirectories(parent, $"{FolderPrefix}*"))
        {
            var process = Path.GetFileName(folder)[FolderPrefix.Length..].Split('-')[0];
            if (!int.TryParse(process, CultureInfo.InvariantCulture, out _) || Directory.Exists($"/proc/{process}")) continue;
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another run is deleting it, or another user owns it.
            }
        }
    }
}
