using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Mcpx.Data;

/// <summary>
/// PostgreSQL's <c>text</c> takes no NUL and no unpaired surrogate. One such character in a client's name would fail the
/// batch of a thousand calls that it stands in, and the journal would try that batch for ever.
/// </summary>
internal static class PostgresText
{
    /// <summary>A tool's name may be as long as a request's body; the whole of it is in the payload.</summary>
    public const int Longest = 1000;

    private const char Replacement = '\uFFFD';

    private static readonly SearchValues<char> Suspects = SearchValues.Create(['\0', .. Enumerable.Range(0xD800, 0x800).Select(c => (char)c)]);

    /// <summary>The text with U+FFFD for what can't be stored, and cut to <see cref="Longest"/> characters.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Clean(string? text)
    {
        if (text is null) return null;
        bool tooLong = text.Length > Longest;
        if (!tooLong && !text.AsSpan().ContainsAny(Suspects)) return text;

        StringBuilder clean = new(Math.Min(text.Length, Longest));
        ReadOnlySpan<char> rest = tooLong ? text.AsSpan(0, Longest - 1) : text;
        // A pair that the cut splits becomes a replacement character too.
        while (Rune.DecodeFromUtf16(rest, out Rune rune, out int consumed) is var status && consumed > 0)
        {
            if (status is OperationStatus.Done && rune.Value != 0) clean.Append(rest[..consumed]);
            else clean.Append(Replacement);
            rest = rest[consumed..];
        }

        return tooLong ? clean.Append('…').ToString() : clean.ToString();
    }
}
