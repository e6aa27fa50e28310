using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;
using Mcpx.Core.Redaction.Detectors;

namespace Mcpx.Core.Redaction;

/// <summary>
/// A regular expression of an organisation's own. The engine is linear in the text: no pattern makes it hang. What it can't
/// do that way (backreferences, lookarounds, very large repeats) is refused when the rule is saved.
/// </summary>
internal sealed class OwnPattern
{
    public const int Longest = 1000;

    /// <summary>A field that is longer is masked as a whole, in characters.</summary>
    public const int LongestField = 256 << 10;

    private const int LargestRepeat = 1000;

    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly Regex _regex;

    private OwnPattern(Regex regex) => _regex = regex;

    /// <summary>False with a sentence about what is wrong.</summary>
    public static bool TryCompile(string pattern, [NotNullWhen(true)] out OwnPattern? compiled, [NotNullWhen(false)] out string? problem)
    {
        (compiled, problem) = (null, null);
        try
        {
            if (pattern.Length is 0 or > Longest) problem = $"A pattern has 1 to {Longest:N0} characters.";
            else if (HasLargeRepeat(pattern)) problem = $"The pattern can't be used: repeats of more than {LargestRepeat:N0} are not taken.";
            if (problem is not null) return false;
            Regex regex = new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Patience);
            if (regex.IsMatch("")) problem = "The pattern matches nothing at all: it would redact between any two characters.";
            else compiled = new OwnPattern(regex);
            return problem is null;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            problem = $"The pattern can't be used: {e.Message.TrimEnd('.')}.";
            return false;
        }
        catch (RegexMatchTimeoutException)
        {
            problem = "The pattern takes too long.";
            return false;
        }
    }

    /// <summary>Adds what it finds, or the whole text when it takes too long or the text is too long for it.</summary>
    /// <param name="chars">The text, decoded.</param>
    /// <param name="places">Where each of its characters begins in the text's bytes; null when that is the same place.</param>
    /// <param name="length">Of the text in bytes.</param>
    /// <returns>False when the whole text was taken for want of time.</returns>
    public bool Find(ReadOnlySpan<char> chars, int[]? places, int length, int rule, List<Hit> hits)
    {
        if (chars.Length > LongestField)
        {
            hits.Add(new Hit(0, length, rule));
            return true;
        }

        try
        {
            foreach (ValueMatch match in _regex.EnumerateMatches(chars))
            {
                if (match.Length == 0) continue;
                int end = match.Index + match.Length;
                hits.Add(new Hit(places?[match.Index] ?? match.Index, places?[end] ?? end, rule));
            }

            return true;
        }
        catch (RegexMatchTimeoutException)
        {
            hits.Add(new Hit(0, length, rule));
            return false;
        }
    }

    /// <summary>Decodes so that every character has its place among the bytes; what is no UTF-8 becomes U+FFFD.</summary>
    public static char[] Decode(ReadOnlySpan<byte> text, out int[]? places)
    {
        places = null;
        if (Ascii.IsValid(text)) return Encoding.Latin1.GetString(text).ToCharArray();
        char[] chars = new char[text.Length];
        places = new int[text.Length + 1];
        int count = 0, at = 0;
        while (at < text.Length)
        {
            Rune.DecodeFromUtf8(text[at..], out Rune rune, out int consumed);
            int written = rune.EncodeToUtf16(chars.AsSpan(count));
            for (int i = 0; i < written; i++) places[count + i] = i == 0 ? at : at + consumed;
            (count, at) = (count + written, at + consumed);
        }

        places[count] = text.Length;
        return chars[..count];
    }

    /// <summary>Building an automaton for such takes memory before the engine says no.</summary>
    private static bool HasLargeRepeat(string pattern)
    {
        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '{') continue;
            int number = 0;
            for (int j = i + 1; j < pattern.Length && pattern[j] != '}'; j++)
            {
                number = char.IsAsciiDigit(pattern[j]) ? Math.Min(number * 10 + pattern[j] - '0', LargestRepeat + 1) : 0;
                if (number > LargestRepeat) return true;
            }
        }

        return false;
    }
}
