using Mcpx.Core.Credentials;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/keys</c>: what is sealed with which key, and the rotation. For who runs the installation.</summary>
internal static class KeysApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/keys", GetAsync);
        write.MapPost("/keys/rotate", RotateAsync);
    }

    private static async Task<IResult> GetAsync(HttpContext http, KeyAdmin keys) =>
        Results.Ok(KeysAnswer.From(await keys.GetAsync(ActorResolver.FromToken(http), http.RequestAborted)));

    private static async Task<IResult> RotateAsync(HttpContext http, KeyAdmin keys) =>
        Results.Json(KeysAnswer.From(await keys.RotateAsync(ActorResolver.FromToken(http), http.RequestAborted)), statusCode: StatusCodes.Status202Accepted);
}

/// <param name="Rotating">A rotation was asked for and is not done.</param>
/// <param name="LastResult">What the last one did, or why it failed.</param>
internal sealed record KeysAnswer(IReadOnlyList<KeyAnswer> Keys, bool Rotating, string? LastResult, DateTimeOffset? LastEndedAt)
{
    public static KeysAnswer From(KeyReport report) => new([.. report.Keys.Select(KeyAnswer.From)], report.Rotation?.IsPending ?? false,
        report.Rotation is { EndedAt: not null } done ? done.Result : null, report.Rotation?.EndedAt);
}

/// <param name="Position">In the ring from 0, which seals; null for one that is not in it.</param>
internal sealed record KeyAnswer(string Key, int? Position, bool MayGo, IReadOnlyDictionary<string, long> Values)
{
    public static KeyAnswer From(KeyUse use) => new(use.Key, use.Position, use.MayGo, use.Values);
}
