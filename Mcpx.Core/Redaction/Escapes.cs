using System.Buffers.Text;
using System.Text;

namespace Mcpx.Core.Redaction;

/// <summary>
/// JSON's escapes (RFC 8259, section 7), read so that nothing is refused: a lone surrogate becomes U+FFFD, what is no escape
/// stays as it is. The framework's reader throws for both, and a record must not be lost for that.
/// </summary>
internal static class Escapes
{
    private const int UnicodeLength = 6;

    /// <summary>Writes the text without escapes and returns its length, at most that of <paramref name="escaped"/>.</summary>
    public static int Undo(ReadOnlySpan<byte> escaped, Span<byte> plain)
    {
        int from = 0, to = 0;
        while (true)
        {
            int next = escaped[from..].IndexOf((byte)'\\');
            int run = next < 0 ? escaped.Length - from : next;
            escaped.Slice(from, run).CopyTo(plain[to..]);
            (from, to) = (from + run, to + run);
            if (next < 0) return to;
            from += ReadOne(escaped[from..], plain[to..], out int written);
            to += written;
        }
    }

    /// <summary>The text without escapes; the same where there are none.</summary>
    public static ReadOnlySpan<byte> Without(ReadOnlySpan<byte> escaped)
    {
        if (!escaped.Contains((byte)'\\')) return escaped;
        byte[] plain = new byte[escaped.Length];
        return plain.AsSpan(0, Undo(escaped, plain));
    }

    /// <summary>Turns positions in the text without escapes into those of the escaped one, in place.</summary>
    /// <param name="positions">Ascending.</param>
    public static void Locate(ReadOnlySpan<byte> escaped, Span<int> positions)
    {
        int from = 0, to = 0;
        Span<byte> sink = stackalloc byte[UnicodeLength];
        for (int i = 0; i < positions.Length; i++)
        {
            while (to < positions[i])
            {
                if (escaped[from] != (byte)'\\')
                {
                    int next = escaped[from..].IndexOf((byte)'\\');
                    int run = Math.Min(next < 0 ? escaped.Length - from : next, positions[i] - to);
                    (from, to) = (from + run, to + run);
                    continue;
                }

                from += ReadOne(escaped[from..], sink, out int written);
                to += written;
            }

            positions[i] = from;
        }
    }

    /// <summary>What stands in place of a value, as it has to be spelled one level further out.</summary>
    public static byte[] Redo(byte[] text)
    {
        if (text.AsSpan().IndexOfAny((byte)'"', (byte)'\\') < 0) return text;
        List<byte> escaped = new(text.Length + 4);
        foreach (byte b in text)
        {
            if (b is (byte)'"' or (byte)'\\') escaped.Add((byte)'\\');
            escaped.Add(b);
        }

        return [.. escaped];
    }

    /// <summary>Reads what begins with a backslash; never writes more than it reads.</summary>
    private static int ReadOne(ReadOnlySpan<byte> escaped, Span<byte> plain, out int written)
    {
        written = 1;
        byte sign = escaped.Length > 1 ? escaped[1] : (byte)0;
        byte one = sign switch
        {
            (byte)'"' or (byte)'\\' or (byte)'/' => sign,
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            _ => 0,
        };
        if (one != 0)
        {
            plain[0] = one;
            return 2;
        }

        if (sign != (byte)'u' || Unit(escaped) is not { } unit)
        {
            plain[0] = (byte)'\\';
            return 1;
        }

        if (char.IsHighSurrogate(unit) && Unit(escaped[UnicodeLength..]) is { } low && char.IsLowSurrogate(low))
        {
            written = new Rune(unit, low).EncodeToUtf8(plain);
            return 2 * UnicodeLength;
        }

        written = (char.IsSurrogate(unit) ? Rune.ReplacementChar : new Rune(unit)).EncodeToUtf8(plain);
        return UnicodeLength;
    }

    private static char? Unit(ReadOnlySpan<byte> escaped) =>
        escaped.Length >= UnicodeLength && escaped[0] == (byte)'\\' && escaped[1] == (byte)'u'
        && Utf8Parser.TryParse(escaped.Slice(2, 4), out ushort unit, out int used, 'x') && used == 4
            ? (char)unit
            : null;
}
