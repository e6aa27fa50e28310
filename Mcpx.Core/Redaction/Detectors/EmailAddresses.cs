using System.Buffers;

namespace Mcpx.Core.Redaction.Detectors;

/// <summary>Addresses as people write them: a local part without quotes, and a domain with a dot.</summary>
internal static class EmailAddresses
{
    private const int LongestLocal = 64;
    private const int LongestDomain = 253;

    private static readonly SearchValues<byte> Local = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+-/=?^_`{|}~"u8);
    private static readonly SearchValues<byte> Domain = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"u8);

    public static void Find(ReadOnlySpan<byte> text, int rule, List<Hit> hits)
    {
        for (int from = 0; from < text.Length;)
        {
            int sign = text[from..].IndexOf((byte)'@');
            if (sign < 0) return;
            int at = from + sign;
            from = at + 1;
            int start = StartOf(text, at), end = EndOf(text, at + 1);
            if (start == at || end < 0) continue;
            hits.Add(new Hit(start, end, rule));
            from = end;
        }
    }

    private static int StartOf(ReadOnlySpan<byte> text, int at)
    {
        int start = at, least = Math.Max(0, at - LongestLocal);
        // Letters beyond ASCII are allowed in a local part (RFC 6531).
        while (start > least && (Local.Contains(text[start - 1]) || text[start - 1] >= 0x80)) start--;
        // A sign in front belongs to the text around: (a@b.c), 'a@b.c', x=a@b.c.
        while (start < at && !Separators.IsLetterOrDigit(text[start]) && text[start] < 0x80) start++;
        while (start < at && (text[start] & 0xC0) == 0x80) start++;
        return start;
    }

    /// <summary>-1 when no domain with a dot begins here.</summary>
    private static int EndOf(ReadOnlySpan<byte> text, int at)
    {
        int end = at, most = Math.Min(text.Length, at + LongestDomain);
        while (end < most && (Domain.Contains(text[end]) || text[end] >= 0x80)) end++;
        while (end > at && text[end - 1] is (byte)'.' or (byte)'-') end--;
        ReadOnlySpan<byte> domain = text[at..end];
        int dot = domain.LastIndexOf((byte)'.');
        return dot > 0 && domain.Length - dot > 2 && Separators.IsLetterOrDigit(domain[0]) | domain[0] >= 0x80 ? end : -1;
    }
}
