using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mcpx.Core.Servers;

/// <summary>Takes items out of a list's answer as they came: what we don't know survives, numbers and escapes too.</summary>
internal static class CatalogItems
{
    private static readonly JsonWriterOptions Loose = new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Null when the item has no name to call it by: none, an empty one, two, or half a surrogate pair.</summary>
    public static CatalogItem? Read(JsonNode? node, string keyMember)
    {
        try
        {
            return node is JsonObject item && item[keyMember] is JsonValue value && value.TryGetValue(out string? key) && key.Length > 0
                ? new CatalogItem(key, Write(item))
                : null;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or JsonException)
        {
            return null;
        }
    }

    private static ReadOnlyMemory<byte> Write(JsonNode node)
    {
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter json = new(output, Loose)) Write(json, node);
        return output.WrittenMemory;
    }

    /// <summary>By hand, since the framework's own writing decodes and encodes each text, and fails at half a surrogate pair.</summary>
    private static void Write(Utf8JsonWriter json, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                json.WriteStartObject();
                foreach ((string name, JsonNode? member) in members)
                {
                    json.WritePropertyName(name);
                    Write(json, member);
                }

                json.WriteEndObject();
                break;
            case JsonArray items:
                json.WriteStartArray();
                foreach (JsonNode? item in items) Write(json, item);
                json.WriteEndArray();
                break;
            case null:
                json.WriteNullValue();
                break;
            default:
                json.WriteRawValue(JsonMarshal.GetRawUtf8Value(node.GetValue<JsonElement>()), skipInputValidation: true);
                break;
        }
    }
}
