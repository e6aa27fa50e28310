using Mcpx.Core.Gateways;
using Mcpx.Core.Proxy.Bridge;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>The ways to servers other than the one that the request itself is for.</summary>
public sealed class MemberHops(UpstreamProtocols protocols)
{
    public async ValueTask<UpstreamHop> ToAsync(ServerRoute route, CancellationToken cancellationToken) =>
        new(route, await protocols.FindAsync(route.Server, route.Credential, cancellationToken));
}
