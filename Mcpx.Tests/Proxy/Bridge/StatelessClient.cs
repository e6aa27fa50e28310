using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using ModelContextProtocol.Protocol;
using Xunit;

namespace Mcpx.Tests.Proxy.Bridge;

/// <summary>A client of 2026-07-28 that shows a test every byte.</summary>
internal sealed class StatelessClient(GatewayFixture gateway, string path)
{
    public static StatelessClient Of(GatewayFixture gateway, string server) => new(gateway, $"/mcp/{gateway.Organization}/server/{server}");

    /// <param name="parameters">Members of <c>params</c> without <c>_meta</c>, e.g. <c>"name":"x"</c>.</param>
    /// <param name="meta">More members of <c>_meta</c>.</param>
    public static string Message(string method, string parameters = "", string id = "1", string meta = "", string capabilities = "{}")
    {
        var described = "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":" + capabilities;
        var own = parameters.Length > 0 ? parameters + "," : "";
        return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":{" + own + "\"_meta\":{" + described + (meta.Length > 0 ? "," + meta : "") + "}}}";
    }

    public async Task<HttpAnswer> SendAsync(string message, string? token = null) =>
        await gateway.SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(message), token ?? gateway.Token, HeadersOf(message));

    public Task<HttpAnswer> CallAsync(string tool, string arguments = "{}", string meta = "", string id = "1", string more = "") =>
        SendAsync(Message("tools/call", $"\"name\":{JsonSerializer.Serialize(tool)},\"arguments\":{arguments}{more}", id, meta));

    public Task<MessageStream> StartAsync(string message) => StartUntilAsync(message, TestContext.Current.CancellationToken);

    /// <summary>A client that hangs up when told.</summary>
    public Task<MessageStream> StartUntilAsync(string message, CancellationToken cancellationToken) =>
        MessageStream.OpenAsync(new Uri(gateway.Url, path), HttpMethod.Post, message, gateway.Token, cancellationToken, HeadersOf(message));

    private static (string, string)[] HeadersOf(string message)
    {
        var json = JsonNode.Parse(message)!;
        var name = new[] { "name", "uri", "taskId" }.Select(n => json["params"]![n] as JsonValue).FirstOrDefault(v => v?.GetValueKind() is JsonValueKind.String)?.GetValue<string>();
        return
        [
            ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", json["method"]!.GetValue<string>()),
            .. name is null ? Array.Empty<(string, string)>() : [("Mcp-Name", McpHeaderEncoder.EncodeValue(name)!)],
        ];
    }
}
