namespace Mcpx.Core.Redaction.Detectors;

/// <summary>
/// Card numbers: an issuer's prefix with its length, and Luhn's check digit. One separator may stand between digits. The
/// prefixes keep times in milliseconds and most identifiers out, of which one in ten has a right check digit.
/// </summary>
internal static class CardNumbers
{
    private const int Shortest = 13;
    private const int Longest = 19;
    private const int MostGroups = 64;

    public static void Find(ReadOnlySpan<byte> text, int rule, List<Hit> hits)
    {
        if (text.Length < Shortest) return;
        for (int at = 0; at < text.Length;)
        {
            int digit = text[at..].IndexOfAnyInRange((byte)'0', (byte)'9');
            if (digit < 0) return;
            at += digit;
            at = FindInRun(text, at, rule, hits);
        }
    }

    /// <summary>Looks at groups of digits with one separator between each two, and returns where they end.</summary>
    private static int FindInRun(ReadOnlySpan<byte> text, int start, int rule, List<Hit> hits)
    {
        int at = start, count = 0;
        // Most runs are too short, and cost no more than this.
        int digits = Measure(text, ref at, ref count, []);
        if (digits < Shortest) return at;
        Span<(int Start, int End)> groups = stackalloc (int, int)[MostGroups];
        (at, count) = (start, 0);
        Measure(text, ref at, ref count, groups);
        for (int first = 0; first < count;)
        {
            int last = LastOf(text, groups[..count], first);
            if (last < 0)
            {
                first++;
                continue;
            }

            hits.Add(new Hit(groups[first].Start, groups[last].End, rule));
            first = last + 1;
        }

        // A long run goes on with the groups in which a card may begin that ends behind them.
        return count == MostGroups ? groups[^Longest].Start : at;
    }

    private static int Measure(ReadOnlySpan<byte> text, ref int at, ref int count, Span<(int Start, int End)> groups)
    {
        int digits = 0;
        while (true)
        {
            int from = at;
            while (at < text.Length && Separators.IsDigit(text[at])) at++;
            if (count < groups.Length) groups[count] = (from, at);
            digits += at - from;
            count++;
            int separator = Separators.LengthAt(text, at);
            if (count == MostGroups || separator == 0 || at + separator >= text.Length || !Separators.IsDigit(text[at + separator])) return digits;
            at += separator;
        }
    }

    /// <summary>The last group of the longest card that begins with a group; -1 when none does.</summary>
    private static int LastOf(ReadOnlySpan<byte> text, ReadOnlySpan<(int Start, int End)> groups, int first)
    {
        if (!IsFree(text, groups[first].Start, before: true)) return -1;
        int found = -1, digits = 0;
        for (int last = first; last < groups.Length; last++)
        {
            digits += groups[last].End - groups[last].Start;
            if (digits > Longest) break;
            if (digits >= Shortest && IsFree(text, groups[last].End, before: false) && IsCard(text[groups[first].Start..groups[last].End], digits)) found = last;
        }

        return found;
    }

    /// <summary>No letter touches it, and it is no part of a fraction.</summary>
    private static bool IsFree(ReadOnlySpan<byte> text, int at, bool before)
    {
        int neighbour = before ? at - 1 : at, beyond = before ? at - 2 : at + 1;
        if (neighbour < 0 || neighbour >= text.Length) return true;
        if (Separators.IsLetter(text[neighbour])) return false;
        return text[neighbour] != (byte)'.' || beyond < 0 || beyond >= text.Length || !Separators.IsDigit(text[beyond]);
    }

    private static bool IsCard(ReadOnlySpan<byte> text, int count)
    {
        Span<byte> digits = stackalloc byte[Longest];
        int length = 0;
        foreach (byte b in text)
        {
            if (Separators.IsDigit(b)) digits[length++] = (byte)(b - '0');
        }

        return IsIssued(digits[..count]) && HasCheckDigit(digits[..count]);
    }

    private static bool IsIssued(ReadOnlySpan<byte> digits)
    {
        int two = digits[0] * 10 + digits[1], four = two * 100 + digits[2] * 10 + digits[3];
        return digits.Length switch
        {
            // Diners Club.
            14 => four is >= 3000 and <= 3059 or >= 3095 and <= 3099 || two is 36 or 38 or 39,
            // American Express.
            15 => two is 34 or 37,
            // Visa; Mastercard; Discover; JCB; UnionPay; Maestro, RuPay and others that begin with 50, 56–58 and 6.
            16 => digits[0] is 4 or 6 || two is >= 50 and <= 58 or 35 or 81 or 82 || four is >= 2221 and <= 2720 or >= 2200 and <= 2204,
            13 => digits[0] == 4,
            17 or 18 => two is 62 or 50 or >= 56 and <= 58 or 67,
            19 => digits[0] == 4 || two is 62 or 50 or >= 56 and <= 58 or 63 or 67,
            _ => false,
        };
    }

    /// <summary>ISO/IEC 7812-1, annex B. Nineteen zeros would pass, but no issuer begins with one.</summary>
    private static bool HasCheckDigit(ReadOnlySpan<byte> digits)
    {
        int sum = 0;
        for (int i = 0; i < digits.Length; i++)
        {
            int digit = digits[^(i + 1)];
            if (i % 2 == 1) digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
            sum += digit;
        }

        return sum % 10 == 0;
    }
}
