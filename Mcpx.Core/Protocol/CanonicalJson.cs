using System.Security.Cryptography;
using System.Text.Json;

namespace Mcpx.Core.Protocol;

/// <summary>Tells whether two JSON texts say the same, whatever order and white space they were written in.</summary>
public static class CanonicalJson
{
    /// <summary>The same for equal values: members are sorted by name; numbers count as they are spelled.</summary>
    /// <exception cref="JsonException">Not one JSON value.</exception>
    public static string Digest(ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = McpMessageReader.MaxDepth });
        using MemoryStream stream = new(json.Length);
        using (Utf8JsonWriter writer = new(stream))
            Write(writer, document.RootElement);
        return Convert.ToHexStringLower(SHA256.HashData(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (JsonProperty member in value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonElement item in value.EnumerateArray())
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteRawValue(value.GetRawText(), skipInputValidation: true);
                break;
        }
    }
}
