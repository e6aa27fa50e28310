using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Mcpx.SampleHosting;

/// <summary>
/// MCP 2026-07-28, Transports, "x-mcp-header": what a tool's schema marks so is repeated in <c>Mcp-Param-*</c> for
/// routers on the way, and must be the argument itself, or a router would have acted on another call than the tool does.
/// </summary>
internal static class ParameterHeaders
{
    private const string Mark = "x-mcp-header";

    public static Refusal? Check(Opening opening, McpServerPrimitiveCollection<McpServerTool>? tools)
    {
        if (!opening.IsStateless || opening.Method != RequestMethods.ToolsCall || Opening.Text(opening.Params?["name"]) is not { } name)
            return null;
        if (tools is null || !tools.TryGetPrimitive(name, out var tool) || !tool.ProtocolTool.InputSchema.TryGetProperty("properties", out var properties))
            return null;

        var arguments = opening.Params?["arguments"] as JsonObject;
        foreach (var property in properties.EnumerateObject().Where(property => property.Value.ValueKind is JsonValueKind.Object))
        {
            if (property.Value.TryGetProperty(Mark, out var mark) && !Agrees(opening, $"Mcp-Param-{mark.GetString()}", arguments?[property.Name]))
                return Refusal.BadRequest(McpErrorCode.HeaderMismatch, $"Header mismatch: Mcp-Param-{mark.GetString()} must be the argument '{property.Name}'.");
        }

        return null;
    }

    private static bool Agrees(Opening opening, string header, JsonNode? argument)
    {
        if (!opening.Headers.TryGetValue(header, out var values))
            return argument is null;

        // DecodeValue gives null for broken base64.
        var given = McpHeaderEncoder.DecodeValue(values.ToString().Trim());
        return given is not null && (argument is null || given == (Opening.Text(argument) ?? argument.ToJsonString()));
    }
}
