using Mcpx.Core.Health;
using Mcpx.Core.Jobs;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/operations</c>: how the installation is, for who runs it.</summary>
internal static class OperationsApi
{
    public static void Map(RouteGroupBuilder read) => read.MapGet("/operations", GetAsync);

    private static async Task<IResult> GetAsync(HttpContext http, InstallationAdmin installation) =>
        Results.Ok(OperationsAnswer.From(await installation.GetAsync(ActorResolver.FromToken(http), http.RequestAborted)));
}

/// <param name="Jobs">Null when the database could not be asked.</param>
internal sealed record OperationsAnswer(DateTimeOffset StartedAt, JournalAnswer Journal, DatabaseFacts? Database, IReadOnlyList<JobAnswer>? Jobs)
{
    public static OperationsAnswer From(InstallationReport report) => new(report.StartedAt,
        new JournalAnswer(report.Journal.IsAccepting, report.Journal.Depth, report.Journal.Bytes, report.Journal.Budget,
            report.Journal.Oldest?.TotalSeconds, report.Journal.LastError, report.Journal.DiskError, report.Journal.Drained, report.Journal.DrainFailures),
        report.Database, report.Jobs is null ? null : [.. report.Jobs.Select(JobAnswer.From)]);
}

internal sealed record JournalAnswer(bool Accepting, long Depth, long Bytes, long BudgetBytes, double? OldestSeconds, string? LastError, string? DiskError, long Drained, long DrainFailures);

internal sealed record JobAnswer(string Name, bool Running, bool? Succeeded, string? Result, DateTimeOffset? EndedAt, DateTimeOffset? NextAt)
{
    public static JobAnswer From(JobReport job) => new(job.Name, job.IsRunning, job.State.Succeeded, job.State.Result, job.State.EndedAt, job.NextAt);
}
