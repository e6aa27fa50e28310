using System.Text;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Search;

/// <summary>
/// The words by which a call is found: letters and digits in a row, in lower case, of the first values of what is kept of
/// its payloads. Values only, since names of members are the same in every call of a tool; the first only, since an index
/// over whole payloads costs twenty times as much.
/// </summary>
public static class CallWords
{
    /// <summary>Characters of words that are kept of a call: half of them at most are the request's.</summary>
    public const int MostCharacters = 512;

    /// <summary>A longer word is known by its beginning.</summary>
    public const int LongestWord = 40;

    public const int MostSearched = 10;

    /// <summary>A shorter beginning is that of too many words.</summary>
    public const int ShortestBeginning = 3;

    private const char Beginning = '*';

    /// <summary>Each once; none for a call without payloads.</summary>
    public static IReadOnlyCollection<string> Of(CallRecord call)
    {
        if (call.Request is null && call.Response is null) return [];
        WordBag words = new();
        words.Allow(MostCharacters / 2);
        PayloadValues.Read(call.Request, words);
        words.Allow(MostCharacters);
        PayloadValues.Read(call.Response, words);
        return words.All;
    }

    /// <summary>What somebody typed; a star behind a word finds what begins so. Null for nothing typed.</summary>
    public static IReadOnlyList<SearchWord>? Parse(InputCheck check, string? text, string field)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        List<SearchWord> words = [];
        foreach (string part in text.Split([' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            WordBag bag = new();
            bag.Allow(int.MaxValue);
            bag.Add(part);
            string[] spelled = [.. bag.All];
            words.AddRange(spelled.Select((word, i) => new SearchWord(word, i == spelled.Length - 1 && part[^1] == Beginning)));
        }

        check.Require(words.Count > 0, field, "Use at least one letter or digit.")
            .Require(words.Count <= MostSearched, field, $"Use at most {MostSearched} words.")
            .Require(words.TrueForAll(w => !w.IsBeginning || w.Text.Length >= ShortestBeginning), field, $"Use at least {ShortestBeginning} letters or digits before a star.");
        return [.. words.Distinct()];
    }
}

/// <summary>Words, each once, up to a number of characters.</summary>
internal sealed class WordBag
{
    private readonly HashSet<string> _words = new(StringComparer.Ordinal);
    private readonly StringBuilder _word = new(CallWords.LongestWord);
    private int _most;
    private int _characters;

    /// <summary>In the order in which they came.</summary>
    public IReadOnlyCollection<string> All => _words;

    public bool IsFull => _characters >= _most;

    /// <param name="most">Characters of all words together.</param>
    public void Allow(int most) => _most = most;

    public void Add(ReadOnlySpan<char> text)
    {
        // Half a pair is a replacement character here, which is no letter.
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsFull) return;
            if (!IsOfWord(rune)) End();
            else if (_word.Length < CallWords.LongestWord) _word.Append(Rune.ToLowerInvariant(rune).ToString());
        }

        End();
    }

    private static bool IsOfWord(Rune rune) =>
        Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark;

    private void End()
    {
        if (_word.Length == 0) return;
        string word = _word.ToString();
        _word.Clear();
        if (_characters + word.Length <= _most && _words.Add(word)) _characters += word.Length;
        else if (_characters + word.Length > _most) _characters = _most;
    }
}
