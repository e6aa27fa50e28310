using Mcpx.Core.Calls;
using Mcpx.Core.Metrics;
using Shouldly;

namespace Mcpx.Tests.Metrics;

/// <summary>The same figures without a database, a histogram or a roll-up: from the list of calls, by counting them.</summary>
internal static class CountedByHand
{
    private static readonly double[] Shares = [0.01, 0.5, 0.9, 0.95, 0.99, 1];

    public static void ShouldBeOf(this IReadOnlyList<MetricRow> rows, IEnumerable<CallRecord> calls, MetricSelection selection)
    {
        Dictionary<(DateTimeOffset, MetricKey?), CallRecord[]> groups = calls
            .Where(c => c.Time >= selection.From && c.Time < selection.To && Matches(c, selection.Filter))
            .GroupBy(c => (StepOf(c.Time, selection), KeyOf(c, selection.By)))
            .ToDictionary(g => g.Key, g => g.ToArray());

        rows.Select(r => (r.At, r.Key)).ShouldBe(groups.Keys, ignoreOrder: true, selection.ToString());
        bool ofCallers = selection.Level is not MetricLevel.Event && (selection.By is MetricDimension.Caller || selection.Filter.Caller is not null);
        foreach (MetricRow row in rows) ShouldBeOf(row.Figures, groups[(row.At, row.Key)], ofCallers, $"{row.At:O} {row.Key} of {selection}");
    }

    public static void ShouldBeOf(MetricFigures figures, IReadOnlyCollection<CallRecord> calls, bool ofCallers, string where)
    {
        figures.Counts.ShouldBe(new MetricCounts(
            calls.Count, Count(CallOutcome.Ok), Count(CallOutcome.ToolError), Count(CallOutcome.UpstreamError), Count(CallOutcome.Timeout), Count(CallOutcome.Denied),
            Count(CallOutcome.RateLimited), Count(CallOutcome.Unauthenticated), Count(CallOutcome.ClientAborted), Count(CallOutcome.Interrupted)), where);
        figures.RequestBytes.ShouldBe(calls.Sum(c => (long)c.RequestBytes), where);
        figures.ResponseBytes.ShouldBe(calls.Sum(c => c.ResponseBytes), where);
        CallRecord[] timed = [.. calls.Where(IsTimed)];
        Latencies(figures.Total, [.. timed.Select(c => c.TotalMicroseconds)], where);
        if (!ofCallers)
        {
            Latencies(figures.Upstream, [.. timed.Where(c => c.UpstreamMicroseconds > 0).Select(c => c.UpstreamMicroseconds)], where);
            Latencies(figures.Gateway, [.. timed.Select(c => c.TotalMicroseconds - c.UpstreamMicroseconds)], where);
        }

        if (timed.Length == 0)
        {
            figures.MeanMilliseconds.ShouldBeNull(where);
            figures.MostMilliseconds.ShouldBeNull(where);
            return;
        }

        figures.MeanMilliseconds!.Value.ShouldBe(timed.Average(c => c.TotalMicroseconds / 1000.0), 1e-6 * timed.Max(c => c.TotalMicroseconds) + 1e-9, where);
        figures.MostMilliseconds.ShouldBe(timed.Max(c => c.TotalMicroseconds) / 1000.0, where);

        long Count(CallOutcome outcome) => calls.Count(c => c.Outcome == outcome);
    }

    /// <summary>Nearest rank: the value that so many of them do not exceed.</summary>
    private static void Latencies(LatencyHistogram histogram, long[] microseconds, string where)
    {
        histogram.Count.ShouldBe(microseconds.Length, where);
        if (microseconds.Length == 0)
        {
            histogram.Percentile(0.5).ShouldBeNull(where);
            return;
        }

        Array.Sort(microseconds);
        foreach (double share in Shares)
        {
            double exact = Math.Max(1, microseconds[(int)Math.Ceiling(share * microseconds.Length) - 1]) / 1000.0;
            (Math.Abs(histogram.Percentile(share)!.Value - exact) / exact).ShouldBeLessThanOrEqualTo(LatencyBuckets.RelativeError + 1e-9, $"{share} of {where}");
        }
    }

    private static bool IsTimed(CallRecord call) =>
        call.Outcome is CallOutcome.Ok or CallOutcome.ToolError or CallOutcome.UpstreamError or CallOutcome.Timeout && call.Method is not "GET";

    private static string MethodOf(CallRecord call) => call.Method is "no/such/method" ? "_OTHER" : call.Method!;

    private static string ToolOf(CallRecord call) => call.Method is "tools/call" ? call.UpstreamTool ?? call.Tool! : "";

    private static Guid CallerOf(CallRecord call) => call.User?.Value ?? call.ServiceAccount!.Value.Value;

    private static bool Matches(CallRecord call, MetricFilter filter) =>
        (filter.Server is not { } server || call.Server == server)
        && (filter.Gateway is not { } gateway || call.Gateway == gateway)
        && (filter.Caller is not { } caller || CallerOf(call) == caller)
        && (filter.Tool is not { } tool || ToolOf(call) == tool)
        && (filter.Method is not { } method || MethodOf(call) == method);

    private static DateTimeOffset StepOf(DateTimeOffset time, MetricSelection selection)
    {
        if (selection.Step is not { } step) return selection.From;
        DateTimeOffset origin = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return origin + (time - origin).Ticks / step.Ticks * step;
    }

    private static MetricKey? KeyOf(CallRecord call, MetricDimension? by) => by switch
    {
        MetricDimension.Server => new MetricKey(call.Server?.Value ?? Guid.Empty, null),
        MetricDimension.Tool => new MetricKey(call.Server?.Value ?? Guid.Empty, ToolOf(call)),
        MetricDimension.Gateway => new MetricKey(call.Gateway?.Value ?? Guid.Empty, null),
        MetricDimension.Caller => new MetricKey(CallerOf(call), null),
        MetricDimension.Method => new MetricKey(Guid.Empty, MethodOf(call)),
        MetricDimension.Organization => new MetricKey(call.Organization.Value, null),
        _ => null,
    };
}
