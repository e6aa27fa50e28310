using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>A token as it is asked for.</summary>
/// <param name="Scopes">Scope names, see <see cref="TokenScopeNames"/>; null asks for <c>mcp</c> only.</param>
/// <param name="ExpiresInDays">1–365; 90 when not given. A token without an end is one that nobody remembers.</param>
public sealed record NewToken(string? Name, IReadOnlyList<string>? Scopes = null, int? ExpiresInDays = null);

/// <summary>A new token and its text, which exists only here: it is shown once.</summary>
public sealed record IssuedToken(PersonalAccessToken Token, Secret Text);

/// <summary>The one door to personal access tokens.</summary>
public sealed class TokenAdmin(ITokenStore store, TokenHasher hasher, ChangeFeed changes, TimeProvider time)
{
    public const int DefaultLifetimeDays = 90;
    public const int LongestLifetimeDays = 365;

    private const int HintLength = 4;

    /// <exception cref="RefusalException.Invalid">The input breaks rules.</exception>
    public async Task<IssuedToken> CreateAsync(Actor actor, NewToken input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.CallTools);
        TokenScopes? scopes = input.Scopes is null ? TokenScopes.Mcp : TokenScopeNames.Parse(input.Scopes);
        new InputCheck()
            .Name(input.Name, "name")
            .Require(scopes is not null and not TokenScopes.None, "scopes", $"Use one or more of {string.Join(", ", TokenScopes.All.ToNames())}.")
            .Require(input.ExpiresInDays is null or >= 1 and <= LongestLifetimeDays, "expiresInDays", $"Use 1 to {LongestLifetimeDays} days.")
            .ThrowIfWrong();

        string text = TokenText.Create(TokenText.PersonalAccessTokenPrefix);
        DateTimeOffset now = Instant.Now(time);
        PersonalAccessToken token = new(EntityId.New<TokenId>(time), actor.Organization, actor.User, input.Name!.Trim(), text[^HintLength..],
            scopes!.Value, now, now.AddDays(input.ExpiresInDays ?? DefaultLifetimeDays), RevokedAt: null, LastUsedAt: null);
        await store.AddAsync(token, hasher.Hash(text), cancellationToken);
        return new IssuedToken(token, new Secret(text));
    }

    /// <summary>Everybody's tokens for who manages members, else the actor's own.</summary>
    public Task<IReadOnlyList<PersonalAccessToken>> ListAsync(Actor actor, CancellationToken cancellationToken) =>
        store.ListAsync(actor.Organization, actor.Role.Allows(Permission.ManageMembers) ? null : actor.User, cancellationToken);

    /// <exception cref="RefusalException.NotFound">The actor sees no such token.</exception>
    public async Task RevokeAsync(Actor actor, TokenId id, CancellationToken cancellationToken)
    {
        IReadOnlyList<PersonalAccessToken> visible = await ListAsync(actor, cancellationToken);
        if (!visible.Any(t => t.Id == id) || !await store.RevokeAsync(actor.Organization, id, time.GetUtcNow(), cancellationToken))
            throw new RefusalException.NotFound("token");
        await changes.PublishAsync(new Change(ChangeKind.Token, id.Value));
    }
}
