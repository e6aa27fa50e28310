using System.Data.Common;
using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Metrics;
using Mcpx.Core.Proxy;
using Mcpx.Core.Servers;
using Mcpx.Data.Calls;
using Mcpx.Data.Changes;
using Mcpx.Data.Credentials;
using Mcpx.Data.Gateways;
using Mcpx.Data.Governance;
using Mcpx.Data.Identity;
using Mcpx.Data.Metrics;
using Mcpx.Data.Proxy;
using Mcpx.Data.Servers;
using Mcpx.Data.Timeseries;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mcpx.Data;

public static class DataServices
{
    /// <summary>
    /// Everything that Core wants stored, in PostgreSQL. Before anything else is asked, <see cref="DatabaseMigrator"/> must
    /// have run.
    /// </summary>
    /// <param name="connectionString">
    /// Asked once, at first use: the embedded database has none before it is started. What it sets itself (time limits,
    /// size of the pool) stays.
    /// </param>
    public static IServiceCollection AddMcpxData(this IServiceCollection services, Func<IServiceProvider, string> connectionString)
    {
        services.AddSingleton(provider => CreateDataSource(connectionString(provider)));
        services.AddDbContextFactory<McpxDbContext>((provider, options) => options
            .UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>(), ContextOptions.Common)
            .LogQuietly());
        services.AddSingleton(provider => new DatabaseMigrator(
            provider.GetRequiredService<NpgsqlDataSource>(),
            provider.GetRequiredService<ILogger<DatabaseMigrator>>(),
            provider.GetRequiredService<TimeProvider>()));

        services.AddSingleton(provider => new ReplicaId(Guid.CreateVersion7(provider.GetRequiredService<TimeProvider>().GetUtcNow())));
        services.AddSingleton<ChangeWriter>();
        services.AddSingleton<ChangePoll>();
        services.AddSingleton<ChangeListener>();
        services.AddHostedService(provider => provider.GetRequiredService<ChangeListener>());

        services.AddSingleton<IMembershipStore, MembershipStore>();
        services.AddSingleton<ITokenStore, TokenStore>();
        services.AddSingleton<ISignInLinkStore, SignInLinkStore>();
        services.AddSingleton<IDataProtectionKeyStore, DataProtectionKeyStore>();
        services.AddHostedService<TokenUseWriter>();
        services.AddSingleton<IServerStore, ServerStore>();
        services.AddSingleton<IGatewayStore, GatewayStore>();
        services.AddSingleton<IGovernanceStore, GovernanceStore>();
        services.AddSingleton<ISnapshotSource, SnapshotSource>();

        services.AddSingleton<PartitionKeeper>();
        services.AddHostedService(provider => provider.GetRequiredService<PartitionKeeper>());
        services.AddSingleton<CallWriter>();
        services.AddSingleton<ICallStore, CallStore>();
        services.AddSingleton<IMetricStore, MetricStore>();
        return services;
    }

    private static NpgsqlDataSource CreateDataSource(string connectionString)
    {
        DbConnectionStringBuilder given = new() { ConnectionString = connectionString };
        NpgsqlDataSourceBuilder builder = new(connectionString) { Name = "mcpx" };
        NpgsqlConnectionStringBuilder settings = builder.ConnectionStringBuilder;
        Default(["Timeout"], () => settings.Timeout = 1);
        Default(["Command Timeout", "CommandTimeout"], () => settings.CommandTimeout = 5);
        // Three replicas fit into the hundred connections that PostgreSQL allows by default.
        Default(["Maximum Pool Size", "MaxPoolSize"], () => settings.MaxPoolSize = 30);
        // Finds a LISTEN connection that died without a word.
        Default(["Keepalive"], () => settings.KeepAlive = 15);
        Default(["Application Name", "ApplicationName"], () => settings.ApplicationName = "mcpx");
        return builder.Build();

        void Default(string[] names, Action set)
        {
            if (!names.Any(given.ContainsKey)) set();
        }
    }
}
