using System.Text.Json;

namespace Mcpx.Tests.Proxy;

/// <summary>Messages of both eras as a client writes them.</summary>
internal static class Mcp
{
    public const string List = """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}""";
    public const string Initialize = """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}""";

    private const string Meta = """ "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}""";

    public static string Call(string tool, string arguments = "{}") =>
        $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":{{{JsonSerializer.Serialize(tool)}}},"arguments":{{{arguments}}}}}""";

    public static string StatelessCall(string tool) =>
        $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":{{{JsonSerializer.Serialize(tool)}}},{{{Meta}}}}}""";

    public static (string Name, string Value)[] StatelessHeaders(string tool) => [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", tool)];

    public static string Result(string result) => $$"""{"jsonrpc":"2.0","id":1,"result":{{result}}}""";

    /// <summary>An upstream's list of tools with these names.</summary>
    public static string Tools(params string[] names) => Result(ToolList(names));

    /// <summary>The same without the answer around it.</summary>
    public static string ToolList(params string[] names) =>
        "{\"tools\":[" + string.Join(',', names.Select(n => $$$"""{"name":{{{JsonSerializer.Serialize(n)}}},"inputSchema":{"type":"object"}}""")) + "]}";
}
