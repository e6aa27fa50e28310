using Mcpx.Core.Audit;
using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Export;
using Mcpx.Core.Calls.Journal;
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
using Mcpx.Core.Notifications;
using Mcpx.Core.OAuth;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;
using Mcpx.Core.Proxy;
using Mcpx.Core.Proxy.Access;
using Mcpx.Core.Proxy.Bridge;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Core.Proxy.Repeat;
using Mcpx.Core.Redaction;
using Mcpx.Core.Servers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core;

/// <summary>Puts the gateway engine together. The stores come from Data, the doors from Web.</summary>
public static class CoreSetup
{
    /// <summary>
    /// Needs from elsewhere: <see cref="KeyRing"/>, <see cref="Calls.Journal.JournalSettings"/>, <see cref="ExportSettings"/>, <see cref="ResourceAddresses"/>, <see cref="AddressGuard"/>, <see cref="GlobalLimit"/>, <see cref="ConnectionTestLimit"/>,
    /// <see cref="TimeProvider"/>, <see cref="IdentityProviders"/>, <see cref="SignInPolicy"/>, <see cref="InvitationLinks"/>,
    /// logging and the stores; <see cref="MailSettings"/> if there are any.
    /// </summary>
    public static IServiceCollection AddMcpxCore(this IServiceCollection services)
    {
        services.AddSingleton<ChangeFeed>();
        services.AddSingleton<JobRunner>().AddHostedService(s => s.GetRequiredService<JobRunner>());

        services.AddSingleton<TokenHasher>().AddSingleton<TokenPeppers>().AddSingleton<TokenAdmin>().AddSingleton<SignInLinks>();
        services.AddSingleton<NewAddresses>().AddHostedService(s => s.GetRequiredService<NewAddresses>());
        services.AddSingleton<AuditAdmin>().AddSingleton<RefusedSignIns>().AddHostedService(s => s.GetRequiredService<RefusedSignIns>());
        services.AddAuditChain().AddSingleton<ChainAdmin>().AddSingleton<IJob, ChainCheckpointJob>();
        services.AddSingleton<Accounts>().AddSingleton<AccountAdmin>().AddSingleton<GroupRoleAdmin>();
        services.AddSingleton<OrganizationAdmin>().AddSingleton<MemberAdmin>().AddSingleton<InvitationAdmin>();
        services.AddSingleton(s => InvitationMail.PostFor(s.GetService<MailSettings>(), s.GetRequiredService<ILogger<InvitationMail>>()));
        services.AddSingleton<SessionDirectory>().AddSingleton<SessionAdmin>();
        services.AddSingleton<EndpointNames>().AddSingleton<ServiceAccountAdmin>();
        services.AddOAuth();

        services.AddSingleton(s => new CredentialVault(new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), CredentialVault.Purpose)));
        services.AddSingleton<UpstreamTokens>().AddSingleton<CredentialBroker>().AddSingleton<UpstreamAccess>();
        services.AddSingleton<EgressRules>().AddSingleton<EgressHandlerFactory>().AddSingleton<EgressAdmin>();
        services.AddSingleton<KeyRotation>().AddSingleton<IJob, KeyRotationJob>().AddSingleton<OperatorOrganization>().AddSingleton<KeyAdmin>();
        services.AddSingleton<ProtocolProbe>().AddSingleton<UpstreamProtocols>();
        services.AddSingleton<ServerAdmin>().AddSingleton<ConnectionTest>();
        services.AddSingleton<CatalogReader>().AddSingleton<CatalogKeeper>().AddSingleton<IRouteSource>(s => s.GetRequiredService<SnapshotKeeper>());
        services.AddHostedService(s => s.GetRequiredService<CatalogKeeper>());
        services.AddSingleton<GatewayAdmin>();
        services.AddSingleton<GovernanceEngine>().AddSingleton<GovernanceAdmin>().AddSingleton<CallMeter>().AddSingleton<CallLimitAdmin>();
        services.AddDecisions();
        services.AddSingleton<UpstreamGuard>().AddSingleton<InstallationAdmin>();
        services.AddSingleton<MetricsQuery>().AddSingleton<InstallationFigures>().AddSingleton<MetricQueries>().AddSingleton<LiveFigures>().AddSingleton<MetricRetentionAdmin>().AddSingleton<IJob, MetricRetentionJob>();
        services.AddSingleton<ToolLabels>().AddSingleton<CallLabels>().AddSingleton<GatewayGauges>();
        services.AddSingleton<GatewayMetrics>().AddSingleton<ICallSink>(s => s.GetRequiredService<GatewayMetrics>());

        services.AddSingleton<IRedactionSource>(s => s.GetRequiredService<SnapshotKeeper>());
        services.AddSingleton(s => new RedactionVault(new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), RedactionVault.Purpose)));
        services.AddSingleton<RedactionKeys>().AddSingleton<RedactionAdmin>().AddSingleton<CallRedactor>();
        services.AddSingleton<CallFeed>().AddSingleton<ICallSink>(s => s.GetRequiredService<CallFeed>());
        services.AddSingleton<JournalKeys>().AddSingleton<CallJournal>().AddSingleton<CallAdmin>().AddSingleton<CallQueries>().AddSingleton<SavedFilterAdmin>().AddSingleton<CallExport>().AddSingleton<RecordingAdmin>().AddSingleton<IJob, InterruptedCallsJob>();
        services.AddSingleton<RetentionAdmin>().AddSingleton<IJob, RetentionJob>();
        services.AddHostedService(s => s.GetRequiredService<CallJournal>());
        services.AddSingleton(s => new ExportVault(new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), ExportVault.Purpose)));
        services.AddSingleton<ExportFolder>().AddSingleton<S3Client>().AddSingleton<ScheduledExportAdmin>().AddSingleton<IJob, ScheduledExportsJob>();
        services.AddSingleton(s => new LogStreamVault(new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), LogStreamVault.Purpose)));
        services.AddSingleton<LogTargets>().AddSingleton<LogStreamAdmin>().AddSingleton<IJob, LogStreamJob>();
        return services.AddProxy();
    }

    /// <summary>What whoever writes records needs to link them.</summary>
    public static IServiceCollection AddAuditChain(this IServiceCollection services)
    {
        services.AddSingleton(s => new AuditKeyVault(new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), AuditKeyVault.Purpose)));
        return services.AddSingleton<AuditKeys>().AddSingleton<ChainKeeper>();
    }

    private static void AddDecisions(this IServiceCollection services)
    {
        services.AddSingleton<IPinSource>(s => s.GetRequiredService<SnapshotKeeper>());
        services.AddSingleton<PinEvents>().AddSingleton<PinLearner>().AddSingleton<ToolPinAdmin>();
        services.AddSingleton<PinWatch>().AddHostedService(s => s.GetRequiredService<PinWatch>());
        services.AddSingleton<PinGuard>();
        services.AddSingleton(s => new PolicyEngineVault(new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), PolicyEngineVault.Purpose)));
        services.AddSingleton<PolicyEngineClient>().AddSingleton<PolicyEngineAdmin>().AddSingleton<PolicyGate>().AddSingleton<PolicyEngineCheck>();
    }

    private static void AddOAuth(this IServiceCollection services)
    {
        services.AddSingleton<CallerDirectory>().AddSingleton<ServiceAccountDirectory>().AddSingleton<AccessTokenCallers>();
        services.AddSingleton<ICallerDirectory, CallerLookup>();
        services.AddSingleton(s => new SigningKeyVault(new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), SigningKeyVault.Purpose)));
        services.AddSingleton<SigningKeyRotation>().AddSingleton<IJob, SigningKeyJob>();
        services.AddSingleton<SigningKeys>().AddSingleton<AccessTokens>();
        services.AddSingleton<SecretVerifier>().AddSingleton<FailureLimit>().AddSingleton<ClientAuthentication>().AddSingleton<ClientCredentialsGrant>();
    }

    private static IServiceCollection AddProxy(this IServiceCollection services)
    {
        services.AddSingleton(s => new SessionHandles(new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), SessionHandles.Purpose)));
        services.AddSingleton(s => new SealedValues(
            new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), SealedValues.Purpose), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<SnapshotKeeper>().AddSingleton<ServerSwitches>().AddSingleton<AnswerRelay>().AddSingleton<EventRelay>().AddSingleton<JsonRelay>();
        services.AddSingleton<IUpstreamTransport, HttpUpstreamTransport>();
        services.AddSingleton<RawLeg>().AddSingleton<CallHandles>();
        AddBridge(services);
        AddGateways(services);
        services.AddSingleton<RecordMaker>().AddSingleton<CallTracing>();
        foreach (Type filter in ProxyPipeline.Order)
            services.AddSingleton(typeof(IProxyFilter), filter);
        return services.AddSingleton<ProxyPipeline>();
    }

    private static void AddBridge(IServiceCollection services)
    {
        services.AddSingleton<UpstreamSessions>().AddHostedService(s => s.GetRequiredService<UpstreamSessions>());
        services.AddSingleton<ClientSessions>().AddHostedService(s => s.GetRequiredService<ClientSessions>());
        services.AddSingleton<StatelessUpstream>().AddSingleton<ParameterHeaders>().AddSingleton<ServerQuestions>();
        services.AddSingleton<SessionToStateless>().AddSingleton<SessionToSession>().AddSingleton<StatelessToSession>();
        services.AddSingleton<UpstreamRelations>().AddSingleton<ResourceSubscriptions>();
        services.AddSingleton<SessionFront>().AddSingleton<SessionBridge>().AddSingleton<StatelessBridge>();
    }

    private static void AddGateways(IServiceCollection services)
    {
        services.AddSingleton<GatewayResolver>().AddSingleton<GatewayLists>().AddSingleton<GatewayDescription>().AddSingleton<GatewayCalls>();
        services.AddSingleton<MemberHops>().AddSingleton<GatewayNews>().AddSingleton<ResourceNews>();
        services.AddSingleton<SessionGateway>().AddSingleton<StatelessGateway>();
        services.AddSingleton<GatewayExplainer>().AddSingleton<AccessSubjects>().AddSingleton<AccessExplainer>().AddSingleton<RuleReplay>().AddSingleton<CallRepeater>();
    }
}
