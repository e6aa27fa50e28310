using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/limits</c>.</summary>
internal static class LimitsApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/limits", ListAsync);
        write.MapPost("/limits", CreateAsync);
        write.MapPut("/limits/{id}", UpdateAsync);
        write.MapDelete("/limits/{id}", DeleteAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, CallLimitAdmin limits) =>
        Results.Ok(new { items = (await limits.ListAsync(ActorResolver.FromToken(http), http.RequestAborted)).Select(LimitAnswer.From), next = (string?)null });

    private static async Task<IResult> CreateAsync(HttpContext http, CallLimitAdmin limits, LimitBody body)
    {
        CallLimitDetails made = await limits.CreateAsync(ActorResolver.FromToken(http), body.ToInput(), http.RequestAborted);
        return Results.Created($"/api/limits/{made.Limit.Id}", LimitAnswer.From(made));
    }

    private static async Task<IResult> UpdateAsync(HttpContext http, CallLimitAdmin limits, string id, LimitBody body) =>
        Results.Ok(LimitAnswer.From(await limits.UpdateAsync(ActorResolver.FromToken(http), Id(id), body.ToInput(), http.RequestAborted)));

    private static async Task<IResult> DeleteAsync(HttpContext http, CallLimitAdmin limits, string id)
    {
        await limits.DeleteAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted);
        return Results.NoContent();
    }

    private static CallLimitId Id(string text) => ApiInput.Id<CallLimitId>(text, "limit");
}

/// <param name="Server">A server's id; null for all of them.</param>
internal sealed record LimitBody(string? Server = null, string? Tool = null, AudienceBody? For = null, bool EachCaller = true, int? PerMinute = null, int? AtOnce = null)
{
    public NewCallLimit ToInput() => new(Server is null ? null : ApiInput.Id<ServerId>(Server, "server"), Tool, For?.ToAudience(), EachCaller, PerMinute, AtOnce);
}

/// <param name="Use">On the replica that answers, see docs/governance.md.</param>
internal sealed record LimitAnswer(string Id, string? Server, string? Tool, AudienceBody For, bool EachCaller, int? PerMinute, int? AtOnce, LimitUse Use)
{
    public static LimitAnswer From(CallLimitDetails details)
    {
        CallLimit limit = details.Limit;
        return new LimitAnswer(limit.Id.ToString(), limit.Server?.ToString(), limit.Tool, AudienceBody.From(limit.For), limit.EachCaller, limit.PerMinute, limit.AtOnce, details.Use);
    }
}
