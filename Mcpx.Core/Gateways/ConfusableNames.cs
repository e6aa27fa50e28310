using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Mcpx.Core.Gateways;

/// <summary>
/// Which names people and models would take for one another: a server could name a tool like another server's and get
/// its calls. After UTS #39, "Confusable Detection", with a table that knows only what passes for Latin letters, the
/// script of nearly all tools.
/// </summary>
public static class ConfusableNames
{
    private static readonly Rune Blank = new(' ');

    /// <summary>Letter by letter: what it is, and what it looks like. Capitals have their own look, so they stand here too.</summary>
    private static readonly FrozenDictionary<Rune, Rune> LooksLike = Pairs(
        cyrillic: "Аa Вb Еe З3 Іi Јj Кk Мm Нh Оo Рp Сc Ѕs Тt Уy Үy Хx Һh Ӏl Ԛq Ԝw аa вb гr еe з3 іi јj кk мm нh оo рp сc ѕs тt уy үy хx һh ӏl ԁd ԛq ԝw",
        greek: "Αa Βb Εe Ζz Ηh Ιi Κk Μm Νn Οo Ρp Τt Υy Χx αa βb γy εe ηn ιi κk μu νv οo ρp τt υu χx ωw ϳj",
        latin: "ıi ɑa ɡg");

    /// <summary>The keys of a name, one or two: names that share one look alike.</summary>
    public static IReadOnlyList<string> KeysOf(string name)
    {
        List<Rune> runes = [];
        foreach (Rune rune in name.EnumerateRunes())
            Decompositions.AddTo(runes, rune);
        string plain = Fold(runes);
        if (Ascii.IsValid(name)) return [plain];
        // Another key, since a capital may look like another letter than its small one does: Ν like N, but ν like v.
        string latin = Fold(runes.Select(r => LooksLike.GetValueOrDefault(r, r)));
        return plain == latin ? [plain] : [plain, latin];
    }

    /// <summary>In small letters, without what can't be seen, white space as one blank inside.</summary>
    private static string Fold(IEnumerable<Rune> runes)
    {
        List<Rune> seen = [.. runes
            .Where(r => Rune.IsWhiteSpace(r) || !IsInvisible(r))
            // Up and down: small letters of two forms (σ, ς) have one capital.
            .Select(r => Rune.IsWhiteSpace(r) ? Blank : Rune.ToLowerInvariant(Rune.ToUpperInvariant(r)))];
        OrderMarks(seen);
        return string.Join(' ', string.Concat(seen).Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Several marks on one letter look the same in every order.</summary>
    private static void OrderMarks(List<Rune> runes)
    {
        for (int from = 0; from < runes.Count; from++)
        {
            int to = from;
            while (to < runes.Count && Rune.GetUnicodeCategory(runes[to]) is UnicodeCategory.NonSpacingMark) to++;
            if (to == from) continue;
            runes.Sort(from, to - from, null);
            from = to;
        }
    }

    /// <summary>Control and format characters, and the rest of Unicode's <c>Default_Ignorable_Code_Point</c>.</summary>
    private static bool IsInvisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
        || rune.Value is 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F) or 0x2065 or 0x3164
            or (>= 0xFE00 and <= 0xFE0F) or 0xFFA0 or (>= 0xFFF0 and <= 0xFFF8) or (>= 0xE0000 and <= 0xE0FFF);

    private static FrozenDictionary<Rune, Rune> Pairs(string cyrillic, string greek, string latin) =>
        $"{cyrillic} {greek} {latin}".Split(' ').ToFrozenDictionary(pair => new Rune(pair[0]), pair => new Rune(pair[1]));
}
