using System.Data.Common;
using Mcpx.Data.Audit.Chain;
using Mcpx.Data.Isolation;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Mcpx.Data;

/// <summary>
/// Opens the database within a scope: the one way to it. An organisation's or a person's scope uses the login that
/// row-level security binds, and tells the connection whose rows it is for; a connection goes back to the pool without it.
/// </summary>
/// <param name="chain">Links audit entries; late, because it reads its key through a scope itself.</param>
internal sealed class ScopedContexts(Databases databases, Lazy<ChainWriter> chain)
{
    private DbContextOptions<McpxDbContext>? _app;
    private DbContextOptions<McpxDbContext>? _engine;

    public McpxDbContext Open(DataScope scope) => new(OptionsOf(scope), scope);

    /// <summary>The same; asynchronous, so that opening may come to wait one day without a change of its callers.</summary>
    public Task<McpxDbContext> OpenAsync(DataScope scope, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Open(scope));
    }

    /// <summary>For SQL of our own. Dispose it, and the scope ends.</summary>
    public async Task<NpgsqlConnection> OpenConnectionAsync(DataScope scope, CancellationToken cancellationToken)
    {
        if (scope is DataScope.Installation) return await databases.Engine.OpenConnectionAsync(cancellationToken);
        NpgsqlConnection connection = await databases.App.OpenConnectionAsync(cancellationToken);
        try
        {
            await using DbCommand command = ScopeInterceptor.Command(connection, scope);
            await command.ExecuteNonQueryAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private DbContextOptions<McpxDbContext> OptionsOf(DataScope scope) => scope is DataScope.Installation
        ? _engine ??= Build(databases.Engine)
        : _app ??= Build(databases.App);

    private DbContextOptions<McpxDbContext> Build(NpgsqlDataSource source)
    {
        DbContextOptionsBuilder<McpxDbContext> options = new();
        options.UseNpgsql(source, ContextOptions.Common).LogQuietly();
        options.AddInterceptors(ScopeInterceptor.Instance, new ChainInterceptor(chain));
        return options.Options;
    }
}

/// <summary>Tells each connection that a context opens whose rows it is for.</summary>
internal sealed class ScopeInterceptor : DbConnectionInterceptor
{
    private ScopeInterceptor()
    {
    }

    public static ScopeInterceptor Instance { get; } = new();

    /// <summary>For the session, not a transaction; the pool resets sessions before it hands them on.</summary>
    public static DbCommand Command(DbConnection connection, DataScope scope)
    {
        DbCommand command = connection.CreateCommand();
        command.CommandText = "SELECT set_config('mcpx.org_id', $1, false), set_config('mcpx.user_id', $2, false)";
        command.Parameters.Add(new NpgsqlParameter { Value = scope is DataScope.Tenant tenant ? tenant.Organization.ToString() : "" });
        command.Parameters.Add(new NpgsqlParameter { Value = scope is DataScope.Person person ? person.User.ToString() : "" });
        return command;
    }

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
    {
        if (ScopeOf(eventData) is not { } scope) return;
        using DbCommand command = Command(connection, scope);
        command.ExecuteNonQuery();
    }

    public override async Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        if (ScopeOf(eventData) is not { } scope) return;
        await using DbCommand command = Command(connection, scope);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static DataScope? ScopeOf(ConnectionEndEventData data) =>
        data.Context is McpxDbContext { Scope: not DataScope.Installation } context ? context.Scope : null;
}
