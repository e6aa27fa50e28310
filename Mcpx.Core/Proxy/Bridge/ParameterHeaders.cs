using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Mcpx.Core.Gateways;
using Mcpx.Core.Protocol;
using Mcpx.Core.Servers;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>
/// The arguments that a tool wants repeated as headers (MCP 2026-07-28, "Custom Headers from Tool Parameters"). Session-era
/// clients and servers know nothing of it, so the bridges write and check them by the tool's description.
/// </summary>
public sealed class ParameterHeaders(CatalogKeeper catalogs)
{
    private const long LargestSafeInteger = (1L << 53) - 1;
    private const int MostDepth = 16;

    private readonly ConditionalWeakTable<ServerCatalog, Dictionary<string, List<MirroredParameter>>> _mirrored = [];

    /// <summary>Empty for tools that want none, and when the description can't be had.</summary>
    public ValueTask<IReadOnlyList<KeyValuePair<string, string>>> OfAsync(BridgedCall call, CancellationToken cancellationToken) =>
        OfAsync(call.Hop.Route, call.Method, call.Name, call.Body, cancellationToken);

    /// <inheritdoc cref="OfAsync(BridgedCall, CancellationToken)"/>
    /// <param name="name">As the server calls the tool.</param>
    public async ValueTask<IReadOnlyList<KeyValuePair<string, string>>> OfAsync(ServerRoute route, string? method, string? name, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (method != RequestMethods.ToolsCall || name is null) return [];
        return HeadersOf(name, body, await catalogs.GetAsync(route, cancellationToken));
    }

    /// <summary>
    /// The first header of a stateless client's that its body contradicts; null when all agree. Its server can't find that out.
    /// A header that is missing has misled nobody: then the description is looked at only if it is at hand.
    /// </summary>
    public async ValueTask<string?> FindMismatchAsync(BridgedCall call, CancellationToken cancellationToken)
    {
        if (call.Method != RequestMethods.ToolsCall || call.Name is null || call.Context.WritesParameterHeaders) return null;
        IReadOnlyList<KeyValuePair<string, string>> given = call.Context.ParameterHeaders;
        ServerCatalog? catalog = given.Count > 0 ? await catalogs.GetAsync(call.Hop.Route, cancellationToken) : catalogs.Peek(call.Hop.Route);
        foreach ((string header, string expected) in HeadersOf(call.Name, call.Body, catalog))
        {
            string? value = given.FirstOrDefault(g => string.Equals(g.Key, header, StringComparison.OrdinalIgnoreCase)).Value;
            if (value is null || !Agree(McpHeaderEncoder.DecodeValue(value.Trim()), McpHeaderEncoder.DecodeValue(expected))) return header;
        }

        return null;
    }

    /// <summary>Numbers by their value: 42.0 is 42.</summary>
    private static bool Agree(string? given, string? expected) => given is not null && (given == expected
        || long.TryParse(expected, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            && decimal.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal same) && same == number);

    private List<KeyValuePair<string, string>> HeadersOf(string name, ReadOnlyMemory<byte> body, ServerCatalog? catalog)
    {
        List<KeyValuePair<string, string>> headers = [];
        if (catalog is null || !_mirrored.GetValue(catalog, MirroredIn).TryGetValue(name, out List<MirroredParameter>? mirrored)) return headers;
        foreach (MirroredParameter parameter in mirrored)
        {
            if (JsonEdit.Find(body, ["params", "arguments", .. parameter.Path]) is { } value && ToHeader(value) is { } text)
                headers.Add(new(parameter.Header, text));
        }

        return headers;
    }

    private static Dictionary<string, List<MirroredParameter>> MirroredIn(ServerCatalog catalog)
    {
        Dictionary<string, List<MirroredParameter>> found = [];
        foreach (CatalogItem tool in catalog.Tools)
        {
            if (tool.Json.Span.IndexOf("x-mcp-header"u8) < 0) continue;
            using JsonDocument document = JsonDocument.Parse(tool.Json);
            List<MirroredParameter> mirrored = [];
            if (document.RootElement.TryGetProperty("inputSchema", out JsonElement schema)) Collect(schema, [], mirrored);
            if (mirrored.Count > 0) found[tool.Key] = mirrored;
        }

        return found;
    }

    /// <summary>Only through <c>properties</c>: an annotation anywhere else is invalid.</summary>
    private static void Collect(JsonElement schema, string[] path, List<MirroredParameter> mirrored)
    {
        if (path.Length > MostDepth || schema.ValueKind is not JsonValueKind.Object
            || !schema.TryGetProperty("properties", out JsonElement properties) || properties.ValueKind is not JsonValueKind.Object) return;
        foreach (JsonProperty property in properties.EnumerateObject())
        {
            string[] here = [.. path, property.Name];
            if (property.Value.ValueKind is JsonValueKind.Object && property.Value.TryGetProperty("x-mcp-header", out JsonElement header)
                && header.ValueKind is JsonValueKind.String && header.GetString() is { Length: > 0 } name && Egress.OutboundHeaders.IsName(name))
                mirrored.Add(new MirroredParameter("Mcp-Param-" + name, here));
            Collect(property.Value, here, mirrored);
        }
    }

    private static string? ToHeader(ReadOnlyMemory<byte> value)
    {
        using JsonDocument document = JsonDocument.Parse(value);
        JsonElement element = document.RootElement;
        return element.ValueKind switch
        {
            JsonValueKind.String => McpHeaderEncoder.EncodeValue(element.GetString()),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Number when element.TryGetDecimal(out decimal number) && number == decimal.Truncate(number) && Math.Abs(number) <= LargestSafeInteger =>
                ((long)number).ToString(CultureInfo.InvariantCulture),
            _ => null,
        };
    }

    private sealed record MirroredParameter(string Header, string[] Path);
}
