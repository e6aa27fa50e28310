using System.Globalization;
using Mcpx.Core.Metrics;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Metrics;

/// <summary>Figures and how they came about, as the metrics page says them.</summary>
internal static class MetricWords
{
    /// <summary>A change of less is noise to the eye.</summary>
    private const double LeastChange = 0.005;

    /// <summary>Above this a percentage says less than a factor.</summary>
    private const double MostPercent = 10;

    public static string Plural(MetricDimension by) => by switch
    {
        MetricDimension.Server => "Servers",
        MetricDimension.Tool => "Tools",
        MetricDimension.Gateway => "Gateways",
        MetricDimension.Caller => "Callers",
        _ => "Methods",
    };

    public static string Singular(MetricDimension by) => Plural(by)[..^1];

    public static string Order(MetricOrder order) => order switch
    {
        MetricOrder.Calls => "most calls first",
        MetricOrder.Errors => "most failed calls first",
        MetricOrder.ErrorRate => "highest error rate first",
        MetricOrder.P50 => "slowest by p50 first",
        MetricOrder.P95 => "slowest by p95 first",
        _ => "slowest by p99 first",
    };

    /// <summary>Days are those of UTC, for all viewers.</summary>
    public static bool IsOfDays(MetricPlan plan) => plan.Step >= TimeSpan.FromDays(1);

    /// <summary>Which time it is of.</summary>
    public static string Span(MetricPlan plan) => $"{Instant(plan.From)} to {Instant(plan.Until)} UTC";

    /// <summary>In which steps, and from where.</summary>
    public static string Steps(MetricPlan plan) => $"Each point is {Length(plan.Step)}, counted from {Level(plan.Level)}.";

    /// <summary>"30 days", "1 hour".</summary>
    public static string Length(TimeSpan time) => time switch
    {
        _ when time >= TimeSpan.FromDays(1) && time.Ticks % TimeSpan.TicksPerDay == 0 => Many(time.TotalDays, "day"),
        _ when time >= TimeSpan.FromHours(1) && time.Ticks % TimeSpan.TicksPerHour == 0 => Many(time.TotalHours, "hour"),
        _ when time >= TimeSpan.FromMinutes(1) && time.Ticks % TimeSpan.TicksPerMinute == 0 => Many(time.TotalMinutes, "minute"),
        _ => Many(Math.Round(time.TotalSeconds), "second"),
    };

    /// <summary>"+12 %", against the time before; null where there is nothing to compare with.</summary>
    public static string? Change(double? now, double? before)
    {
        if (now is not { } value || before is not { } old) return null;
        if (value == old || old > 0 && Math.Abs(value - old) / old < LeastChange) return "unchanged";
        if (old == 0) return "none before";
        double change = (value - old) / old;
        return change > MostPercent ? $"{Figures.Short(value / old)} times" : $"{(change > 0 ? "+" : "−")}{Figures.Short(Math.Abs(change) * 100)} %";
    }

    /// <summary>"+0.4 points": a percentage of percentages would be misread.</summary>
    public static string? ChangeOfShare(double? now, double? before)
    {
        if (now is not { } value || before is not { } old) return null;
        double points = (value - old) * 100;
        return Math.Abs(points) < LeastChange ? "unchanged" : $"{(points > 0 ? "+" : "−")}{Figures.Short(Math.Abs(points))} points";
    }

    public static string Instant(DateTimeOffset time) =>
        time.UtcDateTime.ToString(time.UtcTicks % TimeSpan.TicksPerMinute == 0 ? "yyyy-MM-dd HH:mm" : "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>For addresses.</summary>
    public static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private static string Level(MetricLevel level) => level switch
    {
        MetricLevel.Event => "single calls",
        MetricLevel.Minute => "figures by the minute",
        MetricLevel.Hour => "figures by the hour",
        _ => "figures by the day",
    };

    private static string Many(double count, string unit) => $"{count:0} {unit}{(count == 1 ? "" : "s")}";
}
