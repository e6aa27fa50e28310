using System.Text.Json.Serialization;
using Mcpx.Core.Metrics;

namespace Mcpx.Web.Api;

/// <param name="Until">What of the last step has passed.</param>
internal sealed record PlanAnswer(DateTimeOffset From, DateTimeOffset To, DateTimeOffset Until, double StepSeconds, MetricLevel Level, string? Note)
{
    public static PlanAnswer Of(MetricPlan plan) => new(plan.From, plan.To, plan.Until, plan.Step.TotalSeconds, plan.Level, plan.Note);
}

/// <summary>Milliseconds; null where nothing was timed.</summary>
internal sealed record LatencyAnswer(long Count, double? Mean, double? P50, double? P95, double? P99, double? Max)
{
    public static LatencyAnswer Of(MetricFigures f) => new(
        f.Total.Count, f.MeanMilliseconds, f.Total.Percentile(0.50), f.Total.Percentile(0.95), f.Total.Percentile(0.99), f.MostMilliseconds);
}

/// <inheritdoc cref="LatencyAnswer"/>
internal sealed record PercentilesAnswer(double? P50, double? P95, double? P99)
{
    public static PercentilesAnswer Of(LatencyHistogram h) => new(h.Percentile(0.50), h.Percentile(0.95), h.Percentile(0.99));
}

/// <param name="ErrorRate">0 to 1; null without calls.</param>
internal record FiguresAnswer(
    long Calls, long Ok, long ToolErrors, long UpstreamErrors, long Timeouts, long Denied, long RateLimited, long Unauthenticated, long Aborted, long Interrupted,
    double? ErrorRate, long RequestBytes, long ResponseBytes, LatencyAnswer Latency, PercentilesAnswer Upstream, PercentilesAnswer Gateway)
{
    public static FiguresAnswer Of(MetricFigures f)
    {
        MetricCounts c = f.Counts;
        return new FiguresAnswer(
            c.Calls, c.Ok, c.ToolErrors, c.UpstreamErrors, c.Timeouts, c.Denied, c.RateLimited, c.Unauthenticated, c.Aborted, c.Interrupted,
            c.ErrorRate, f.RequestBytes, f.ResponseBytes, LatencyAnswer.Of(f), PercentilesAnswer.Of(f.Upstream), PercentilesAnswer.Of(f.Gateway));
    }
}

/// <summary>The figures of one step, and its start.</summary>
internal sealed record StepAnswer : FiguresAnswer
{
    private StepAnswer(MetricStep step) : base(Of(step.Figures)) => At = step.At;

    [JsonPropertyOrder(-1)]
    public DateTimeOffset At { get; }

    public static StepAnswer Of(MetricStep step) => new(step);
}

internal sealed record HistoryAnswer(PlanAnswer Plan, IEnumerable<StepAnswer> Steps, FiguresAnswer Total, FiguresAnswer? Previous)
{
    public static HistoryAnswer Of(MetricHistory h) => new(
        PlanAnswer.Of(h.Plan), h.Steps.Select(StepAnswer.Of), FiguresAnswer.Of(h.Total), h.Previous is null ? null : FiguresAnswer.Of(h.Previous));
}

/// <param name="Id">Of the server (also of a tool's), gateway or caller; null where calls had none, and for methods.</param>
/// <param name="Name">Of the server, gateway or caller, or what it was when it went; null where nobody knows.</param>
/// <param name="Slug">In addresses; null for callers and for what is gone.</param>
/// <param name="Tool">As its server calls it, where the ranking is of tools.</param>
/// <param name="Method">Where the ranking is of methods.</param>
internal sealed record ShareAnswer(string? Id, string? Name, string? Slug, bool IsGone, string? Tool, string? Method, FiguresAnswer Figures, FiguresAnswer? Previous)
{
    public static ShareAnswer Of(MetricShare s, MetricDimension by) => new(
        s.Key.Id == Guid.Empty ? null : s.Key.Id.ToString("D"), s.Name?.Name, s.Name?.Slug, s.Name?.IsGone is true,
        by is MetricDimension.Tool ? s.Key.Name : null, by is MetricDimension.Method ? s.Key.Name : null,
        FiguresAnswer.Of(s.Figures), s.Previous is null ? null : FiguresAnswer.Of(s.Previous));
}

/// <param name="Others">How many are not among the shares, and their figures together.</param>
internal sealed record RankingAnswer(PlanAnswer Plan, MetricDimension By, IEnumerable<ShareAnswer> Shares, OthersAnswer Others, FiguresAnswer Total)
{
    public static RankingAnswer Of(MetricRanking r) => new(
        PlanAnswer.Of(r.Plan), r.By, r.Shares.Select(s => ShareAnswer.Of(s, r.By)), new OthersAnswer(r.Others, FiguresAnswer.Of(r.OthersFigures)), FiguresAnswer.Of(r.Total));
}

internal sealed record OthersAnswer(int Count, FiguresAnswer Figures);
