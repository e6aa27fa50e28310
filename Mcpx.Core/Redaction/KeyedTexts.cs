using System.Buffers;
using Mcpx.Core.Redaction.Detectors;

namespace Mcpx.Core.Redaction;

/// <summary>
/// Keys and values in texts that are no JSON, or are no longer: queries of addresses, forms, headers, settings, and JSON that was
/// cut off. <c>?token=abc</c> in a resource's address is as much a member named token as <c>{"token":"abc"}</c>.
/// </summary>
internal static class KeyedTexts
{
    private const int LongestName = 64;
    private const int MostSpaces = 4;

    private static readonly SearchValues<byte> Signs = SearchValues.Create("=:"u8);
    private static readonly SearchValues<byte> EndsOfParameter = SearchValues.Create("&;, \t\r\n\"'<>#)}]"u8);
    private static readonly SearchValues<byte> EndsOfLine = SearchValues.Create("\r\n\""u8);
    private static readonly SearchValues<byte> EndsOfJson = SearchValues.Create(",}] \t\r\n"u8);

    public static void Find(ReadOnlySpan<byte> text, KeyNames keys, List<Hit> hits)
    {
        for (int at = 0; at < text.Length;)
        {
            int sign = text[at..].IndexOfAny(Signs);
            if (sign < 0) return;
            int place = at + sign;
            at = place + 1;
            if (FindRule(text, place, keys, out bool isQuoted) is not (>= 0 and var rule)) continue;
            (int start, int end) = ValueOf(text, place, isQuoted);
            if (end <= start || Marker.IsAt(text[start..end])) continue;
            hits.Add(new Hit(start, end, rule));
            at = end;
        }
    }

    /// <summary>The rule that names what stands in front of the sign; -1 when none does.</summary>
    private static int FindRule(ReadOnlySpan<byte> text, int sign, KeyNames keys, out bool isQuoted)
    {
        int end = sign;
        for (int spaces = 0; end > 0 && text[end - 1] is (byte)' ' or (byte)'\t' && spaces < MostSpaces; spaces++) end--;
        isQuoted = end > 0 && text[end - 1] is (byte)'"' or (byte)'\'';
        if (isQuoted) end--;
        int start = end, least = Math.Max(0, end - LongestName);
        while (start > least && IsOfName(text[start - 1])) start--;
        if (start == end) return -1;
        ReadOnlySpan<byte> name = text[start..end];
        int rule = keys.Find(name);
        // "database.password" is one name to people and two to a rule.
        return rule >= 0 || name.LastIndexOf((byte)'.') is not (>= 0 and var dot) ? rule : keys.Find(name[(dot + 1)..]);
    }

    private static (int Start, int End) ValueOf(ReadOnlySpan<byte> text, int sign, bool isQuoted)
    {
        int start = sign + 1;
        while (start < text.Length && text[start] is (byte)' ' or (byte)'\t') start++;
        if (start == text.Length) return (start, start);
        byte first = text[start];
        if (first is (byte)'"' or (byte)'\'') return (start + 1, EndOfQuoted(text, start + 1, first));
        // An object of which nobody knows where it ends: all of the rest.
        if (first is (byte)'{' or (byte)'[') return (start, text.Length);
        SearchValues<byte> ends = isQuoted ? EndsOfJson : text[sign] == (byte)'=' ? EndsOfParameter : EndsOfLine;
        int length = text[start..].IndexOfAny(ends);
        int end = length < 0 ? text.Length : start + length;
        while (end > start && text[end - 1] == (byte)' ') end--;
        return (start, end);
    }

    private static int EndOfQuoted(ReadOnlySpan<byte> text, int start, byte quote)
    {
        for (int at = start; at < text.Length; at++)
        {
            if (text[at] == (byte)'\\') at++;
            else if (text[at] == quote) return at;
        }

        return text.Length;
    }

    private static bool IsOfName(byte b) => Separators.IsLetterOrDigit(b) || b is (byte)'_' or (byte)'-' or (byte)'.' || b >= 0x80;
}
