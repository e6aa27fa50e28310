using Mcpx.Core.Metrics;
using Mcpx.Web.Dashboard.Charts;

namespace Mcpx.Web.Dashboard.Metrics;

/// <summary>A history as the page's charts draw it.</summary>
internal static class MetricLines
{
    public const string ThroughputId = "throughput";
    public const string ErrorsId = "errors";
    public const string LatencyId = "latency";
    public const string ShareId = "share";
    public const string HeatId = "heat";

    public static IReadOnlyList<ChartSeries> Throughput { get; } =
        [new("ok", ChartColor.Green), new("failed", ChartColor.Rose), new("refused", ChartColor.Amber), new("client left", ChartColor.Teal)];

    public static IReadOnlyList<ChartSeries> Errors { get; } = [new("error rate", ChartColor.Rose, ChartFill.Area)];

    public static IReadOnlyList<ChartSeries> Latency { get; } =
        [new("p50", ChartColor.Blue), new("p95", ChartColor.Amber, ChartFill.Previous), new("p99", ChartColor.Rose)];

    public static IReadOnlyList<ChartSeries> Share { get; } =
        [new("server p95", ChartColor.Blue), new("gateway p95", ChartColor.Amber)];

    /// <summary>All charts, by their ids.</summary>
    /// <param name="zoomUrl">See <see cref="ChartBase.ZoomUrl"/>.</param>
    public static IReadOnlyDictionary<string, ChartPicture> Of(MetricHistory history, string zoomUrl)
    {
        MetricStep[] steps = [.. history.Steps];
        return new[]
        {
            Picture(ThroughputId, s => PerMinute(history.Plan, s, s.Figures.Counts.Ok), s => PerMinute(history.Plan, s, s.Figures.Counts.Errors),
                s => PerMinute(history.Plan, s, s.Figures.Counts.Refused), s => PerMinute(history.Plan, s, s.Figures.Counts.Aborted)),
            Picture(ErrorsId, s => s.Figures.Counts.ErrorRate * 100),
            Picture(LatencyId, s => s.Figures.Total.Percentile(0.50), s => s.Figures.Total.Percentile(0.95), s => s.Figures.Total.Percentile(0.99)),
            Picture(ShareId, s => s.Figures.Upstream.Percentile(0.95), s => s.Figures.Gateway.Percentile(0.95)),
            Heat(),
        }.ToDictionary(picture => picture.Id, StringComparer.Ordinal);

        ChartPicture Picture(string id, params Func<MetricStep, double?>[] lines)
        {
            double?[][] values = [.. lines.Select(line => steps.Select(step => line(step) is { } value ? Math.Round(value, 3) : (double?)null).ToArray())];
            return Frame(id, values.Any(line => line.Any(value => value is not null)), values);
        }

        ChartPicture Heat()
        {
            ChartBand[] bands = [.. LatencyHeatMap.Of(history).Bands.Select(b => new ChartBand(b.Above, b.UpTo, b.Counts))];
            return Frame(HeatId, bands.Length > 0, []) with { Bands = bands };
        }

        // Without values there are no times either: the chart then says so instead of drawing axes of nothing.
        ChartPicture Frame(string id, bool holdsAnything, double?[][] values) =>
            new(id, history.Plan.Step * Math.Max(1, steps.Length - 1), history.Plan.Step,
                holdsAnything ? new ChartHistory([.. steps.Select(s => s.At.ToUnixTimeMilliseconds())], values) : ChartHistory.Empty) { ZoomUrl = zoomUrl };
    }

    /// <summary>The last step may not be over: its calls are of the part that has passed.</summary>
    private static double PerMinute(MetricPlan plan, MetricStep step, long calls)
    {
        TimeSpan passed = plan.Until - step.At;
        return calls / (passed < plan.Step && passed > TimeSpan.Zero ? passed : plan.Step).TotalMinutes;
    }
}
