using System.Buffers;
using System.Text.Json;
using Mcpx.Bench.Wire;

namespace Mcpx.Bench.Upstream;

/// <summary>The parts of a request that the answer or a check needs; everything else is skipped over.</summary>
internal readonly record struct UpstreamRequest(
    byte[] Id, string Method, string? Name, byte[]? Nonce, int AnswerBytes, bool Stateless, int Events = 1)
{
    /// <summary>Null when the body is not a JSON-RPC message.</summary>
    public static UpstreamRequest? Read(in ReadOnlySequence<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        var request = new UpstreamRequest([], "", null, null, 0, Stateless: false);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName) request = request.With(ref reader);
            }
        }
        catch (JsonException)
        {
            return null;
        }
        return request.Method.Length == 0 ? null : request;
    }

    // Depth 1: the message; 2: params; 3: arguments and _meta.
    private UpstreamRequest With(ref Utf8JsonReader reader) => reader.CurrentDepth switch
    {
        1 when reader.ValueTextEquals("id"u8) => this with { Id = Raw(ref reader) },
        1 when reader.ValueTextEquals("method"u8) => this with { Method = MethodOf(ref reader) },
        2 when reader.ValueTextEquals("name"u8) => this with { Name = Text(ref reader) },
        3 when reader.ValueTextEquals("nonce"u8) => this with { Nonce = Raw(ref reader)[1..^1] },
        3 when reader.ValueTextEquals("bytes"u8) => this with { AnswerBytes = Number(ref reader) },
        3 when reader.ValueTextEquals("events"u8) => this with { Events = Number(ref reader) },
        3 when reader.ValueTextEquals("io.modelcontextprotocol/protocolVersion"u8) => this with { Stateless = true },
        _ => this,
    };

    private static byte[] Raw(ref Utf8JsonReader reader)
    {
        reader.Read();
        var value = reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan.ToArray();
        return reader.TokenType == JsonTokenType.String ? [(byte)'"', .. value, (byte)'"'] : value;
    }

    private static string MethodOf(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.ValueTextEquals("tools/call"u8) ? "tools/call" : reader.GetString() ?? "";
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String) return null;
        return reader.ValueTextEquals(McpWire.ToolName) ? McpWire.ToolName : reader.GetString();
    }

    private static int Number(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var value) ? value : 0;
    }
}
