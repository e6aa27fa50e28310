using Mcpx.Core.Calls;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Health;
using Mcpx.Core.Identity;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;
using Mcpx.Core.Proxy;
using Mcpx.Core.Proxy.Bridge;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Core.Servers;
using Microsoft.Extensions.DependencyInjection;

namespace Mcpx.Core;

/// <summary>Puts the gateway engine together. The stores come from Data, the doors from Web.</summary>
public static class CoreSetup
{
    /// <summary>
    /// Needs from elsewhere: <see cref="KeyRing"/>, <see cref="AddressGuard"/>, <see cref="GlobalLimit"/>,
    /// <see cref="TimeProvider"/>, logging and the stores.
    /// </summary>
    public static IServiceCollection AddMcpxCore(this IServiceCollection services)
    {
        services.AddSingleton<ChangeFeed>();

        services.AddSingleton<TokenHasher>().AddSingleton<TokenAdmin>().AddSingleton<SignInLinks>();
        services.AddSingleton<CallerDirectory>().AddSingleton<ICallerDirectory>(s => s.GetRequiredService<CallerDirectory>());

        services.AddSingleton(s => new CredentialVault(new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), CredentialVault.Purpose)));
        services.AddSingleton<CredentialBroker>();
        services.AddSingleton<EgressHandlerFactory>();
        services.AddSingleton<ProtocolProbe>().AddSingleton<UpstreamProtocols>();
        services.AddSingleton<ServerAdmin>().AddSingleton<ConnectionTest>();
        services.AddSingleton<CatalogReader>().AddSingleton<CatalogKeeper>().AddSingleton<IRouteSource>(s => s.GetRequiredService<SnapshotKeeper>());
        services.AddHostedService(s => s.GetRequiredService<CatalogKeeper>());
        services.AddSingleton<GatewayAdmin>();
        services.AddSingleton<GovernanceEngine>().AddSingleton<GovernanceAdmin>();
        services.AddSingleton<UpstreamGuard>();
        services.AddSingleton<MetricsQuery>().AddSingleton<LiveFigures>();

        services.AddSingleton<CallFeed>().AddSingleton<ICallSink>(s => s.GetRequiredService<CallFeed>());
        services.AddSingleton<CallJournal>().AddSingleton<CallAdmin>();
        services.AddHostedService(s => s.GetRequiredService<CallJournal>());
        return services.AddProxy();
    }

    private static IServiceCollection AddProxy(this IServiceCollection services)
    {
        services.AddSingleton(s => new SessionHandles(new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), SessionHandles.Purpose)));
        services.AddSingleton(s => new SealedValues(
            new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), SealedValues.Purpose), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<SnapshotKeeper>().AddSingleton<AnswerRelay>().AddSingleton<EventRelay>().AddSingleton<JsonRelay>();
        services.AddSingleton<IUpstreamTransport, HttpUpstreamTransport>();
        services.AddSingleton<RawLeg>().AddSingleton<CallHandles>();
        AddBridge(services);
        AddGateways(services);
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
        services.AddSingleton<GatewayExplainer>();
    }
}
