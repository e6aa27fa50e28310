using System.Globalization;
using Mcpx.Core.Health;
using Mcpx.Core.Jobs;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/operations</c>: how the installation is, for who runs it.</summary>
internal static class OperationsApi
{
    private const int UsualLimit = 10;

    public static void Map(RouteGroupBuilder read)
    {
        read.MapGet("/operations", GetAsync);
        read.MapGet("/operations/organizations", RankAsync);
    }

    private static async Task<IResult> GetAsync(HttpContext http, InstallationAdmin installation) =>
        Results.Ok(OperationsAnswer.From(await installation.GetAsync(ActorResolver.FromToken(http), http.RequestAborted)));

    private static async Task<IResult> RankAsync(HttpContext http, InstallationFigures figures)
    {
        string? order = http.Request.Query["order"], limit = http.Request.Query["limit"];
        int asked = UsualLimit;
        new InputCheck().Require(string.IsNullOrEmpty(order) || MetricQueries.OrderOf(order) is not null, "order", "Use calls, errors, errorRate, p50, p95 or p99.")
            .Require(string.IsNullOrEmpty(limit) || int.TryParse(limit, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out asked), "limit", "Use a number.")
            .ThrowIfWrong();
        return Results.Ok(RankingAnswer.Of(await figures.RankAsync(
            ActorResolver.FromToken(http), MetricQuery.Parse(name => http.Request.Query[name]), MetricQueries.OrderOf(order) ?? MetricOrder.Calls, asked, http.RequestAborted)));
    }
}

/// <param name="RollUps">Null, like <paramref name="Jobs"/>, when the database could not be asked.</param>
internal sealed record OperationsAnswer(DateTimeOffset StartedAt, JournalAnswer Journal, DatabaseFacts? Database, RollUpsAnswer? RollUps, IReadOnlyList<JobAnswer>? Jobs)
{
    public static OperationsAnswer From(InstallationReport report) => new(report.StartedAt,
        new JournalAnswer(report.Journal.IsAccepting, report.Journal.Depth, report.Journal.Bytes, report.Journal.Budget,
            report.Journal.Oldest?.TotalSeconds, report.Journal.LastError, report.Journal.DiskError, report.Journal.Drained, report.Journal.DrainFailures),
        report.Database, report.RollUps is null ? null : RollUpsAnswer.From(report.RollUps), report.Jobs is null ? null : [.. report.Jobs.Select(JobAnswer.From)]);
}

internal sealed record JournalAnswer(bool Accepting, long Depth, long Bytes, long BudgetBytes, double? OldestSeconds, string? LastError, string? DiskError, long Drained, long DrainFailures);

/// <param name="Minutes">Until when figures are rolled up by the minute; null where nothing is.</param>
internal sealed record RollUpsAnswer(DateTimeOffset? Minutes, DateTimeOffset? Hours, DateTimeOffset? Days, bool Behind)
{
    public static RollUpsAnswer From(RollUpReport report)
    {
        return new RollUpsAnswer(Of(MetricLevel.Minute), Of(MetricLevel.Hour), Of(MetricLevel.Day), report.IsBehind);

        DateTimeOffset? Of(MetricLevel level) => report.Until.TryGetValue(level, out DateTimeOffset until) ? until : null;
    }
}

internal sealed record JobAnswer(string Name, bool Running, bool? Succeeded, string? Result, DateTimeOffset? EndedAt, DateTimeOffset? NextAt)
{
    public static JobAnswer From(JobReport job) => new(job.Name, job.IsRunning, job.State.Succeeded, job.State.Result, job.State.EndedAt, job.NextAt);
}
