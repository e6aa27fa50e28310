namespace Mcpx.Web.Proxy;

/// <summary>Door 1: agents.</summary>
internal static class McpEndpoints
{
    public static void MapMcp(this IEndpointRouteBuilder endpoints)
    {
        McpRequestHandler handler = endpoints.ServiceProvider.GetRequiredService<McpRequestHandler>();
        Map(endpoints, handler, "/mcp/{org}/server/{slug}");
        // The organisation comes from the credential; for clients whose token is fixed in a header.
        Map(endpoints, handler, "/mcp/server/{slug}");
    }

    // Short-circuited: an agent's call passes none of the dashboard's middleware.
    private static void Map(IEndpointRouteBuilder endpoints, McpRequestHandler handler, string pattern) =>
        endpoints.Map(pattern, handler.HandleAsync).WithDisplayName($"MCP {pattern}").ShortCircuit();
}
