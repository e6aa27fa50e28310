using Mcpx.SampleHosting;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Mcpx.DemoServers;

internal static class DemoServer
{
    public static string PathOf(string name) => $"/{name}/mcp";

    public static SampleServer Create(string name, string title, string instructions, Guard guard, params IEnumerable<Delegate> tools)
    {
        McpServerPrimitiveCollection<McpServerTool> collection = [.. tools.Select(tool => McpServerTool.Create(tool))];
        return new SampleServer(PathOf(name), guard, () =>
        {
            var options = new McpServerOptions
            {
                ServerInfo = new Implementation { Name = $"mcpx-demo-{name}", Title = title, Version = "1.0.0" },
                ServerInstructions = instructions,
                ToolCollection = collection,
                ScopeRequests = false,
            };
            options.Filters.Request.CallToolFilters.Add(ToolRefusedException.AsToolError);
            return options;
        });
    }
}
