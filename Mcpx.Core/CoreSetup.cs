using Mcpx.Core.Calls;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;
using Mcpx.Core.Proxy;
using Mcpx.Core.Servers;
using Microsoft.Extensions.DependencyInjection;

namespace Mcpx.Core;

/// <summary>Puts the gateway engine together. The stores come from Data, the doors from Web.</summary>
public static class CoreSetup
{
    /// <summary>
    /// Needs from elsewhere: <see cref="KeyRing"/>, <see cref="AddressGuard"/>, <see cref="TimeProvider"/>, logging and
    /// the stores.
    /// </summary>
    public static IServiceCollection AddMcpxCore(this IServiceCollection services)
    {
        services.AddSingleton<ChangeFeed>();

        services.AddSingleton<TokenHasher>().AddSingleton<TokenAdmin>().AddSingleton<SignInLinks>();
        services.AddSingleton<CallerDirectory>().AddSingleton<ICallerDirectory>(s => s.GetRequiredService<CallerDirectory>());

        services.AddSingleton(s => new CredentialVault(new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), CredentialVault.Purpose)));
        services.AddSingleton<CredentialBroker>();
        services.AddSingleton<EgressHandlerFactory>();
        services.AddSingleton<ServerAdmin>().AddSingleton<ConnectionTest>();
        services.AddSingleton<GatewayAdmin>();
        services.AddSingleton<GovernanceEngine>().AddSingleton<GovernanceAdmin>();
        services.AddSingleton<MetricsQuery>().AddSingleton<LiveFigures>();

        services.AddSingleton<CallFeed>().AddSingleton<ICallSink>(s => s.GetRequiredService<CallFeed>());
        services.AddSingleton<CallJournal>().AddSingleton<CallAdmin>();
        services.AddHostedService(s => s.GetRequiredService<CallJournal>());
        return services.AddProxy();
    }

    private static IServiceCollection AddProxy(this IServiceCollection services)
    {
        services.AddSingleton(s => new SessionHandles(new AesGcmSecretProtector(s.GetRequiredService<KeyRing>(), SessionHandles.Purpose)));
        services.AddSingleton<SnapshotKeeper>().AddSingleton<AnswerRelay>().AddSingleton<EventRelay>().AddSingleton<JsonRelay>();
        services.AddSingleton<IUpstreamTransport, HttpUpstreamTransport>();
        foreach (Type filter in ProxyPipeline.Order)
            services.AddSingleton(typeof(IProxyFilter), filter);
        return services.AddSingleton<ProxyPipeline>();
    }
}
