using System.Collections.Frozen;
using System.Text;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Redaction;

/// <summary>
/// Which rule names a key. Letter case and the signs between words don't matter: <c>api_key</c> is <c>apiKey</c> and
/// <c>API-Key</c>, since a rule that misses one spelling protects nothing.
/// </summary>
internal sealed class KeyNames
{
    public const int Longest = 100;

    /// <summary>Longer names are looked at, too, but not on the stack.</summary>
    private const int OnStack = 128;

    private readonly FrozenDictionary<string, int> _exact;
    private readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly (string Pattern, int Rule)[] _patterns;
    private readonly (string Ending, int Rule)[] _endings;

    /// <param name="keys">With the number of the rule; the lowest wins.</param>
    public KeyNames(IEnumerable<(string Key, int Rule)> keys)
    {
        Dictionary<string, int> exact = new(StringComparer.Ordinal);
        List<(string, int)> patterns = [], endings = [];
        foreach ((string key, int rule) in keys)
        {
            string folded = Fold(key);
            if (!folded.Contains('*', StringComparison.Ordinal)) exact.TryAdd(folded, rule);
            else if (folded.LastIndexOf('*') == 0) endings.Add((folded[1..], rule));
            else patterns.Add((folded, rule));
        }

        _exact = exact.ToFrozenDictionary(StringComparer.Ordinal);
        _lookup = _exact.GetAlternateLookup<ReadOnlySpan<char>>();
        _patterns = [.. patterns];
        _endings = [.. endings];
    }

    public bool IsEmpty => _exact.Count == 0 && _patterns.Length == 0 && _endings.Length == 0;

    /// <summary>Letters in lower case, without the signs between words; the star stays.</summary>
    public static string Fold(string key) => string.Concat(FoldCase(key).Where(c => !IsBetweenWords(c)));

    public static string FoldCase(string name) => name.ToLowerInvariant().Replace('\u017f', 's').Replace('\u212a', 'k');

    /// <summary>The rule that names this key; -1 when none does.</summary>
    /// <param name="name">UTF-8, without escapes. What is no UTF-8 is read as the reader behind us would: with replacements.</param>
    public int Find(ReadOnlySpan<byte> name)
    {
        if (name.Length > OnStack || !Ascii.IsValid(name)) return FindFolded(Fold(Encoding.UTF8.GetString(name)));
        Span<char> folded = stackalloc char[OnStack];
        int length = 0;
        foreach (byte b in name)
        {
            char c = (char)b;
            if (IsBetweenWords(c)) continue;
            folded[length++] = char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c;
        }

        return FindFolded(folded[..length]);
    }

    private static bool IsBetweenWords(char c) => c is '_' or '-' or ' ' or '.';

    private int FindFolded(ReadOnlySpan<char> name)
    {
        int best = _lookup.TryGetValue(name, out int rule) ? rule : int.MaxValue;
        foreach ((string ending, int other) in _endings)
        {
            if (other < best && name.EndsWith(ending, StringComparison.Ordinal)) best = other;
        }

        foreach ((string pattern, int other) in _patterns)
        {
            if (other < best && NamePattern.Matches(pattern, name)) best = other;
        }

        return best == int.MaxValue ? -1 : best;
    }
}
