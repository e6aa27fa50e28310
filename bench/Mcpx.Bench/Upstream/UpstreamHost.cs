using Mcpx.Bench.Processes;

namespace Mcpx.Bench.Upstream;

/// <summary>The MCP server behind everything that is measured: as little work per call as Kestrel allows.</summary>
internal static class UpstreamHost
{
    public const string Role = "upstream";

    public static Task<int> RunAsync(string secret, CancellationToken cancellationToken) =>
        RoleHost.RunAsync(new UpstreamEndpoint(secret).HandleAsync, cancellationToken);
}
