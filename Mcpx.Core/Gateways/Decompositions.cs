using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Mcpx.Core.Gateways;

/// <summary>
/// Unicode's compatibility decomposition (UAX #15). The framework's own <see cref="string.Normalize()"/> needs ICU: under
/// invariant globalisation it returns its input as it is and says nothing.
/// </summary>
internal static class Decompositions
{
    private const int HangulFirst = 0xAC00;
    private const int HangulCount = 11172;

    private static readonly FrozenDictionary<int, Rune[]> Table = Read();

    /// <summary>Adds what the character stands for, in full; itself when it stands for nothing else.</summary>
    public static void AddTo(List<Rune> runes, Rune rune)
    {
        int hangul = rune.Value - HangulFirst;
        if (rune.IsAscii)
        {
            runes.Add(rune);
        }
        else if (hangul is >= 0 and < HangulCount)
        {
            // The Unicode Standard, section 3.12: 21 vowels of 28 endings each.
            runes.Add(new Rune(0x1100 + hangul / (21 * 28)));
            runes.Add(new Rune(0x1161 + hangul % (21 * 28) / 28));
            if (hangul % 28 > 0) runes.Add(new Rune(0x11A7 + hangul % 28));
        }
        else if (Table.TryGetValue(rune.Value, out Rune[]? parts))
        {
            runes.AddRange(parts);
        }
        else
        {
            runes.Add(rune);
        }
    }

    private static FrozenDictionary<int, Rune[]> Read()
    {
        Dictionary<int, Rune[]> table = [];
        using StreamReader lines = new(typeof(Decompositions).Assembly.GetManifestResourceStream("Gateways/decompositions.txt")!);
        while (lines.ReadLine() is { } line)
        {
            if (line.StartsWith('#')) continue;
            string[] parts = line.Split(' ');
            int[] range = [.. parts[0].Split('-').Select(Hex)];
            Rune[] target = [.. parts.Skip(1).Select(p => new Rune(Hex(p)))];
            for (int at = range[0]; at <= range[^1]; at++)
                table[at] = range.Length == 1 ? target : [new Rune(target[0].Value + at - range[0])];
        }

        return table.ToFrozenDictionary();
    }

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.HexNumber);
}
