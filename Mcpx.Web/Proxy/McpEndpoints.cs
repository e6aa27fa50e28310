namespace Mcpx.Web.Proxy;

/// <summary>Door 1: agents.</summary>
internal static class McpEndpoints
{
    public static void MapMcp(this IEndpointRouteBuilder endpoints)
    {
        McpRequestHandler handler = endpoints.ServiceProvider.GetRequiredService<McpRequestHandler>();
        foreach (string kind in (string[])["server", "gateway"])
        {
            bool isGateway = kind == "gateway";
            Map(endpoints, handler, $"/mcp/{{org}}/{kind}/{{slug}}", isGateway);
            // The organisation comes from the credential; for clients whose token is fixed in a header.
            Map(endpoints, handler, $"/mcp/{kind}/{{slug}}", isGateway);
        }
    }

    // Short-circuited: an agent's call passes none of the dashboard's middleware.
    private static void Map(IEndpointRouteBuilder endpoints, McpRequestHandler handler, string pattern, bool isGateway) =>
        endpoints.Map(pattern, http => handler.HandleAsync(http, isGateway)).WithDisplayName($"MCP {pattern}").ShortCircuit();
}
