using System.Collections.Frozen;

namespace Mcpx.Core.Redaction.Detectors;

/// <summary>IBAN (ISO 13616): country, its length, and modulus 97. Written together or in groups.</summary>
internal static class BankAccounts
{
    private const int Longest = 34;

    /// <summary>The registry's lengths, by the country's letters.</summary>
    private static readonly FrozenDictionary<string, int> Lengths = (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 " +
        "HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 " +
        "RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30")
        .Split(' ').ToFrozenDictionary(c => c[..2], c => int.Parse(c[2..], System.Globalization.CultureInfo.InvariantCulture), StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> LengthOf = Lengths.GetAlternateLookup<ReadOnlySpan<char>>();

    public static void Find(ReadOnlySpan<byte> text, int rule, List<Hit> hits)
    {
        Span<char> country = stackalloc char[2];
        for (int at = 0; at + 3 < text.Length; at++)
        {
            // Two letters and two digits: found by the first digit, which is the rarer.
            int digit = text[(at + 2)..].IndexOfAnyInRange((byte)'0', (byte)'9');
            if (digit < 0) return;
            at += digit;
            if (at + 3 >= text.Length || !Separators.IsDigit(text[at + 3]) || !Separators.IsLetter(text[at]) || !Separators.IsLetter(text[at + 1])) continue;
            if (at > 0 && Separators.IsLetterOrDigit(text[at - 1])) continue;
            (country[0], country[1]) = ((char)(text[at] & 0xDF), (char)(text[at + 1] & 0xDF));
            if (!LengthOf.TryGetValue(country, out int length) || EndOf(text, at, length) is not { } end) continue;
            hits.Add(new Hit(at, end, rule));
            at = end - 1;
        }
    }

    private static int? EndOf(ReadOnlySpan<byte> text, int start, int length)
    {
        Span<byte> letters = stackalloc byte[Longest];
        int count = 0, at = start;
        while (count < length)
        {
            if (at >= text.Length) return null;
            if (Separators.IsLetterOrDigit(text[at]))
            {
                letters[count++] = text[at++];
                continue;
            }

            int separator = Separators.LengthAt(text, at);
            if (separator == 0 || count < 4) return null;
            at += separator;
        }

        bool goesOn = at < text.Length && Separators.IsLetterOrDigit(text[at]);
        return !goesOn && Remainder(letters[..count]) == 1 ? at : null;
    }

    /// <summary>ISO 7064, MOD 97-10: the first four signs go to the end, letters become 10 to 35.</summary>
    private static int Remainder(ReadOnlySpan<byte> letters)
    {
        int remainder = 0;
        for (int i = 0; i < letters.Length; i++)
        {
            byte sign = letters[(i + 4) % letters.Length];
            remainder = Separators.IsDigit(sign) ? (remainder * 10 + sign - '0') % 97 : (remainder * 100 + (sign & 0xDF) - 'A' + 10) % 97;
        }

        return remainder;
    }
}
