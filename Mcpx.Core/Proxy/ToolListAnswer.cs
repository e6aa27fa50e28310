using System.Buffers;
using System.Text.Json;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Takes tools out of a <c>tools/list</c> answer. What stays is copied byte for byte, so members that we don't know
/// survive; an answer that can't be read is refused, since it might show what is hidden.
/// </summary>
public static class ToolListAnswer
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = McpMessageReader.MaxDepth };

    public static ReadOnlyMemory<byte> Keep(ReadOnlyMemory<byte> answer, Func<string, bool> isVisible)
    {
        ArrayBufferWriter<byte> output = new(answer.Length);
        int copied = 0;
        try
        {
            Utf8JsonReader json = new(answer.Span, Options);
            json.Read();
            while (NextMember(ref json))
            {
                bool isResult = json.ValueTextEquals("result"u8);
                json.Read();
                if (!isResult || json.TokenType is not JsonTokenType.StartObject)
                {
                    json.Skip();
                    continue;
                }

                while (NextMember(ref json))
                {
                    // Every member of that name: a second one would be the list that another parser sees.
                    bool isTools = json.ValueTextEquals("tools"u8);
                    json.Read();
                    if (isTools && json.TokenType is JsonTokenType.StartArray) FilterArray(ref json, answer.Span, output, ref copied, isVisible);
                    else json.Skip();
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new UpstreamAnswerException("The server's list of tools is not well-formed.");
        }

        if (copied == 0) return answer;
        output.Write(answer.Span[copied..]);
        return output.WrittenMemory;
    }

    private static void FilterArray(ref Utf8JsonReader json, ReadOnlySpan<byte> answer, ArrayBufferWriter<byte> output, ref int copied, Func<string, bool> isVisible)
    {
        output.Write(answer[copied..(int)json.BytesConsumed]);
        bool first = true;
        while (json.Read() && json.TokenType is not JsonTokenType.EndArray)
        {
            int start = (int)json.TokenStartIndex;
            string? name = json.TokenType is JsonTokenType.StartObject ? ReadName(ref json) : null;
            if (json.TokenType is JsonTokenType.StartArray) json.Skip();
            if (name is null || !isVisible(name)) continue;
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
        bool twice = false;
        while (NextMember(ref json))
        {
            bool isName = json.ValueTextEquals("name"u8);
            json.Read();
            if (isName)
            {
                twice |= name is not null;
                name = json.TokenType is JsonTokenType.String ? json.GetString() : null;
            }

            json.Skip();
        }

        return twice ? null : name;
    }

    private static bool NextMember(ref Utf8JsonReader json) => json.Read() && json.TokenType is JsonTokenType.PropertyName;
}
