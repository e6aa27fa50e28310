using System.Globalization;

namespace Mcpx.Core.Primitives;

/// <summary>Times as they stand in addresses, the same on all pages and in the API.</summary>
internal static class TimeInput
{
    private const int MostDigits = 4;

    /// <summary>A number of at most four digits and its unit: <c>15m</c>, <c>6h</c>, <c>30d</c>. Null for anything else, and for nothing.</summary>
    /// <param name="units">Those that are taken, of s, m, h and d.</param>
    public static TimeSpan? Length(string? text, string units = "mhd")
    {
        if (text is not { Length: >= 2 and <= MostDigits + 1 } || !units.Contains(text[^1], StringComparison.Ordinal)) return null;
        if (!int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number == 0) return null;
        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            _ => TimeSpan.FromDays(number),
        };
    }

    /// <summary>An instant, without an offset in UTC; null for nothing.</summary>
    public static DateTimeOffset? Instant(InputCheck check, string? text, string field)
    {
        if (text is null) return null;
        bool isInstant = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset instant);
        check.Require(isInstant, field, "Use an instant, e.g. 2026-01-31T09:00:00Z.");
        return isInstant ? instant : null;
    }
}
