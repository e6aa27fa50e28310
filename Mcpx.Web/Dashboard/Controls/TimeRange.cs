namespace Mcpx.Web.Dashboard.Controls;

/// <summary>How far back a page looks; <see cref="Key"/> stands in its address.</summary>
public sealed record TimeRange(string Key, string Label, TimeSpan Span)
{
    public static TimeRange Default { get; } = new("15m", "15 min", TimeSpan.FromMinutes(15));

    /// <summary>What live figures offer.</summary>
    public static IReadOnlyList<TimeRange> Live { get; } =
        [Default, new("1h", "1 h", TimeSpan.FromHours(1)), new("6h", "6 h", TimeSpan.FromHours(6)), new("24h", "24 h", TimeSpan.FromHours(24))];

    public static IReadOnlyList<TimeRange> All { get; } =
        [.. Live, new("7d", "7 days", TimeSpan.FromDays(7)), new("30d", "30 days", TimeSpan.FromDays(30))];

    /// <summary>What figures of the past are asked for.</summary>
    public static IReadOnlyList<TimeRange> Kept { get; } = [.. All, new("90d", "90 days", TimeSpan.FromDays(90))];

    /// <summary>Null for a key that is none.</summary>
    public static TimeRange? Find(string? key) => All.FirstOrDefault(range => range.Key == key);
}
