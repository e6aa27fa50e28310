using Mcpx.DemoServers.Hosting;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Mcpx.DemoServers;

/// <summary>One MCP server of this process: its place, its lock and its tools.</summary>
internal sealed class DemoServer(string name, string title, string instructions, Guard guard, params IEnumerable<Delegate> tools)
{
    private readonly McpServerPrimitiveCollection<McpServerTool> _tools = [.. tools.Select(tool => McpServerTool.Create(tool))];

    public string Name => name;

    public string Path => $"/{name}/mcp";

    public Guard Guard => guard;

    /// <summary>Fresh for every session and for every stateless request; only the tools are shared.</summary>
    public McpServerOptions CreateOptions()
    {
        var options = new McpServerOptions
        {
            ServerInfo = new Implementation { Name = $"mcpx-demo-{name}", Title = title, Version = "1.0.0" },
            ServerInstructions = instructions,
            ToolCollection = _tools,
            ScopeRequests = false,
        };
        options.Filters.Request.CallToolFilters.Add(ToolRefusedException.AsToolError);
        return options;
    }
}
