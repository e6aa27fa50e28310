using Mcpx.Core.Calls.Export;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/exports</c>.</summary>
internal static class ExportsApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/exports", ListAsync);
        write.MapPost("/exports", CreateAsync);
        write.MapDelete("/exports/{id}", DeleteAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, ScheduledExportAdmin exports) =>
        Results.Ok(new { items = (await exports.ListAsync(ActorResolver.FromToken(http), http.RequestAborted)).Select(ScheduledExportAnswer.From), next = (string?)null });

    private static async Task<IResult> CreateAsync(HttpContext http, ScheduledExportAdmin exports, ScheduledExportBody body)
    {
        ScheduledExport made = await exports.CreateAsync(ActorResolver.FromToken(http), body.ToInput(), http.RequestAborted);
        return Results.Created($"/api/exports/{made.Id}", ScheduledExportAnswer.From(made));
    }

    private static async Task<IResult> DeleteAsync(HttpContext http, ScheduledExportAdmin exports, string id)
    {
        await exports.DeleteAsync(ActorResolver.FromToken(http), ApiInput.Id<ScheduledExportId>(id, "scheduled export"), http.RequestAborted);
        return Results.NoContent();
    }
}

/// <param name="Endpoint">Of an S3-compatible store; null for the operator's directory.</param>
internal sealed record ScheduledExportBody(
    string? Name = null, ExportPeriod Period = ExportPeriod.Day, bool Payloads = false, string? Endpoint = null, string? Region = null, string? Bucket = null, string? Prefix = null, string? AccessKeyId = null, string? Secret = null,
    string? Query = null)
{
    public NewScheduledExport ToInput() => new(Name, Period, Payloads, Endpoint, Region, Bucket, Prefix, AccessKeyId, Secret is null ? null : new Secret(Secret), Query);

    // The generated one would print the secret wherever the body is logged.
    public override string ToString() => nameof(ScheduledExportBody);
}

/// <summary>As the API shows it: of the secret a masked hint.</summary>
/// <param name="DoneUntil">Every call before that which had reached the database is in a file.</param>
/// <param name="Problem">Why the last try failed; null when it did not.</param>
internal sealed record ScheduledExportAnswer(
    string Id, string Name, ExportPeriod Period, string Query, bool Payloads, string? Endpoint, string? Region, string? Bucket, string? Prefix, string? AccessKeyId, string? SecretHint,
    DateTimeOffset DoneUntil, DateTimeOffset NextAt, DateTimeOffset? LastRunAt, string? Problem, string? LastFile, long? LastCalls, DateTimeOffset CreatedAt)
{
    public static ScheduledExportAnswer From(ScheduledExport e) => new(
        e.Id.ToString(), e.Name, e.Period, e.Query, e.Payloads, e.S3?.Endpoint.OriginalString, e.S3?.Region, e.S3?.Bucket, e.S3?.Prefix, e.S3?.AccessKeyId, e.SecretHint,
        e.DoneUntil, e.NextAt, e.LastRun?.At, e.LastRun?.Problem, e.LastRun?.File, e.LastRun?.Calls, e.CreatedAt);
}
