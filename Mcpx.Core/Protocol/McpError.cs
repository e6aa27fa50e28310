using System.Text.Json;

namespace Mcpx.Core.Protocol;

/// <summary>Error codes of JSON-RPC 2.0 (section 5.1) and of MCP 2026-07-28.</summary>
public static class McpErrorCodes
{
    public const int ParseError = -32700;
    public const int InvalidRequest = -32600;
    public const int MethodNotFound = -32601;
    public const int InvalidParams = -32602;
    public const int InternalError = -32603;

    /// <summary>Not in the specification; what the official SDKs answer for a session that is gone.</summary>
    public const int SessionNotFound = -32001;

    /// <summary>Refused by the gateway before any method was looked at: credentials, limits, overload.</summary>
    public const int Refused = -32000;

    public const int HeaderMismatch = -32020;
    public const int MissingRequiredClientCapability = -32021;
    public const int UnsupportedProtocolVersion = -32022;
}

/// <summary>A JSON-RPC error of the gateway's own.</summary>
/// <param name="Status">The HTTP status that says what is wrong.</param>
/// <param name="Data">Written as <c>error.data</c>; strings, lists of strings, and the same in objects.</param>
public sealed record McpError(int Status, int Code, string Message, IReadOnlyDictionary<string, object>? Data = null)
{
    /// <summary>
    /// True for what a session-era client must read: it takes a status other than 200 for a broken transport and drops the
    /// text, so that as the answer to its request the error goes out with 200.
    /// </summary>
    public bool IsReadInSession { get; init; }

    /// <param name="id">The request's id as raw JSON; empty writes null (JSON-RPC 2.0, section 5).</param>
    public byte[] ToJson(ReadOnlySpan<byte> id)
    {
        using MemoryStream stream = new(256);
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc"u8, "2.0"u8);
            writer.WritePropertyName("id"u8);
            if (id.IsEmpty) writer.WriteNullValue();
            else writer.WriteRawValue(id);
            writer.WriteStartObject("error"u8);
            writer.WriteNumber("code"u8, Code);
            writer.WriteString("message"u8, Message);
            if (Data is not null) WriteData(writer, Data);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void WriteData(Utf8JsonWriter writer, IReadOnlyDictionary<string, object> data)
    {
        writer.WriteStartObject("data"u8);
        WriteMembers(writer, data);
        writer.WriteEndObject();
    }

    private static void WriteMembers(Utf8JsonWriter writer, IReadOnlyDictionary<string, object> data)
    {
        foreach ((string name, object value) in data)
        {
            switch (value)
            {
                case IReadOnlyDictionary<string, object> members:
                    writer.WriteStartObject(name);
                    WriteMembers(writer, members);
                    writer.WriteEndObject();
                    break;
                case IEnumerable<string> list:
                    writer.WriteStartArray(name);
                    foreach (string item in list)
                        writer.WriteStringValue(item);
                    writer.WriteEndArray();
                    break;
                default:
                    writer.WriteString(name, value.ToString());
                    break;
            }
        }
    }
}
