using Mcpx.Core.Audit;
using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Export;
using Mcpx.Core.Calls.Recording;
using Mcpx.Core.Calls.Retention;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Calls.Streaming;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Governance.PolicyEngines;
using Mcpx.Core.Health;
using Mcpx.Core.Identity;
using Mcpx.Core.Jobs;
using Mcpx.Core.Metrics;
using Mcpx.Core.OAuth;
using Mcpx.Core.Proxy;
using Mcpx.Core.Redaction;
using Mcpx.Core.Servers;
using Mcpx.Data.Audit;
using Mcpx.Data.Audit.Chain;
using Mcpx.Data.Calls;
using Mcpx.Data.Calls.Retention;
using Mcpx.Data.Changes;
using Mcpx.Data.Copying;
using Mcpx.Data.Credentials;
using Mcpx.Data.Egress;
using Mcpx.Data.Gateways;
using Mcpx.Data.Governance;
using Mcpx.Data.Identity;
using Mcpx.Data.Isolation;
using Mcpx.Data.Jobs;
using Mcpx.Data.Metrics;
using Mcpx.Data.OAuth;
using Mcpx.Data.Proxy;
using Mcpx.Data.Redaction;
using Mcpx.Data.Servers;
using Mcpx.Data.Timeseries;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mcpx.Data;

public static class DataServices
{
    /// <summary>
    /// Everything that Core wants stored, in PostgreSQL. Before anything else is asked, <see cref="DatabaseMigrator"/> must
    /// have run. Needs <see cref="Core.CoreSetup.AddAuditChain"/> where records are written.
    /// </summary>
    /// <param name="connections">Asked once, at first use: the embedded database has none before it is started.</param>
    public static IServiceCollection AddMcpxData(this IServiceCollection services, Func<IServiceProvider, DatabaseConnections> connections)
    {
        services.AddSingleton(provider => new Databases(connections(provider)));
        services.AddSingleton<ScopedContexts>().AddSingleton<ChainWriter>().AddSingleton(provider => new Lazy<ChainWriter>(provider.GetRequiredService<ChainWriter>));
        services.AddSingleton(provider => new DatabaseMigrator(
            provider.GetRequiredService<Databases>(),
            new Lazy<ISecretProtector>(() => new AesGcmSecretProtector(provider.GetRequiredService<KeyRing>(), DatabaseLogins.Purpose)),
            provider.GetRequiredService<ILogger<DatabaseMigrator>>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new DatabaseCopy(provider.GetRequiredService<Databases>(), provider.GetRequiredService<DatabaseMigrator>(), provider.GetRequiredService<ILogger<DatabaseCopy>>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IDatabaseFacts>(provider => provider.GetRequiredService<DatabaseMigrator>());

        services.AddSingleton(provider => new ReplicaId(Guid.CreateVersion7(provider.GetRequiredService<TimeProvider>().GetUtcNow())));
        services.AddSingleton<ChangeWriter>().AddSingleton<ChangePoll>();
        services.AddSingleton<ChangeListener>();
        services.AddHostedService(provider => provider.GetRequiredService<ChangeListener>());

        services.AddSingleton<IAdminEntryStore, AdminEntryStore>();
        services.AddSingleton<IAuditKeyStore, AuditKeyStore>().AddSingleton<IAuditChainStore, ChainStore>();
        services.AddSingleton<IMembershipStore, MembershipStore>();
        services.AddSingleton<IOrganizationStore, OrganizationStore>();
        services.AddSingleton<IMemberStore, MemberStore>();
        services.AddSingleton<IInvitationStore, InvitationStore>();
        services.AddSingleton<ITokenStore, TokenStore>();
        services.AddSingleton<ISignInLinkStore, SignInLinkStore>();
        services.AddSingleton<IAccountStore, AccountStore>();
        services.AddSingleton<IGroupRoleStore, GroupRoleStore>();
        services.AddSingleton<IEndpointStore, EndpointStore>();
        services.AddSingleton<IServiceAccountStore, ServiceAccountStore>();
        services.AddSingleton<ISigningKeyStore, SigningKeyStore>();
        services.AddSingleton<IDataProtectionKeyStore, DataProtectionKeyStore>();
        services.AddSingleton<IPepperStore, PepperStore>();
        services.AddSingleton<ISealedColumn, SealedKeyElements>();
        foreach (SealedColumn.Place place in SealedColumn.All)
            services.AddSingleton<ISealedColumn>(provider => new SealedColumn(provider.GetRequiredService<ScopedContexts>(), place));
        services.AddSingleton<ISessionStore, SessionStore>();
        services.AddHostedService<TokenUseWriter>().AddHostedService<SessionUseWriter>();
        services.AddSingleton<IEgressStore, EgressStore>();
        services.AddSingleton<IServerStore, ServerStore>();
        services.AddSingleton<IServerCatalogStore, ServerCatalogStore>();
        services.AddSingleton<IGatewayStore, GatewayStore>();
        services.AddSingleton<IGovernanceStore, GovernanceStore>().AddSingleton<ICallLimitStore, CallLimitStore>();
        services.AddSingleton<IToolPinStore, ToolPinStore>().AddSingleton<IPolicyEngineStore, PolicyEngineStore>();
        services.AddSingleton<IRedactionStore, RedactionStore>();
        services.AddSingleton<ISnapshotSource, SnapshotSource>();

        services.AddSingleton<IJobStore, JobStore>();
        foreach (var (name, table, condition) in SweepJob.All)
            services.AddSingleton<IJob>(provider => new SweepJob(provider.GetRequiredService<ScopedContexts>(), name, table, condition));

        services.AddSingleton<PartitionKeeper>();
        services.AddHostedService(provider => provider.GetRequiredService<PartitionKeeper>());
        services.AddSingleton<EventWriter>().AddSingleton<CallWriter>().AddSingleton<InterruptedCalls>();
        services.AddSingleton<OrphanedCalls>();
        services.AddHostedService(provider => provider.GetRequiredService<OrphanedCalls>());
        services.AddSingleton<IJob, OrphanedCallsJob>();
        services.AddSingleton<ICallStore, CallStore>().AddSingleton<IRecordingStore, RecordingStore>().AddSingleton<ISavedFilterStore, SavedFilterStore>().AddSingleton<IScheduledExportStore, ScheduledExportStore>().AddSingleton<ILogStreamStore, LogStreamStore>();
        services.AddSingleton<IRetentionStore, RetentionStore>();
        services.AddSingleton<IMetricStore, MetricStore>().AddSingleton<IMetricRetentionStore, MetricRetentionStore>();
        services.AddSingleton<RollUpJob>().AddSingleton<IJob>(provider => provider.GetRequiredService<RollUpJob>());
        return services;
    }
}
