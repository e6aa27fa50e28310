using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Identity;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/audit/verify</c>, <c>/api/audit/checkpoints</c> and <c>/api/audit/export</c>: whether anything of the audit was changed.</summary>
internal static class AuditChainApi
{
    public static void Map(RouteGroupBuilder read)
    {
        // It changes nothing; a GET would be sent again by whatever stands between.
        read.MapPost("/audit/verify", VerifyAsync);
        read.MapGet("/audit/checkpoints", ListCheckpointsAsync);
        read.MapGet("/audit/export", ExportAsync);
    }

    private static async Task<IResult> VerifyAsync(HttpContext http, ChainAdmin chain) =>
        Results.Ok(ChainReportAnswer.Of(await chain.VerifyAsync(ActorResolver.FromToken(http), progress: null, http.RequestAborted)));

    private static async Task<IResult> ListCheckpointsAsync(HttpContext http, ChainAdmin chain)
    {
        Actor actor = ActorResolver.FromToken(http);
        (IReadOnlyList<ChainCheckpoint> checkpoints, AuditKey key) = await chain.ListCheckpointsAsync(actor, http.RequestAborted);
        return Results.Ok(new
        {
            organization = actor.Organization.ToString(),
            key = new { id = key.Id, algorithm = "ES256", publicKey = Convert.ToBase64String(key.PublicKey) },
            items = checkpoints.Select(c => new { sequence = c.Sequence, link = Convert.ToHexStringLower(c.Link), begins = c.Begins, at = c.At, key = c.KeyId, signature = Convert.ToHexStringLower(c.Signature), text = c.Text }),
        });
    }

    private static IResult ExportAsync(HttpContext http, ChainAdmin chain)
    {
        Actor actor = ActorResolver.FromToken(http);
        return Results.Stream(output => chain.ReadExportAsync(actor, output, http.RequestAborted), "application/x-ndjson", "audit-chain.jsonl");
    }
}

internal sealed record ChainFindingAnswer(ChainFault Fault, long? Sequence, ChainKind? Kind, Guid? Record, DateTimeOffset? Time, string Text);

internal sealed record ChainReportAnswer(
    bool Intact, ChainFindingAnswer? Finding, long First, long Last, long Calls, long Entries, DateTimeOffset? From, DateTimeOffset? To, int Checkpoints, DateTimeOffset? SignedAt,
    long RemovedCalls, long RemovedEntries, long ExpiredPayloads, long? Before, string Key)
{
    public static ChainReportAnswer Of(ChainReport r) => new(
        r.IsIntact, r.Finding is { } f ? new ChainFindingAnswer(f.Fault, f.Sequence, f.Kind, f.Record, f.Time, f.Text) : null, r.First, r.Last, r.Calls, r.Entries, r.From, r.To,
        r.Checkpoints, r.SignedAt, r.RemovedCalls, r.RemovedEntries, r.ExpiredPayloads, r.Before, r.KeyId);
}
