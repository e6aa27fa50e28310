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
        write.MapPost("/tokens", CreateAsync);
        write.MapDelete("/tokens/{id}", RevokeAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, TokenAdmin tokens) =>
        Results.Ok(new { items = (await tokens.ListAsync(ActorResolver.FromToken(http), http.RequestAborted)).Select(t => TokenAnswer.From(t, null)) });

    private static async Task<IResult> CreateAsync(HttpContext http, TokenAdmin tokens, TokenBody body)
    {
        NewToken input = new(body.Name, body.Scopes, body.ExpiresInDays);
        RefuseMoreThanOwn(http, input);
        IssuedToken issued = await tokens.CreateAsync(ActorResolver.FromToken(http), input, http.RequestAborted);
        // The one answer that carries the text must not stay in a cache.
        http.Response.Headers.CacheControl = "no-store";
        return Results.Created($"/api/tokens/{issued.Token.Id}", TokenAnswer.From(issued.Token, issued.Text));
    }

    private static async Task<IResult> RevokeAsync(HttpContext http, TokenAdmin tokens, string id)
    {
        await tokens.RevokeAsync(ActorResolver.FromToken(http), ApiInput.Id<TokenId>(id, "token"), http.RequestAborted);
        return Results.NoContent();
    }

    /// <summary>A token must not make a stronger one than itself: that would undo the limit it was given.</summary>
    private static void RefuseMoreThanOwn(HttpContext http, NewToken input)
    {
        TokenScopes own = http.Features.Get<Caller>()!.Scopes;
        TokenScopes asked = TokenScopeNames.Parse(input.Scopes ?? ["mcp"]) ?? TokenScopes.None;
        if ((asked & ~own) != TokenScopes.None)
            throw new RefusalException.Forbidden($"This token can't make one with scopes that it does not have: {string.Join(", ", (asked & ~own).ToNames())}.");
    }
}

internal sealed record TokenBody(string? Name = null, IReadOnlyList<string>? Scopes = null, int? ExpiresInDays = null);

/// <param name="Token">The text, in the answer to its making only.</param>
internal sealed record TokenAnswer(
    string Id, string Name, string Hint, IReadOnlyList<string> Scopes, string User,
    DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? LastUsedAt, string? Token)
{
    public static TokenAnswer From(PersonalAccessToken token, Secret? text) => new(
        token.Id.ToString(), token.Name, token.Hint, token.Scopes.ToNames(), token.User.ToString(),
        token.CreatedAt, token.ExpiresAt, token.RevokedAt, token.LastUsedAt, text?.Reveal());

    public override string ToString() => nameof(TokenAnswer);
}
