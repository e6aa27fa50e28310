using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/tokens</c>.</summary>
internal static class TokensApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/tokens", ListAsync);
        write.MapPost("/tokens/revoke", RevokeManyAsync);
        write.MapPost("/tokens", CreateAsync);
        write.MapDelete("/tokens/{id}", RevokeAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, TokenAdmin tokens, EndpointNames names)
    {
        Actor actor = ActorResolver.FromToken(http);
        IReadOnlyList<PersonalAccessToken> listed = await tokens.ListAsync(actor, http.RequestAborted);
        IReadOnlyList<EndpointName> endpoints = await names.ListAsync(actor, http.RequestAborted);
        return Results.Ok(new { items = listed.Select(t => TokenAnswer.From(t, null, endpoints)) });
    }

    private static async Task<IResult> CreateAsync(HttpContext http, TokenAdmin tokens, EndpointNames names, TokenBody body)
    {
        Actor actor = ActorResolver.FromToken(http);
        IssuedToken issued = await tokens.CreateAsync(actor, new NewToken(body.Name, body.Scopes, body.ExpiresInDays, body.Endpoints, body.Tools), http.RequestAborted);
        // The one answer that carries the text must not stay in a cache.
        http.Response.Headers.CacheControl = "no-store";
        return Results.Created($"/api/tokens/{issued.Token.Id}", TokenAnswer.From(issued.Token, issued.Text, await names.ListAsync(actor, http.RequestAborted)));
    }

    private static async Task<IResult> RevokeAsync(HttpContext http, TokenAdmin tokens, string id)
    {
        await tokens.RevokeAsync(ActorResolver.FromToken(http), ApiInput.Id<TokenId>(id, "token"), http.RequestAborted);
        return Results.NoContent();
    }

    private static async Task<IResult> RevokeManyAsync(HttpContext http, TokenAdmin tokens, RevocationBody body) =>
        Results.Ok(new { revoked = await tokens.RevokeAsync(ActorResolver.FromToken(http), body.ToSelection(), http.RequestAborted) });
}

internal sealed record TokenBody(
    string? Name = null, IReadOnlyList<string>? Scopes = null, int? ExpiresInDays = null, IReadOnlyList<string>? Endpoints = null, IReadOnlyList<string>? Tools = null);

/// <summary>One of the three.</summary>
internal sealed record RevocationBody(IReadOnlyList<string>? Ids = null, bool Mine = false, string? User = null)
{
    public TokenSelection ToSelection() => (Ids, Mine, User) switch
    {
        ({ } ids, false, null) => new TokenSelection.These([.. ids.Select(id => ApiInput.Id<TokenId>(id, "token"))]),
        (null, true, null) => new TokenSelection.Mine(),
        (null, false, { } user) => new TokenSelection.OfPerson(ApiInput.Id<UserId>(user, "person")),
        _ => throw new RefusalException.Invalid([new FieldError("ids", "Give one of ids, mine and user.")]),
    };
}

/// <param name="Endpoints">As they may be sent back; the id of one that is gone. Null for all.</param>
/// <param name="Token">The text, in the answer to its making only.</param>
internal sealed record TokenAnswer(
    string Id, string Name, string Hint, IReadOnlyList<string> Scopes, string User, string? UserName, IReadOnlyList<string>? Endpoints, IReadOnlyList<string>? Tools,
    DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? LastUsedAt, string? Token)
{
    public static TokenAnswer From(PersonalAccessToken token, Secret? text, IReadOnlyList<EndpointName> names) => new(
        token.Id.ToString(), token.Name, token.Hint, token.Scopes.ToNames(), token.User.ToString(), token.UserName, PathsOf(token.Limits, names), token.Limits.Tools,
        token.CreatedAt, token.ExpiresAt, token.RevokedAt, token.LastUsedAt, text?.Reveal());

    public static IReadOnlyList<string>? PathsOf(CallerLimits limits, IReadOnlyList<EndpointName> names) =>
        limits.Endpoints is null ? null : [.. limits.Endpoints.Select(id => names.FirstOrDefault(n => n.Id == id)?.Path ?? id.ToString("D"))];

    public override string ToString() => nameof(TokenAnswer);
}
