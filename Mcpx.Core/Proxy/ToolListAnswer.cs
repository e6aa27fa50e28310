using System.Buffers;
using System.Text.Json;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>Whether a list may show a tool.</summary>
/// <param name="definition">The whole item as it came.</param>
public delegate bool ToolSeen(string name, ReadOnlySpan<byte> definition);

/// <summary>
/// Takes tools out of a <c>tools/list</c> answer. What stays is copied byte for byte, so members that we don't know
/// survive; an answer that can't be read is refused, since it might show what is hidden.
/// </summary>
public static class ToolListAnswer
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = McpMessageReader.MaxDepth };

    public static ReadOnlyMemory<byte> Keep(ReadOnlyMemory<byte> answer, Func<string, bool> isVisible) => Keep(answer, (name, _) => isVisible(name));

    public static ReadOnlyMemory<byte> Keep(ReadOnlyMemory<byte> answer, ToolSeen isVisible)
    {
        ArrayBufferWriter<byte> output = new(Math.Max(answer.Length, 1));
        int copied = 0;
        try
        {
            Utf8JsonReader json = new(answer.Span, Options);
            json.Read();
            Demand(json.TokenType is JsonTokenType.StartObject);
            while (NextMember(ref json))
            {
                bool isResult = json.ValueTextEquals("result"u8);
                json.Read();
                if (!isResult)
                {
                    json.Skip();
                    continue;
                }

                Demand(json.TokenType is JsonTokenType.StartObject);
                while (NextMember(ref json))
                {
                    // Every member of that name: a second one would be the list that another parser sees.
                    bool isTools = json.ValueTextEquals("tools"u8);
                    json.Read();
                    Demand(!isTools || json.TokenType is JsonTokenType.StartArray);
                    if (isTools) FilterArray(ref json, answer.Span, output, ref copied, isVisible);
                    else json.Skip();
                }
            }

            // Refuses anything but white space behind the object: a second one would pass unfiltered.
            json.Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw NotWellFormed();
        }

        if (copied == 0) return answer;
        output.Write(answer.Span[copied..]);
        return output.WrittenMemory;
    }

    private static void FilterArray(ref Utf8JsonReader json, ReadOnlySpan<byte> answer, ArrayBufferWriter<byte> output, ref int copied, ToolSeen isVisible)
    {
        output.Write(answer[copied..(int)json.BytesConsumed]);
        bool first = true;
        while (json.Read() && json.TokenType is not JsonTokenType.EndArray)
        {
            int start = (int)json.TokenStartIndex;
            string? name = json.TokenType is JsonTokenType.StartObject ? ReadName(ref json) : null;
            if (json.TokenType is JsonTokenType.StartArray) json.Skip();
            if (name is null || !isVisible(name, answer[start..(int)json.BytesConsumed])) continue;
            if (!first) output.Write(","u8);
            first = false;
            output.Write(answer[start..(int)json.BytesConsumed]);
        }

        copied = (int)json.TokenStartIndex;
    }

    /// <summary>Null for a tool without a name, or with two: which one would the client show?</summary>
    private static string? ReadName(ref Utf8JsonReader json)
    {
        string? name = null;
        int names = 0;
        while (NextMember(ref json))
        {
            bool isName = json.ValueTextEquals("name"u8);
            json.Read();
            if (isName)
            {
                names++;
                name = json.TokenType is JsonTokenType.String ? json.GetString() : null;
            }

            json.Skip();
        }

        return names == 1 ? name : null;
    }

    private static void Demand(bool holds)
    {
        if (!holds) throw NotWellFormed();
    }

    private static UpstreamAnswerException NotWellFormed() => new("The server's list of tools is not well-formed.");

    private static bool NextMember(ref Utf8JsonReader json) => json.Read() && json.TokenType is JsonTokenType.PropertyName;
}
