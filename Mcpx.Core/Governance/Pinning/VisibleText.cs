using System.Globalization;
using System.Text;

namespace Mcpx.Core.Governance.Pinning;

public enum TextRunKind
{
    Plain,

    /// <summary>Characters that nobody sees, or that change how others are seen.</summary>
    Hidden,

    /// <summary>A word of letters from several scripts, which look like those of one.</summary>
    MixedScripts,
}

/// <summary>A piece of a text as people may be shown it.</summary>
/// <param name="Text">Of hidden characters, what stands for them, e.g. <c>U+200B</c>.</param>
/// <param name="Explanation">A few words about it; null for plain text.</param>
public sealed record TextRun(string Text, TextRunKind Kind, string? Explanation);

/// <summary>
/// Makes visible what a person who reads a definition would not see and a model would: zero-width and bidi characters, the
/// tags block, letters of other scripts among Latin ones.
/// </summary>
public static class VisibleText
{
    private const int TagBase = 0xE0000;

    public static IReadOnlyList<TextRun> RunsOf(string text)
    {
        List<TextRun> runs = [];
        StringBuilder plain = new();
        Rune[] runes = [.. text.EnumerateRunes()];
        for (int at = 0; at < runes.Length;)
        {
            int from = at;
            if (IsTag(runes[at]))
            {
                while (at < runes.Length && IsTag(runes[at])) at++;
                Flush(runs, plain);
                runs.Add(TagsOf(runes.AsSpan(from, at - from)));
            }
            else if (IsHidden(runes[at]))
            {
                Flush(runs, plain);
                runs.Add(new TextRun($"U+{runes[at].Value:X4}", TextRunKind.Hidden, NameOf(runes[at])));
                at++;
            }
            else if (IsOfWord(runes[at]))
            {
                while (at < runes.Length && IsOfWord(runes[at])) at++;
                AddWord(runs, plain, runes.AsSpan(from, at - from));
            }
            else
            {
                plain.Append(runes[at++].ToString());
            }
        }

        Flush(runs, plain);
        return runs;
    }

    /// <summary>What stands in the text that people would not see, each kind once, in words.</summary>
    public static IReadOnlyList<string> WarningsOf(string text) =>
        [.. RunsOf(text).Where(r => r.Kind is not TextRunKind.Plain).Select(r => r.Explanation!).Distinct(StringComparer.Ordinal)];

    private static void AddWord(List<TextRun> runs, StringBuilder plain, ReadOnlySpan<Rune> word)
    {
        StringBuilder text = new();
        HashSet<string> scripts = [];
        foreach (Rune rune in word)
        {
            text.Append(rune.ToString());
            if (ScriptOf(rune) is { } script) scripts.Add(script);
        }

        if (scripts.Count < 2 && !scripts.Contains(Mathematical))
        {
            plain.Append(text);
            return;
        }

        Flush(runs, plain);
        string what = scripts.Count < 2 ? "a word of mathematical letters" : $"a word of {string.Join(" and ", scripts.Order(StringComparer.Ordinal))} letters";
        runs.Add(new TextRun(text.ToString(), TextRunKind.MixedScripts, what));
    }

    private static void Flush(List<TextRun> runs, StringBuilder plain)
    {
        if (plain.Length > 0) runs.Add(new TextRun(plain.ToString(), TextRunKind.Plain, null));
        plain.Clear();
    }

    private static bool IsTag(Rune rune) => rune.Value is >= TagBase and <= TagBase + 0x7F;

    /// <summary>The tags block repeats ASCII in invisible letters: what they say is shown.</summary>
    private static TextRun TagsOf(ReadOnlySpan<Rune> tags)
    {
        StringBuilder said = new("tags: ");
        foreach (Rune tag in tags)
        {
            int ascii = tag.Value - TagBase;
            said.Append(ascii is >= 0x20 and < 0x7F ? (char)ascii : '·');
        }

        return new TextRun(said.ToString(), TextRunKind.Hidden, "text in invisible tag characters");
    }

    private static bool IsOfWord(Rune rune) => Rune.IsLetterOrDigit(rune) && !IsHidden(rune) || rune.Value is '_'
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark && !IsHidden(rune);

    private static bool IsHidden(Rune rune) => rune.Value switch
    {
        '\t' or ' ' => false,
        0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F) or 0x2800 or 0x3164 or (>= 0xFE00 and <= 0xFE0F) or 0xFFA0 or (>= 0xE0000 and <= 0xE0FFF) => true,
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.SpaceSeparator,
    };

    private static string NameOf(Rune rune) => rune.Value switch
    {
        0xAD => "a soft hyphen, which is seen at the end of a line only",
        0x200B or 0x2060 or 0xFEFF => "a space of no width",
        0x200C or 0x200D => "a joiner of no width",
        (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) or 0x200E or 0x200F or 0x061C => "a character that turns the direction of text",
        (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0100 and <= 0xE01EF) => "a selector of a variant, which is not seen itself",
        _ when Rune.GetUnicodeCategory(rune) is UnicodeCategory.SpaceSeparator => "another space than the usual one",
        _ when Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control => "a control character",
        _ when Rune.GetUnicodeCategory(rune) is UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned => "a character without a meaning of its own",
        _ => "a character that is not seen",
    };

    private const string Mathematical = "mathematical";

    /// <summary>Null for what belongs to every script, and for scripts that nobody takes for Latin.</summary>
    private static string? ScriptOf(Rune rune) => !Rune.IsLetter(rune) ? null : rune.Value switch
    {
        < 0x0250 or (>= 0x1E00 and <= 0x1EFF) => "Latin",
        (>= 0x0370 and <= 0x03FF) or (>= 0x1F00 and <= 0x1FFF) => "Greek",
        (>= 0x0400 and <= 0x052F) or (>= 0x1C80 and <= 0x1C8F) or (>= 0xA640 and <= 0xA69F) => "Cyrillic",
        >= 0x0530 and <= 0x058F => "Armenian",
        (>= 0x13A0 and <= 0x13FF) or (>= 0xAB70 and <= 0xABBF) => "Cherokee",
        (>= 0xFF21 and <= 0xFF3A) or (>= 0xFF41 and <= 0xFF5A) => "full-width",
        >= 0x1D400 and <= 0x1D7FF => Mathematical,
        _ => null,
    };
}
