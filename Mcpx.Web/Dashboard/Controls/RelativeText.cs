namespace Mcpx.Web.Dashboard.Controls;

/// <summary>The words for a distance in time; the same as in app.js, so that nothing flickers when the browser takes over.</summary>
internal static class RelativeText
{
    public static string Describe(TimeSpan distance)
    {
        var seconds = Math.Abs(distance.TotalSeconds);
        if (seconds < 5) return "just now";
        var (count, unit) = seconds switch
        {
            >= 31_536_000 => (seconds / 31_536_000, "yr."),
            >= 2_592_000 => (seconds / 2_592_000, "mo."),
            >= 86_400 => (seconds / 86_400, seconds >= 172_800 ? "days" : "day"),
            >= 3_600 => (seconds / 3_600, "hr."),
            >= 60 => (seconds / 60, "min."),
            _ => (seconds, "sec."),
        };
        return distance < TimeSpan.Zero ? $"{(long)count} {unit} ago" : $"in {(long)count} {unit}";
    }
}
