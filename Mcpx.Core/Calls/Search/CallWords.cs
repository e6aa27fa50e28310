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

    /// <summary>Puts those of a call into an empty bag; none for a call without payloads.</summary>
    public static void Collect(CallRecord call, WordBag words)
    {
        words.Allow(MostCharacters / 2);
        PayloadValues.Read(call.Request.GetValueOrDefault().Span, words);
        words.Allow(MostCharacters);
        PayloadValues.Read(call.Response.GetValueOrDefault().Span, words);
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
            bag.Add(Encoding.UTF8.GetBytes(part));
            string[] spelled = [.. bag.All];
            words.AddRange(spelled.Select((word, i) => new SearchWord(word, i == spelled.Length - 1 && part[^1] == Beginning)));
        }

        check.Require(words.Count > 0, field, "Use at least one letter or digit.")
            .Require(words.Count <= MostSearched, field, $"Use at most {MostSearched} words.")
            .Require(words.TrueForAll(w => !w.IsBeginning || w.Text.Length >= ShortestBeginning), field, $"Use at least {ShortestBeginning} letters or digits before a star.");
        return [.. words.Distinct()];
    }
}
