using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Mcpx.Core.Proxy;

/// <summary>
/// An answer to another call must not reach the client as the answer to this one (JSON-RPC 2.0, section 5: the id "MUST be
/// the same as the value of the id member in the Request Object"). Servers write the id first or last; in between stands
/// the result, which is not read for it as long as the id is found at either end.
/// </summary>
public static class AnswerIds
{
    /// <summary>How much of a long answer's end is looked at.</summary>
    public const int Tail = 1024;

    private static readonly SearchValues<byte> Boundaries = SearchValues.Create(" \t\r\n:,{}[]\""u8);

    private static readonly JsonReaderOptions Options = new() { MaxDepth = 512 };

    /// <param name="front">The id that stood before the result; empty when there was none.</param>
    /// <exception cref="UpstreamAnswerException">The answer is to another request, or to none.</exception>
    public static void Demand(ProxyContext context, AnswerKind kind, ReadOnlySpan<byte> front, ReadOnlySpan<byte> answer)
    {
        if (IsExempt(context, kind)) return;
        ReadOnlySpan<byte> behind = Behind(answer);
        if (front.IsEmpty && behind.IsEmpty) front = Anywhere(answer);
        bool missing = front.IsEmpty && behind.IsEmpty && kind is not AnswerKind.Error;
        if (missing || !Fits(front, context, kind) || !Fits(behind, context, kind)) throw NotTheAnswer();
    }

    /// <summary>For an answer of which only one end is in hand, as far as that tells.</summary>
    public static void DemandFront(ProxyContext context, AnswerKind kind, ReadOnlySpan<byte> front)
    {
        if (!IsExempt(context, kind) && !Fits(front, context, kind)) throw NotTheAnswer();
    }

    /// <inheritdoc cref="DemandFront"/>
    public static void DemandBehind(ProxyContext context, AnswerKind kind, ReadOnlySpan<byte> tail)
    {
        if (!IsExempt(context, kind) && !Fits(Behind(tail), context, kind)) throw NotTheAnswer();
    }

    /// <summary>
    /// Servers that refuse a request before they have read it can't know its id: those of the Python SDK send
    /// "server-error". The status says already that it is this request's.
    /// </summary>
    private static bool IsExempt(ProxyContext context, AnswerKind kind) =>
        !context.IsRequest || kind is AnswerKind.Error && context.Progress.Status >= 400;

    private static bool Fits(ReadOnlySpan<byte> id, ProxyContext context, AnswerKind kind) =>
        id.IsEmpty || IsSame(id, context.RequestId.Span) || kind is AnswerKind.Error && id.SequenceEqual("null"u8);

    /// <summary>Also when the server wrote it another way: escaped, or 1 as 1.0.</summary>
    public static bool IsSame(ReadOnlySpan<byte> id, ReadOnlySpan<byte> request)
    {
        if (id.SequenceEqual(request)) return true;
        if (id is [(byte)'"', ..] && request is [(byte)'"', ..]) return TextOf(id) is { } text && text == TextOf(request);
        return decimal.TryParse(id, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal one)
            && decimal.TryParse(request, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal other) && one == other;
    }

    /// <summary>
    /// The id among the last members of a message, walked backwards while their values are plain; empty when another kind
    /// of value stands before it.
    /// </summary>
    public static ReadOnlySpan<byte> Behind(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> left = message;
        if (!TakeLast(ref left, (byte)'}')) return default;
        while (true)
        {
            ReadOnlySpan<byte> value = TakeLastPlain(ref left);
            if (value.IsEmpty || !TakeLast(ref left, (byte)':')) return default;
            if (TakeLastPlain(ref left).SequenceEqual("\"id\""u8)) return value;
            if (!TakeLast(ref left, (byte)',')) return default;
        }
    }

    private static bool TakeLast(scoped ref ReadOnlySpan<byte> left, byte character)
    {
        left = left.TrimEnd(" \t\r\n"u8);
        if (left is not [.., var last] || last != character) return false;
        left = left[..^1];
        return true;
    }

    /// <summary>The string, number or word at the end; empty for anything else.</summary>
    private static ReadOnlySpan<byte> TakeLastPlain(scoped ref ReadOnlySpan<byte> left)
    {
        left = left.TrimEnd(" \t\r\n"u8);
        int from = left is [.., (byte)'"'] ? OpeningQuote(left) : left.LastIndexOfAny(Boundaries) + 1;
        if (from < 0) return default;
        ReadOnlySpan<byte> plain = left[from..];
        left = left[..from];
        return plain;
    }

    /// <summary>Inside a string a quote stands behind an odd number of backslashes; the opening one does not.</summary>
    private static int OpeningQuote(ReadOnlySpan<byte> text)
    {
        int at = text.Length - 1;
        while ((at = text[..at].LastIndexOf((byte)'"')) > 0)
        {
            int backslashes = at - 1 - text[..at].LastIndexOfAnyExcept((byte)'\\');
            if (backslashes % 2 == 0) break;
        }

        return at;
    }

    private static ReadOnlySpan<byte> Anywhere(ReadOnlySpan<byte> message)
    {
        try
        {
            Utf8JsonReader json = new(message, Options);
            json.Read();
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                bool isId = json.ValueTextEquals("id"u8);
                json.Read();
                int start = (int)json.TokenStartIndex;
                json.Skip();
                if (isId) return message[start..(int)json.BytesConsumed];
            }
        }
        catch (JsonException)
        {
            // Broken behind what was read: an id that nobody can read is none.
        }

        return default;
    }

    private static string? TextOf(ReadOnlySpan<byte> quoted)
    {
        try
        {
            Utf8JsonReader json = new(quoted);
            json.Read();
            return json.GetString();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static UpstreamAnswerException NotTheAnswer() => new("The server's answer does not carry the id of the request.");
}
