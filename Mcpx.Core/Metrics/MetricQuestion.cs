using System.Runtime.InteropServices;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Metrics;

/// <summary>Which calls are meant. Null members mean all.</summary>
/// <param name="Caller">A user or a service account.</param>
/// <param name="Tool">As its server calls it.</param>
public sealed record MetricFilter(ServerId? Server = null, GatewayId? Gateway = null, Guid? Caller = null, string? Tool = null, string? Method = null)
{
    public static MetricFilter All { get; } = new();
}

/// <summary>By what figures are set apart.</summary>
public enum MetricDimension
{
    Server = 1,

    /// <summary>With its server: two servers may have tools of one name.</summary>
    Tool = 2,
    Gateway = 3,
    Caller = 4,
    Method = 5,

    /// <summary>For who runs the installation.</summary>
    Organization = 6,
}

/// <summary>One value of a dimension.</summary>
/// <param name="Id">Of the server (also of a tool's), gateway, caller or organisation; all zero where calls had none.</param>
/// <param name="Name">Of the tool or method; null for the others.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct MetricKey(Guid Id, string? Name);

/// <summary>From where figures are read.</summary>
public enum MetricLevel
{
    /// <summary>Call by call.</summary>
    Event = 0,
    Minute = 1,
    Hour = 2,
    Day = 3,
}

/// <summary>What a store is asked for.</summary>
/// <param name="From">In, on a border of the level.</param>
/// <param name="To">Out, on a border of the level.</param>
/// <param name="Step">A multiple of the level's width, counted from 2000-01-01 UTC; null for the range in one piece.</param>
public sealed record MetricSelection(MetricLevel Level, DateTimeOffset From, DateTimeOffset To, TimeSpan? Step, MetricFilter Filter, MetricDimension? By = null);

/// <summary>What a store answers: the calls of one step and one key that had any.</summary>
public sealed record MetricRow(DateTimeOffset At, MetricKey? Key, MetricFigures Figures);

/// <summary>What is known of some calls together.</summary>
/// <param name="Total">From the request's arrival to the end of the answer.</param>
/// <param name="Upstream">The server's part of it. Empty where figures are of callers.</param>
/// <param name="Gateway">Our part of it. Empty where figures are of callers.</param>
public sealed record MetricFigures(
    MetricCounts Counts, long RequestBytes, long ResponseBytes, double? MeanMilliseconds, double? MostMilliseconds,
    LatencyHistogram Total, LatencyHistogram Upstream, LatencyHistogram Gateway)
{
    public static MetricFigures None { get; } = new(default, 0, 0, null, null, LatencyHistogram.Empty, LatencyHistogram.Empty, LatencyHistogram.Empty);

    public static MetricFigures Merge(IReadOnlyCollection<MetricFigures> parts)
    {
        if (parts.Count == 0) return None;
        long timed = parts.Sum(p => p.Total.Count);
        return new MetricFigures(
            parts.Aggregate(default(MetricCounts), (sum, part) => sum + part.Counts), parts.Sum(p => p.RequestBytes), parts.Sum(p => p.ResponseBytes),
            timed == 0 ? null : parts.Sum(p => p.MeanMilliseconds * p.Total.Count ?? 0) / timed, parts.Max(p => p.MostMilliseconds),
            LatencyHistogram.Merge(parts.Select(p => p.Total)), LatencyHistogram.Merge(parts.Select(p => p.Upstream)), LatencyHistogram.Merge(parts.Select(p => p.Gateway)));
    }
}

/// <summary>Calls by their outcome, see <see cref="Calls.CallOutcome"/>.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct MetricCounts(
    long Calls, long Ok, long ToolErrors, long UpstreamErrors, long Timeouts, long Denied, long RateLimited, long Unauthenticated, long Aborted, long Interrupted)
{
    /// <summary>What went wrong, not what was refused; the same as <see cref="Calls.Search.CallQueries.FailedOutcomes"/>.</summary>
    public long Errors => ToolErrors + UpstreamErrors + Timeouts + Interrupted;

    public long Refused => Denied + RateLimited + Unauthenticated;

    /// <summary>Errors among all calls, 0 to 1; null when there were none.</summary>
    public double? ErrorRate => Calls == 0 ? null : (double)Errors / Calls;

    public static MetricCounts operator +(MetricCounts a, MetricCounts b) => new(
        a.Calls + b.Calls, a.Ok + b.Ok, a.ToolErrors + b.ToolErrors, a.UpstreamErrors + b.UpstreamErrors, a.Timeouts + b.Timeouts, a.Denied + b.Denied,
        a.RateLimited + b.RateLimited, a.Unauthenticated + b.Unauthenticated, a.Aborted + b.Aborted, a.Interrupted + b.Interrupted);
}
