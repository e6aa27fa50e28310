using System.Globalization;

namespace Mcpx.Web.Dashboard.Retention;

/// <summary>Numbers of days as people write and read them.</summary>
internal static class DayText
{
    /// <summary>What is no number is one that is refused beside its field.</summary>
    public static int Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;

    public static string Of(int days) => days.ToString(CultureInfo.InvariantCulture);

    public static string Words(int days) => days == 1 ? "1 day" : $"{days:N0} days";
}
