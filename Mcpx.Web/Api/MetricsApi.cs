using System.Globalization;
using Mcpx.Core.Identity;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/metrics</c>: figures of past calls, and how long they are kept.</summary>
internal static class MetricsApi
{
    private const int UsualLimit = 10;
    private const int UsualCompared = 5;

    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/metrics/history", HistoryAsync);
        read.MapGet("/metrics/top", TopAsync);
        read.MapGet("/metrics/compare", CompareAsync);
        read.MapGet("/metrics/heatmap", HeatMapAsync);
        read.MapGet("/metrics/retention", GetRetentionAsync);
        write.MapPut("/metrics/retention", PutRetentionAsync);
    }

    private static async Task<IResult> HistoryAsync(HttpContext http, MetricsQuery metrics, MetricQueries queries)
    {
        Actor actor = ActorResolver.FromToken(http);
        return Results.Ok(HistoryAnswer.Of(await metrics.HistoryAsync(actor, await QuestionAsync(http, queries, actor), http.RequestAborted)));
    }

    private static async Task<IResult> TopAsync(HttpContext http, MetricsQuery metrics, MetricQueries queries)
    {
        Actor actor = ActorResolver.FromToken(http);
        (MetricDimension by, MetricOrder order, int limit) = RankingOf(http, UsualLimit);
        return Results.Ok(RankingAnswer.Of(await metrics.RankAsync(actor, await QuestionAsync(http, queries, actor), by, order, limit, http.RequestAborted)));
    }

    private static async Task<IResult> CompareAsync(HttpContext http, MetricsQuery metrics, MetricQueries queries)
    {
        Actor actor = ActorResolver.FromToken(http);
        (MetricDimension by, MetricOrder order, int limit) = RankingOf(http, UsualCompared);
        MetricComparison compared = await metrics.CompareAsync(actor, await QuestionAsync(http, queries, actor), by, order, limit, http.RequestAborted);
        return Results.Ok(new { ranking = RankingAnswer.Of(compared.Ranking), histories = compared.Histories.Select(HistoryAnswer.Of) });
    }

    private static async Task<IResult> HeatMapAsync(HttpContext http, MetricsQuery metrics, MetricQueries queries)
    {
        Actor actor = ActorResolver.FromToken(http);
        MetricHistory history = await metrics.HistoryAsync(actor, await QuestionAsync(http, queries, actor), http.RequestAborted);
        return Results.Ok(new { plan = PlanAnswer.Of(history.Plan), steps = history.Steps.Select(s => s.At), bands = LatencyHeatMap.Of(history).Bands });
    }

    private static async Task<IResult> GetRetentionAsync(HttpContext http, MetricRetentionAdmin retention) =>
        Results.Ok(await retention.GetAsync(ActorResolver.FromToken(http), http.RequestAborted));

    private static async Task<IResult> PutRetentionAsync(HttpContext http, MetricRetentionAdmin retention, MetricRetention body) =>
        Results.Ok(await retention.SaveAsync(ActorResolver.FromToken(http), body, http.RequestAborted));

    private static Task<MetricQuestion> QuestionAsync(HttpContext http, MetricQueries queries, Actor actor) =>
        queries.ReadAsync(actor, MetricQuery.Parse(name => http.Request.Query[name]), http.RequestAborted);

    private static (MetricDimension By, MetricOrder Order, int Limit) RankingOf(HttpContext http, int usual)
    {
        string? by = http.Request.Query["by"], order = http.Request.Query["order"];
        string? limit = http.Request.Query["limit"];
        int asked = usual;
        new InputCheck().Require(string.IsNullOrEmpty(by) || MetricQueries.DimensionOf(by) is not null, "by", "Use server, tool, gateway, caller or method.")
            .Require(string.IsNullOrEmpty(order) || MetricQueries.OrderOf(order) is not null, "order", "Use calls, errors, errorRate, p50, p95 or p99.")
            .Require(string.IsNullOrEmpty(limit) || int.TryParse(limit, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out asked), "limit", "Use a number.")
            .ThrowIfWrong();
        return (MetricQueries.DimensionOf(by) ?? MetricDimension.Server, MetricQueries.OrderOf(order) ?? MetricOrder.Calls, asked);
    }
}
