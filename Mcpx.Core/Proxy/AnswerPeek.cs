using System.Text.Json;
using Mcpx.Core.Calls;

namespace Mcpx.Core.Proxy;

/// <summary>What one message of an upstream is.</summary>
public enum AnswerKind
{
    /// <summary>Not a JSON-RPC message.</summary>
    Garbage,

    /// <summary>A notification or a request of the server's: more will follow.</summary>
    Interim,

    Result,

    Error,
}

/// <summary>Looks at an answer as shortly as it can: what it is, and whether it says that the tool failed.</summary>
public static class AnswerPeek
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 512 };

    public static AnswerKind KindOf(ReadOnlySpan<byte> message) => KindOf(message, out _);

    /// <param name="id">The id as raw JSON when it stands before what tells the kind; else empty.</param>
    public static AnswerKind KindOf(ReadOnlySpan<byte> message, out ReadOnlySpan<byte> id)
    {
        id = default;
        try
        {
            Utf8JsonReader json = new(message, isFinalBlock: false, new JsonReaderState(Options));
            if (!json.Read() || json.TokenType is not JsonTokenType.StartObject) return AnswerKind.Garbage;
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("result"u8)) return AnswerKind.Result;
                if (json.ValueTextEquals("error"u8)) return AnswerKind.Error;
                if (json.ValueTextEquals("method"u8)) return AnswerKind.Interim;
                // jsonrpc and id come first as a rule; anything longer is skipped.
                bool isId = json.ValueTextEquals("id"u8);
                if (!json.Read()) return AnswerKind.Garbage;
                int start = (int)json.TokenStartIndex;
                if (!json.TrySkip()) return AnswerKind.Garbage;
                if (isId) id = message[start..(int)json.BytesConsumed];
            }
        }
        catch (JsonException)
        {
            return AnswerKind.Garbage;
        }

        return AnswerKind.Garbage;
    }

    /// <summary><c>error.code</c> of an error; null when it has none, or none that is a whole number.</summary>
    public static int? ErrorCodeOf(ReadOnlySpan<byte> message)
    {
        try
        {
            Utf8JsonReader json = new(message, Options);
            json.Read();
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                bool isError = json.ValueTextEquals("error"u8);
                json.Read();
                if (isError && json.TokenType is JsonTokenType.StartObject) return CodeIn(ref json);
                json.Skip();
            }
        }
        catch (JsonException)
        {
            // Cut off, or not JSON to the end.
        }

        return null;
    }

    private static int? CodeIn(ref Utf8JsonReader json)
    {
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            bool isCode = json.ValueTextEquals("code"u8);
            json.Read();
            if (isCode) return json.TokenType is JsonTokenType.Number && json.TryGetInt32(out int code) ? code : null;
            json.Skip();
        }

        return null;
    }

    /// <param name="status">The HTTP status it came with: from 500 on the server failed, whatever it says.</param>
    public static CallOutcome OutcomeOf(int status, AnswerKind kind, ReadOnlySpan<byte> message) => kind switch
    {
        _ when status >= 500 => CallOutcome.UpstreamError,
        AnswerKind.Error => CallOutcome.ToolError,
        AnswerKind.Result when SaysIsError(message) => CallOutcome.ToolError,
        _ => CallOutcome.Ok,
    };

    /// <summary>
    /// <c>result.isError</c>. The member is rare and usually last, so the bytes are searched first (gigabytes a second)
    /// and read as JSON only when it is there: the same text may also stand inside a tool's own data.
    /// </summary>
    private static bool SaysIsError(ReadOnlySpan<byte> message)
    {
        if (message.IndexOf("\"isError\""u8) < 0) return false;
        try
        {
            Utf8JsonReader json = new(message, Options);
            json.Read();
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                bool isResult = json.ValueTextEquals("result"u8);
                json.Read();
                if (!isResult || json.TokenType is not JsonTokenType.StartObject)
                {
                    json.Skip();
                    continue;
                }

                while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
                {
                    bool isError = json.ValueTextEquals("isError"u8);
                    json.Read();
                    if (isError) return json.TokenType is JsonTokenType.True;
                    json.Skip();
                }
            }
        }
        catch (JsonException)
        {
            // Cut off at the capture limit, or not JSON to the end: nobody said that the tool failed.
        }

        return false;
    }
}
