using Mcpx.Core.Governance.PolicyEngines;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/policy-engine</c>.</summary>
internal static class PolicyEngineApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/policy-engine", GetAsync);
        write.MapPut("/policy-engine", PutAsync);
        write.MapDelete("/policy-engine", DeleteAsync);
        write.MapPost("/policy-engine/try", TryAsync);
    }

    private static async Task<IResult> GetAsync(HttpContext http, PolicyEngineAdmin engines) =>
        Results.Ok(PolicyEngineAnswer.From(await engines.FindAsync(ActorResolver.FromToken(http), http.RequestAborted) ?? throw new RefusalException.NotFound("policy engine")));

    private static async Task<IResult> PutAsync(HttpContext http, PolicyEngineAdmin engines, PolicyEngineBody body) =>
        Results.Ok(PolicyEngineAnswer.From(await engines.ReplaceAsync(ActorResolver.FromToken(http), body.ToInput(), http.RequestAborted)));

    private static async Task<IResult> DeleteAsync(HttpContext http, PolicyEngineAdmin engines)
    {
        await engines.DeleteAsync(ActorResolver.FromToken(http), http.RequestAborted);
        return Results.NoContent();
    }

    private static async Task<IResult> TryAsync(HttpContext http, PolicyEngineAdmin engines, PolicyTrialBody body)
    {
        Actor actor = ActorResolver.FromToken(http);
        PolicyTrial trial = await engines.TryAsync(actor, body.Server, body.Tool, http.RequestAborted);
        return Results.Ok(new { answered = trial.Answer is not null, allow = trial.Answer?.Allow, reason = trial.Answer?.Reason, problem = trial.Problem, milliseconds = trial.Milliseconds, question = trial.Question });
    }
}

internal sealed record PolicyEngineBody(
    string? Url = null, bool? Enabled = null, int? TimeoutMilliseconds = null, int? CacheSeconds = null, bool? FailOpen = null, bool? IncludeArguments = null, bool? CacheArguments = null, string? Token = null)
{
    public PolicyEngineInput ToInput() => new(Url, Enabled, TimeoutMilliseconds, CacheSeconds, FailOpen, IncludeArguments, CacheArguments, Token is null ? null : new Secret(Token));

    // The generated one would print the token wherever the body is logged.
    public override string ToString() => nameof(PolicyEngineBody);
}

internal sealed record PolicyTrialBody(string? Server = null, string? Tool = null);

/// <summary>An engine as the API shows it: of the token a masked hint.</summary>
internal sealed record PolicyEngineAnswer(
    string Url, bool Enabled, int TimeoutMilliseconds, int CacheSeconds, bool FailOpen, bool IncludeArguments, bool CacheArguments, bool HasToken, string? TokenHint, DateTimeOffset UpdatedAt)
{
    public static PolicyEngineAnswer From(PolicyEngine engine) => new(engine.Url.OriginalString, engine.Enabled, engine.TimeoutMilliseconds, engine.CacheSeconds, engine.FailOpen,
        engine.IncludeArguments, engine.CacheArguments, engine.Token is not null, engine.TokenHint, engine.UpdatedAt);
}
