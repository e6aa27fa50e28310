using Mcpx.Core.Calls.Retention;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/retention</c> and <c>/api/legal-holds</c>: how long calls are on record, and what is held back from that.</summary>
internal static class RetentionApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/retention", GetAsync);
        write.MapPut("/retention", PutAsync);
        read.MapGet("/legal-holds", ListAsync);
        write.MapPost("/legal-holds", AddAsync);
        write.MapDelete("/legal-holds/{id}", ReleaseAsync);
    }

    private static async Task<IResult> GetAsync(HttpContext http, RetentionAdmin retention) =>
        Results.Ok(await retention.GetAsync(ActorResolver.FromToken(http), http.RequestAborted));

    private static async Task<IResult> PutAsync(HttpContext http, RetentionAdmin retention, RetentionSettings body) =>
        Results.Ok(await retention.SaveAsync(ActorResolver.FromToken(http), body, http.RequestAborted));

    private static async Task<IResult> ListAsync(HttpContext http, RetentionAdmin retention) =>
        Results.Ok(new { items = (await retention.ListHoldsAsync(ActorResolver.FromToken(http), http.RequestAborted)).Select(HoldAnswer.Of), next = (string?)null });

    private static async Task<IResult> AddAsync(HttpContext http, RetentionAdmin retention, HoldBody body)
    {
        LegalHold made = await retention.AddHoldAsync(ActorResolver.FromToken(http), body.ToInput(), http.RequestAborted);
        return Results.Created($"/api/legal-holds/{made.Id}", HoldAnswer.Of(made));
    }

    private static async Task<IResult> ReleaseAsync(HttpContext http, RetentionAdmin retention, string id)
    {
        await retention.ReleaseHoldAsync(ActorResolver.FromToken(http), ApiInput.Id<LegalHoldId>(id, "legal hold"), http.RequestAborted);
        return Results.NoContent();
    }
}

/// <param name="Server">A server's id; also of one that is gone.</param>
internal sealed record HoldBody(string? Name = null, string? Server = null, string? User = null, string? ServiceAccount = null, string? Tool = null, DateTimeOffset? From = null, DateTimeOffset? To = null)
{
    public NewLegalHold ToInput() => new(
        Name,
        Server is null ? null : ApiInput.Id<ServerId>(Server, "server"),
        User is null ? null : ApiInput.Id<UserId>(User, "user"),
        ServiceAccount is null ? null : ApiInput.Id<ServiceAccountId>(ServiceAccount, "service account"),
        Tool, From, To);
}

internal sealed record HoldAnswer(string Id, string Name, string? Server, string? User, string? ServiceAccount, string? Tool, DateTimeOffset? From, DateTimeOffset? To, DateTimeOffset CreatedAt)
{
    public static HoldAnswer Of(LegalHold hold) => new(
        hold.Id.ToString(), hold.Name, hold.Server?.ToString(), hold.User?.ToString(), hold.ServiceAccount?.ToString(), hold.Tool, hold.From, hold.To, hold.CreatedAt);
}
