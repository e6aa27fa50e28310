using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

internal static class ServerLimits
{
    /// <summary>Gives a server other limits; the call path knows them afterwards.</summary>
    public static async Task SetLimitsAsync(this GatewayFixture gateway, string slug, UpstreamLimits limits)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var store = gateway.Services.GetRequiredService<IServerStore>();
        var organization = gateway.Owner.Organization;
        var found = (await store.FindBySlugAsync(organization, slug, cancellation)).ShouldNotBeNull();
        await store.UpdateAsync(found.Server with { Limits = limits }, replaceCredential: false, found.Credential, cancellation);
        await gateway.Services.GetRequiredService<ChangeFeed>().PublishAsync(new Change(ChangeKind.Configuration, organization.Value));
        gateway.Services.GetRequiredService<SnapshotKeeper>().Current.Gateways.Find(organization)!.FindServer(slug)!.Server.Limits.ShouldBe(limits);
    }
}
