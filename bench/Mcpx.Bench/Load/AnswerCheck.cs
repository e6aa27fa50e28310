using System.Text.Json;
using Mcpx.Bench.Wire;

namespace Mcpx.Bench.Load;

internal enum AnswerVerdict
{
    Ok,
    HttpError,
    NotJson,
    JsonRpcError,
    WrongId,
    WrongText,
    WrongList,
    WrongEvents,
}

/// <summary>Says whether an answer belongs to its call: same id, and the nonce at both ends of the full length, or all tools of the list.</summary>
internal static class AnswerCheck
{
    public static AnswerVerdict Verify(in HttpAnswer answer, CallNumber call, LoadTarget target)
    {
        if (answer.Status != 200) return AnswerVerdict.HttpError;
        if (!answer.Sse) return target.Events > 1 ? AnswerVerdict.WrongEvents : VerifyMessage(answer.Body.Span, call, target);
        var last = AnswerVerdict.NotJson;
        var events = 0;
        foreach (var range in answer.Body.Span.Split("data: "u8))
        {
            var part = answer.Body.Span[range];
            var end = part.IndexOf((byte)'\n');
            if (end <= 0 || part[0] != (byte)'{') continue;
            // Only the last of a stream of events is the answer; what is before it only has to be there.
            if (++events < target.Events) continue;
            last = VerifyMessage(part[..end], call, target);
            if (last == AnswerVerdict.Ok && target.Events is null) return last;
        }
        return target.Events is { } expected && events != expected ? AnswerVerdict.WrongEvents : last;
    }

    private static AnswerVerdict VerifyMessage(ReadOnlySpan<byte> json, CallNumber call, LoadTarget target)
    {
        var idRight = false;
        var textRight = false;
        var error = false;
        var inTools = false;
        var tools = 0;
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName) continue;
                // Depth 1: the message; 2: result; 4: a content block or a tool.
                if (reader.CurrentDepth == 2) inTools = reader.ValueTextEquals("tools"u8);
                switch (reader.CurrentDepth)
                {
                    case 1 when reader.ValueTextEquals("id"u8):
                        reader.Read();
                        idRight = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) && value == call.Id;
                        break;
                    case 1 when reader.ValueTextEquals("error"u8):
                        error = true;
                        break;
                    case 2 when reader.ValueTextEquals("isError"u8):
                        reader.Read();
                        error |= reader.TokenType == JsonTokenType.True;
                        break;
                    case 4 when reader.ValueTextEquals("text"u8):
                        reader.Read();
                        textRight = IsText(reader.ValueSpan, call.Nonce, target.AnswerBytes);
                        break;
                    case 4 when inTools && reader.ValueTextEquals("name"u8):
                        tools++;
                        break;
                }
            }
        }
        catch (JsonException)
        {
            return AnswerVerdict.NotJson;
        }
        return error ? AnswerVerdict.JsonRpcError
            : !idRight ? AnswerVerdict.WrongId
            : target.ListedTools is { } listed ? (tools == listed ? AnswerVerdict.Ok : AnswerVerdict.WrongList)
            : textRight ? AnswerVerdict.Ok : AnswerVerdict.WrongText;
    }

    private static bool IsText(ReadOnlySpan<byte> text, ulong nonce, int bytes)
    {
        Span<byte> expected = stackalloc byte[McpWire.NonceLength];
        CallTemplate.FormatNonce(nonce, expected);
        return text.Length == bytes && text.StartsWith(expected) && text.EndsWith(expected);
    }
}
