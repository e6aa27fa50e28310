using System.Text;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>A recorded body in the form in which people read it best. Nothing is lost and nothing is guessed.</summary>
internal abstract record Payload
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private Payload()
    {
    }

    /// <summary>JSON, or a text that a reader of JSON says no to.</summary>
    internal sealed record Document(string Text) : Payload;

    /// <summary>Server-sent events (WHATWG HTML, section 9.2): a streamed answer.</summary>
    internal sealed record Events(string Text, IReadOnlyList<ServerEvent> List) : Payload;

    /// <summary>Bytes that are no UTF-8.</summary>
    internal sealed record Binary(string HexDump, string Base64) : Payload;

    public static Payload From(byte[] bytes)
    {
        string text;
        try
        {
            text = StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return new Binary(PayloadText.HexDump(bytes), Convert.ToBase64String(bytes));
        }

        return ServerEvent.Parse(text) is { Count: > 0 } events ? new Events(text, events) : new Document(text);
    }
}

/// <summary>One event of a streamed answer.</summary>
/// <param name="Data">Its data lines, joined.</param>
internal sealed record ServerEvent(string Name, string? Id, string Data)
{
    private static readonly string[] Fields = ["event:", "data:", "id:", "retry:", ":"];

    /// <summary>Empty for a text that is no event stream.</summary>
    public static IReadOnlyList<ServerEvent> Parse(string text)
    {
        string first = text.TrimStart('\uFEFF', '\r', '\n');
        if (!Array.Exists(Fields, field => first.StartsWith(field, StringComparison.Ordinal))) return [];
        List<ServerEvent> events = [];
        foreach (string block in text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = block.Split('\n');
            string data = string.Join('\n', ValuesOf(lines, "data"));
            string? id = ValuesOf(lines, "id").LastOrDefault();
            if (data.Length > 0 || id is not null) events.Add(new ServerEvent(ValuesOf(lines, "event").LastOrDefault() ?? "message", id, data));
        }

        return events;
    }

    private static IEnumerable<string> ValuesOf(string[] lines, string field) =>
        from line in lines
        where line.StartsWith(field + ":", StringComparison.Ordinal)
        let value = line[(field.Length + 1)..]
        select value.StartsWith(' ') ? value[1..] : value;
}
