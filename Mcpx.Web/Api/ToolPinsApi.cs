using System.Text.Json;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/servers/{id}/tool-definitions</c>.</summary>
internal static class ToolPinsApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/tool-definitions", SummarizeAsync);
        read.MapGet("/servers/{id}/tool-definitions", GetAsync);
        write.MapPut("/servers/{id}/tool-definitions", PutAsync);
        write.MapPost("/servers/{id}/tool-definitions/refresh", RefreshAsync);
        write.MapPost("/servers/{id}/tool-definitions/approve", ApproveAsync);
        write.MapPost("/servers/{id}/tool-definitions/reject", RejectAsync);
        write.MapPost("/servers/{id}/tool-definitions/forget", ForgetAsync);
    }

    private static async Task<IResult> SummarizeAsync(HttpContext http, ToolPinAdmin pins, ServerAdmin servers)
    {
        Actor actor = ActorResolver.FromToken(http);
        IReadOnlyDictionary<ServerId, PinSummary> known = pins.Summarize(actor);
        return Results.Ok(new
        {
            items = (await servers.SummarizeAsync(actor, http.RequestAborted)).Select(s =>
            {
                PinSummary summary = known.GetValueOrDefault(s.Id, PinSummary.Unread);
                return new PinSummaryAnswer(s.Id.ToString(), s.Slug, summary.Mode, summary.HasBaseline, summary.Watched, summary.Pending);
            }),
        });
    }

    /// <param name="tool">With its name: that one alone, with both definitions and what differs.</param>
    private static async Task<IResult> GetAsync(HttpContext http, ToolPinAdmin pins, string id, string? tool)
    {
        PinReport report = await pins.GetAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted);
        if (tool is null) return Results.Ok(PinReportAnswer.From(report));
        PinReview review = report.Tools.FirstOrDefault(t => t.Stored.Tool == tool) ?? throw new RefusalException.NotFound("tool");
        return Results.Ok(PinDetailsAnswer.From(review));
    }

    private static async Task<IResult> PutAsync(HttpContext http, ToolPinAdmin pins, string id, PinModeBody body)
    {
        Actor actor = ActorResolver.FromToken(http);
        await pins.SetAsync(actor, Id(id), body.Mode, body.ReviewFirst, http.RequestAborted);
        return Results.Ok(PinReportAnswer.From(await pins.GetAsync(actor, Id(id), http.RequestAborted)));
    }

    private static async Task<IResult> RefreshAsync(HttpContext http, ToolPinAdmin pins, string id) =>
        Results.Ok(PinReportAnswer.From(await pins.RefreshAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted)));

    private static async Task<IResult> ApproveAsync(HttpContext http, ToolPinAdmin pins, string id, PinApprovalBody body)
    {
        Actor actor = ActorResolver.FromToken(http);
        if (body.All == (body.Tools is not null)) throw new RefusalException.Invalid([new FieldError("tools", "Name the tools, or say all.")]);
        IReadOnlyList<string> approved = body.All
            ? await pins.ApproveAllAsync(actor, Id(id), http.RequestAborted)
            : await pins.ApproveAsync(actor, Id(id), Choices(body.Tools!), http.RequestAborted);
        return Results.Ok(new { approved });
    }

    private static async Task<IResult> RejectAsync(HttpContext http, ToolPinAdmin pins, string id, PinChoicesBody body) =>
        Results.Ok(new { rejected = await pins.RejectAsync(ActorResolver.FromToken(http), Id(id), Choices(body.Tools), http.RequestAborted) });

    private static async Task<IResult> ForgetAsync(HttpContext http, ToolPinAdmin pins, string id, PinNamesBody body) =>
        Results.Ok(new { forgotten = await pins.ForgetAsync(ActorResolver.FromToken(http), Id(id), body.Tools, http.RequestAborted) });

    private static PinChoice[] Choices(IReadOnlyList<PinChoiceBody> tools) => [.. tools.Select(t => t is not null && DefinitionHash.TryParse(t.Hash, out DefinitionHash hash)
        ? new PinChoice(t.Tool, hash)
        : throw new RefusalException.Invalid([new FieldError("tools.hash", "Use the 64 digits of the definition that was looked at.")]))];

    private static ServerId Id(string text) => ApiInput.Id<ServerId>(text, "server");
}

internal sealed record PinModeBody(PinMode Mode, bool ReviewFirst = false);

internal sealed record PinChoiceBody(string Tool, string Hash);

internal sealed record PinChoicesBody(IReadOnlyList<PinChoiceBody> Tools);

internal sealed record PinNamesBody(IReadOnlyList<string> Tools);

internal sealed record PinApprovalBody(IReadOnlyList<PinChoiceBody>? Tools = null, bool All = false);

internal sealed record PinSummaryAnswer(string Server, string ServerSlug, PinMode Mode, bool HasBaseline, int Tools, int Pending);

internal sealed record PinChangeAnswer(ChangeGrade Grade, string Message);

internal sealed record PinAnswer(
    string Tool, PinState State, string Hash, string? ApprovedHash, bool SeenByClient, DateTimeOffset FirstSeenAt, DateTimeOffset SeenAt, DateTimeOffset? ApprovedAt, string? ApprovedBy,
    IReadOnlyList<PinChangeAnswer> Changes, IReadOnlyList<string> Warnings)
{
    public static PinAnswer From(PinReview review)
    {
        StoredPin stored = review.Stored;
        return new PinAnswer(stored.Tool, stored.Pin.State, stored.Pin.Seen.ToString(), stored.Pin.Approved?.ToString(), stored.Pin.SeenByClient,
            stored.FirstSeenAt, stored.SeenAt, stored.ApprovedAt, stored.ApprovedBy, [.. review.Changes.Select(c => new PinChangeAnswer(c.Grade, c.Sentence))], review.Warnings);
    }
}

internal sealed record PinReportAnswer(PinMode Mode, bool ReviewFirst, DateTimeOffset? BaselineAt, int Pending, IReadOnlyList<PinAnswer> Tools)
{
    public static PinReportAnswer From(PinReport report) => new(report.Settings.Mode, report.Settings.ReviewFirst, report.Settings.BaselineAt,
        report.Tools.Count(t => t.Stored.Pin.IsPending), [.. report.Tools.Select(PinAnswer.From)]);
}

internal sealed record PinDetailsAnswer(PinAnswer Pin, JsonElement? Approved, JsonElement Seen, IReadOnlyList<string> Diff)
{
    public static PinDetailsAnswer From(PinReview review)
    {
        StoredPin stored = review.Stored;
        IEnumerable<DiffLine> diff = DefinitionDiff.Between(DefinitionLines.Of(stored.ApprovedJson), DefinitionLines.Of(stored.SeenJson));
        return new PinDetailsAnswer(PinAnswer.From(review), stored.ApprovedJson is { } approved ? JsonElement.Parse(approved.Span) : null, JsonElement.Parse(stored.SeenJson.Span),
            [.. diff.Select(l => $"{(l.Kind is DiffKind.Added ? '+' : l.Kind is DiffKind.Removed ? '-' : ' ')} {l.Text}")]);
    }
}
