using Mcpx.Core.Primitives;
using Mcpx.Data;
using Mcpx.Data.Isolation;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Npgsql;

namespace Mcpx.Tests.Isolation;

/// <summary>A migrated database in which two organisations have a row in each table.</summary>
internal sealed class TwoTenants : IAsyncDisposable
{
    private TwoTenants(DataHost host, IReadOnlyList<CatalogTable> tables)
    {
        Host = host;
        Tables = tables;
    }

    public DataHost Host { get; }

    public IReadOnlyList<CatalogTable> Tables { get; }

    public Tenant Ours { get; } = new(Guid.CreateVersion7(), Guid.CreateVersion7());

    public Tenant Theirs { get; } = new(Guid.CreateVersion7(), Guid.CreateVersion7());

    public DataScope OurOrganization => DataScope.Of(OrganizationId.From(Ours.Organization));

    public DataScope OurPerson => DataScope.Of(UserId.From(Ours.User));

    public static async Task<TwoTenants> StartAsync(PostgresFixture postgres, CancellationToken cancellationToken)
    {
        DataHost host = await DataHost.StartAsync(postgres);
        TwoTenants tenants = new(host, await CatalogTable.ReadAsync(host.Owner, cancellationToken));
        string database = new NpgsqlConnectionStringBuilder(host.ConnectionString).Database!;
        await using NpgsqlConnection admin = new(await postgres.GetAdminConnectionStringAsync(database) + ";Pooling=false");
        await admin.OpenAsync(cancellationToken);
        // Rows that point at nothing will do: this is about whose they are.
        await ExecuteAsync(admin, "SET session_replication_role = replica", cancellationToken);
        await ExecuteAsync(admin, "SELECT calls_make_partitions(now(), now()), metrics_make_partitions(now(), now())", cancellationToken);
        foreach (CatalogTable table in tenants.Tables.Where(t => t.Key is not null))
        {
            await ExecuteAsync(admin, table.Insert(tenants.Ours), cancellationToken);
            await ExecuteAsync(admin, table.Insert(tenants.Theirs), cancellationToken);
        }

        return tenants;
    }

    /// <summary>The login that row-level security binds.</summary>
    /// <param name="scope">Null leaves the connection without one.</param>
    public async Task<NpgsqlConnection> AppAsync(DataScope? scope, CancellationToken cancellationToken) => scope is null
        ? await Host.Get<Databases>().App.OpenConnectionAsync(cancellationToken)
        : await Host.Get<ScopedContexts>().OpenConnectionAsync(scope, cancellationToken);

    /// <summary>Everything in the schema that holds rows: tables, partitions, views and materialized views.</summary>
    public async Task<IReadOnlyList<string>> RelationsAsync(CancellationToken cancellationToken)
    {
        List<string> names = [];
        await using NpgsqlCommand command = Host.Owner.CreateCommand(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) names.Add(reader.GetString(0));
        return names;
    }

    /// <summary>The rows of a relation that a connection sees and that a condition meets; null when it may not read it.</summary>
    public static async Task<long?> CountAsync(NpgsqlConnection connection, string relation, string where, CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlCommand command = new($"SELECT count(*) FROM {relation} t WHERE {where}", connection);
            return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return null;
        }
    }

    /// <summary>Tries a statement and takes it back. Returns how many rows it would have changed, or the reason against it.</summary>
    public static async Task<(int Rows, string? SqlState)> TryAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            return (await ExecuteAsync(connection, sql, cancellationToken), null);
        }
        catch (PostgresException e)
        {
            return (0, e.SqlState);
        }
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
