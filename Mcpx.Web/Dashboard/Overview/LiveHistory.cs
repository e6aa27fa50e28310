using Mcpx.Core.Metrics;
using Mcpx.Web.Dashboard.Charts;

namespace Mcpx.Web.Dashboard.Overview;

/// <summary>The overview's charts: which lines they have, and which figure of a step goes where.</summary>
internal sealed record LiveHistory(ChartHistory Calls, ChartHistory P95, ChartHistory Errors, ChartHistory Latency, ChartHistory Throughput)
{
    public static readonly IReadOnlyList<ChartSeries> LatencySeries =
    [
        new("p50", ChartColor.Blue),
        new("p95", ChartColor.Amber, ChartFill.Previous),
        new("p99", ChartColor.Rose, ChartFill.Previous),
    ];

    public static readonly IReadOnlyList<ChartSeries> ThroughputSeries =
    [
        new("calls", ChartColor.Indigo, ChartFill.Area),
        new("refused", ChartColor.Amber),
        new("failed", ChartColor.Rose),
    ];

    public static LiveHistory From(LiveFrame frame)
    {
        long[] times = [.. frame.Steps.Select(step => step.At.ToUnixTimeMilliseconds())];
        double seconds = frame.Step.TotalSeconds;
        return new LiveHistory(
            Lines(step => step.Calls / seconds),
            Lines(step => step.P95),
            Lines(ErrorRate),
            Lines(step => step.P50, step => step.P95, step => step.P99),
            Lines(step => step.Calls / seconds, step => step.Refused / seconds, step => step.Errors / seconds));

        ChartHistory Lines(params Func<MetricPoint, double?>[] values) =>
            new(times, [.. values.Select(value => (IReadOnlyList<double?>)[.. frame.Steps.Select(value)])]);
    }

    public static ChartTick Tick(MetricPoint step, TimeSpan length)
    {
        double seconds = length.TotalSeconds;
        return new ChartTick(step.At)
            .Add("calls-spark", step.Calls / seconds)
            .Add("p95-spark", step.P95)
            .Add("errors-spark", ErrorRate(step))
            .Add("latency", step.P50, step.P95, step.P99)
            .Add("throughput", step.Calls / seconds, step.Refused / seconds, step.Errors / seconds);
    }

    private static double? ErrorRate(MetricPoint step) => step.Calls == 0 ? null : 100.0 * step.Errors / step.Calls;
}
