using Mcpx.Core.Proxy;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

internal static class ServerLimits
{
    /// <summary>Gives a server other limits and waits until the call path knows them.</summary>
    public static async Task SetLimitsAsync(this GatewayFixture gateway, string slug, UpstreamLimits limits)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var store = gateway.Services.GetRequiredService<IServerStore>();
        var organization = gateway.Owner.Organization;
        var found = (await store.FindBySlugAsync(organization, slug, cancellation)).ShouldNotBeNull();
        await store.UpdateAsync(found.Server with { Limits = limits }, replaceCredential: false, found.Credential, cancellation);
        var snapshots = gateway.Services.GetRequiredService<SnapshotKeeper>();
        await Eventually.TrueAsync(
            () => snapshots.Current.Gateways.Find(organization)?.FindServer(slug)?.Server.Limits == limits, "the snapshot has the new limits", cancellation);
    }
}
