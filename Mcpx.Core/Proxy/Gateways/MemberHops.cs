using Mcpx.Core.Credentials;
using Mcpx.Core.Gateways;
using Mcpx.Core.Proxy.Bridge;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>The ways to servers other than the one that the request itself is for.</summary>
public sealed class MemberHops(UpstreamProtocols protocols, CredentialBroker broker)
{
    /// <exception cref="CredentialUnreadableException">See <see cref="CredentialVault.Open"/>.</exception>
    public async ValueTask<UpstreamHop> ToAsync(ServerRoute route, CancellationToken cancellationToken) =>
        new(route, broker.Obtain(route.Credential), await protocols.FindAsync(route.Server, route.Credential, cancellationToken));
}
