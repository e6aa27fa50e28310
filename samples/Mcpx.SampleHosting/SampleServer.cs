using ModelContextProtocol.Server;

namespace Mcpx.SampleHosting;

/// <summary>One MCP server of a sample process: its place, its lock and what it offers.</summary>
/// <param name="path">Where it answers, e.g. <c>/crm/mcp</c>.</param>
/// <param name="createOptions">Called for every session and for every stateless request, so what they share must be kept outside.</param>
internal sealed class SampleServer(string path, Guard guard, Func<McpServerOptions> createOptions)
{
    public string Path => path;

    public Guard Guard => guard;

    public ServedEras Eras { get; init; }

    /// <summary>Streams that a client may come back to after its connection broke; null offers no resumption.</summary>
    public EventLog? Events { get; init; }

    public McpServerOptions CreateOptions() => createOptions();
}
