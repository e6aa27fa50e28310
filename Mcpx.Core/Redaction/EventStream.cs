namespace Mcpx.Core.Redaction;

/// <summary>A streamed answer (WHATWG HTML, section 9.2.5): each event's data is a text of its own, mostly JSON.</summary>
internal static class EventStream
{
    public static bool IsOne(ReadOnlySpan<byte> text)
    {
        text = text.TrimStart("\r\n"u8);
        return text.StartsWith("data:"u8) || text.StartsWith("event:"u8) || text.StartsWith("id:"u8) || text.StartsWith("retry:"u8) || text.StartsWith(":"u8);
    }

    /// <summary>False when a part of it is no text.</summary>
    public static bool Redact(RedactionRun run, ReadOnlySpan<byte> text, int offset, Edits edits, bool isToolList)
    {
        List<Range> data = [];
        Edits found = new();
        for (int at = 0; at < text.Length;)
        {
            int length = text[at..].IndexOfAny((byte)'\n', (byte)'\r');
            int end = length < 0 ? text.Length : at + length;
            ReadOnlySpan<byte> line = text[at..end];
            if (line.StartsWith("data:"u8))
            {
                data.Add((at + (line.Length > 5 && line[5] == (byte)' ' ? 6 : 5))..end);
            }
            else if (line.IsEmpty)
            {
                // CR LF ends one line: an empty one stands between two ends.
                bool isBetween = end > 0 && end < text.Length && text[end] == (byte)'\n' && text[end - 1] == (byte)'\r';
                if (!isBetween && !Flush(run, text, data, found, isToolList)) return false;
            }
            else
            {
                // Names, ids and comments; they never stand between the lines of one event's data in practice, and if so, end it.
                if (!Flush(run, text, data, found, isToolList) || !Texts.IsText(line)) return false;
                run.Redact(line, at, found);
            }

            at = end + 1;
        }

        if (!Flush(run, text, data, found, isToolList)) return false;
        edits.AddAll(found, offset);
        return true;
    }

    private static bool Flush(RedactionRun run, ReadOnlySpan<byte> text, List<Range> data, Edits edits, bool isToolList)
    {
        if (data.Count == 0) return true;
        JsonWalk walk = run.WalkAt(level: 0);
        if (data.Count == 1)
        {
            (int start, int length) = data[0].GetOffsetAndLength(text.Length);
            data.Clear();
            return walk.Redact(text.Slice(start, length), start, edits, isToolList);
        }

        // The lines of one event are one text, with line breaks between.
        List<byte> joined = [];
        List<(int Joined, int Here)> pieces = [];
        foreach (Range line in data)
        {
            if (joined.Count > 0) joined.Add((byte)'\n');
            pieces.Add((joined.Count, line.Start.Value));
            joined.AddRange(text[line]);
        }

        data.Clear();
        Edits part = new();
        if (!walk.Redact(joined.ToArray(), 0, part, isToolList)) return false;
        edits.AddAll(part, pieces);
        return true;
    }
}
