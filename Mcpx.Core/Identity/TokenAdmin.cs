using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>A token as it is asked for.</summary>
/// <param name="Scopes">Scope names, see <see cref="TokenScopeNames"/>; null asks for <c>mcp</c> only.</param>
/// <param name="ExpiresInDays">1–365; 90 when not given. A token without an end is one that nobody remembers.</param>
/// <param name="Endpoints">See <see cref="LimitsRequest"/>; null for all.</param>
/// <param name="Tools">See <see cref="LimitsRequest"/>; null for all.</param>
public sealed record NewToken(
    string? Name, IReadOnlyList<string>? Scopes = null, int? ExpiresInDays = null, IReadOnlyList<string>? Endpoints = null, IReadOnlyList<string>? Tools = null);

/// <summary>A new token and its text, which exists only here: it is shown once.</summary>
public sealed record IssuedToken(PersonalAccessToken Token, Secret Text);

/// <summary>Which tokens are revoked together.</summary>
public abstract record TokenSelection
{
    private TokenSelection()
    {
    }

    /// <summary>These; all of them or none.</summary>
    public sealed record These(IReadOnlyList<TokenId> Ids) : TokenSelection;

    /// <summary>Everything that the actor made.</summary>
    public sealed record Mine : TokenSelection;

    /// <summary>Everything that one person made in this organisation.</summary>
    public sealed record OfPerson(UserId User) : TokenSelection;
}

/// <summary>The one door to personal access tokens.</summary>
public sealed class TokenAdmin(ITokenStore store, EndpointNames endpoints, TokenHasher hasher, ChangeFeed changes, TimeProvider time)
{
    public const int DefaultLifetimeDays = 90;
    public const int LongestLifetimeDays = 365;
    public const int MostRevokedTogether = 1000;

    private const int HintLength = 4;

    /// <summary>So long before its end a token is shown as one that runs out soon.</summary>
    public static TimeSpan EndsSoonWithin { get; } = TimeSpan.FromDays(14);

    /// <summary>A token that nobody used for so long is probably not needed any more.</summary>
    public static TimeSpan UnusedAfter { get; } = TimeSpan.FromDays(30);

    /// <exception cref="RefusalException.Invalid">The input breaks rules.</exception>
    /// <exception cref="RefusalException.Forbidden">It would do more than the credential that asks for it.</exception>
    public async Task<IssuedToken> CreateAsync(Actor actor, NewToken input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.CallTools);
        User owner = actor.DemandPerson();
        TokenScopes? scopes = input.Scopes is null ? TokenScopes.Mcp : TokenScopeNames.Parse(input.Scopes);
        InputCheck check = new();
        check.Name(input.Name, "name")
            .Require(scopes is not null and not TokenScopes.None, "scopes", $"Use one or more of {string.Join(", ", TokenScopes.All.ToNames())}.")
            .Require(input.ExpiresInDays is null or >= 1 and <= LongestLifetimeDays, "expiresInDays", $"Use 1 to {LongestLifetimeDays} days.");
        CallerLimits limits = await endpoints.ResolveAsync(check, actor.Organization, new LimitsRequest(input.Endpoints, input.Tools), kept: null, cancellationToken);
        check.ThrowIfWrong();
        actor.DemandNoMoreThanOwn(scopes!.Value, limits);

        string text = TokenText.Create(TokenText.PersonalAccessTokenPrefix);
        DateTimeOffset now = Instant.Now(time);
        PersonalAccessToken token = new(EntityId.New<TokenId>(time), actor.Organization, owner.Id, input.Name!.Trim(), text[^HintLength..],
            scopes.Value, now, now.AddDays(input.ExpiresInDays ?? DefaultLifetimeDays), RevokedAt: null, LastUsedAt: null)
        {
            Limits = limits,
            UserName = owner.Name,
        };
        await store.AddAsync(token, hasher.Hash(text), AdminChange.By(actor, AdminAction.TokenCreate, SubjectKinds.Token, token.Id.Value, time), cancellationToken);
        return new IssuedToken(token, new Secret(text));
    }

    /// <summary>Everybody's tokens for who manages members, else the actor's own.</summary>
    public Task<IReadOnlyList<PersonalAccessToken>> ListAsync(Actor actor, CancellationToken cancellationToken) =>
        store.ListAsync(actor.Organization, actor.Role.Allows(Permission.ManageMembers) ? null : actor.DemandPerson().Id, cancellationToken);

    /// <exception cref="RefusalException.NotFound">The actor sees no such token.</exception>
    public async Task RevokeAsync(Actor actor, TokenId id, CancellationToken cancellationToken) =>
        await RevokeAsync(actor, new TokenSelection.These([id]), cancellationToken);

    /// <summary>Returns how many were revoked now; those that were revoked before don't count and keep their instant.</summary>
    /// <exception cref="RefusalException.NotFound">One of those that were named is none that the actor sees: then none is revoked.</exception>
    public async Task<int> RevokeAsync(Actor actor, TokenSelection selection, CancellationToken cancellationToken)
    {
        IReadOnlyList<PersonalAccessToken> visible = await ListAsync(actor, cancellationToken);
        IEnumerable<TokenId> chosen = selection switch
        {
            TokenSelection.These these => Named(these, visible),
            TokenSelection.OfPerson { User: var person } => OfPerson(actor, person, visible),
            _ => OfPerson(actor, actor.DemandPerson().Id, visible),
        };
        TokenId[] ids = [.. chosen];
        IReadOnlyList<TokenId> revoked = await store.RevokeAsync(
            actor.Organization, ids, time.GetUtcNow(), AdminChange.By(actor, AdminAction.TokenRevoke, SubjectKinds.Token, subject: null, time), cancellationToken);
        // Not only those that were open a moment ago: this replica's memory must know it of all that were asked for.
        foreach (TokenId id in ids)
            await changes.PublishAsync(new Change(ChangeKind.Token, id.Value));
        return revoked.Count;
    }

    private static IEnumerable<TokenId> Named(TokenSelection.These these, IReadOnlyList<PersonalAccessToken> visible)
    {
        new InputCheck().Require(these.Ids.Count is > 0 and <= MostRevokedTogether, "ids", $"Name 1 to {MostRevokedTogether} tokens.").ThrowIfWrong();
        HashSet<TokenId> known = [.. visible.Select(t => t.Id)];
        return these.Ids.All(known.Contains) ? these.Ids.Distinct() : throw new RefusalException.NotFound("token");
    }

    /// <summary>What is revoked already is left out: a list of years must not become as many announcements.</summary>
    private static IEnumerable<TokenId> OfPerson(Actor actor, UserId person, IReadOnlyList<PersonalAccessToken> visible)
    {
        if (person != actor.User) actor.Demand(Permission.ManageMembers);
        return visible.Where(t => t.User == person && t.RevokedAt is null).Select(t => t.Id);
    }
}
