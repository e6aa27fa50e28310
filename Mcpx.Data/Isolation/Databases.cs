using System.Data.Common;
using Npgsql;

namespace Mcpx.Data.Isolation;

/// <summary>
/// The connections of this process, by what they may do. The two that serve are known after the migration only, which may
/// make their logins.
/// </summary>
internal sealed class Databases(DatabaseConnections given) : IAsyncDisposable
{
    // Three replicas fit into the hundred connections that PostgreSQL allows by default.
    private const int AppPool = 16;
    private const int EnginePool = 14;
    private const int OwnerPool = 2;

    private NpgsqlDataSource? _app;
    private NpgsqlDataSource? _engine;

    public DatabaseConnections Given { get; } = given;

    /// <summary>Null when this process does not migrate.</summary>
    public NpgsqlDataSource? Owner { get; } = given.Owner is null ? null : Create(given.Owner, "mcpx-owner", OwnerPool);

    /// <summary>Cannot bypass row-level security.</summary>
    public NpgsqlDataSource App => _app ?? throw NotMigrated();

    /// <summary>Sees every organisation; only for what <see cref="DataScope.Everything"/> names.</summary>
    public NpgsqlDataSource Engine => _engine ?? throw NotMigrated();

    /// <summary>Called by the migration, once; a repeated migration keeps what is there.</summary>
    public void Use(string app, string engine)
    {
        _app ??= Create(app, "mcpx", AppPool);
        _engine ??= Create(engine, "mcpx-engine", EnginePool);
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
        if (_engine is not null) await _engine.DisposeAsync();
        if (Owner is not null) await Owner.DisposeAsync();
    }

    private static InvalidOperationException NotMigrated() => new("The database is asked before it was migrated.");

    /// <summary>What the connection string sets itself (time limits, size of the pool) stays.</summary>
    private static NpgsqlDataSource Create(string connectionString, string name, int pool)
    {
        DbConnectionStringBuilder given = new() { ConnectionString = connectionString };
        NpgsqlDataSourceBuilder builder = new(connectionString) { Name = name };
        NpgsqlConnectionStringBuilder settings = builder.ConnectionStringBuilder;
        Default(["Timeout"], () => settings.Timeout = 1);
        Default(["Command Timeout", "CommandTimeout"], () => settings.CommandTimeout = 5);
        Default(["Maximum Pool Size", "MaxPoolSize"], () => settings.MaxPoolSize = pool);
        // Finds a LISTEN connection that died without a word.
        Default(["Keepalive"], () => settings.KeepAlive = 15);
        Default(["Application Name", "ApplicationName"], () => settings.ApplicationName = "mcpx");
        // A scope is its session's: neither another query's session may be used for it, nor an earlier use's scope stay.
        settings.Multiplexing = false;
        settings.NoResetOnClose = false;
        return builder.Build();

        void Default(string[] names, Action set)
        {
            if (!names.Any(given.ContainsKey)) set();
        }
    }
}
