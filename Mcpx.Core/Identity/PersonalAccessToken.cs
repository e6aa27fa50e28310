using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>What a token may be used for. Names on the wire: <c>mcp</c>, <c>api:read</c>, <c>api:write</c>.</summary>
[Flags]
public enum TokenScopes
{
    None = 0,
    Mcp = 1,
    ApiRead = 2,
    ApiWrite = 4,
    All = Mcp | ApiRead | ApiWrite,
}

public static class TokenScopeNames
{
    private static readonly (TokenScopes Scope, string Name)[] Names =
        [(TokenScopes.Mcp, "mcp"), (TokenScopes.ApiRead, "api:read"), (TokenScopes.ApiWrite, "api:write")];

    public static IReadOnlyList<string> ToNames(this TokenScopes scopes) =>
        [.. Names.Where(n => scopes.HasFlag(n.Scope)).Select(n => n.Name)];

    /// <summary>Null when one of the names is unknown.</summary>
    public static TokenScopes? Parse(IEnumerable<string> names)
    {
        TokenScopes scopes = TokenScopes.None;
        foreach (string name in names)
        {
            (TokenScopes scope, string? known) = Array.Find(Names, n => n.Name == name);
            if (known is null) return null;
            scopes |= scope;
        }

        return scopes;
    }
}

/// <summary>A person's credential for agents and automation, without its secret part, which is shown once and not kept.</summary>
/// <param name="Hint">The last characters of the token's text, to tell tokens apart.</param>
public sealed record PersonalAccessToken(
    TokenId Id,
    OrganizationId Organization,
    UserId User,
    string Name,
    string Hint,
    TokenScopes Scopes,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    DateTimeOffset? RevokedAt,
    DateTimeOffset? LastUsedAt)
{
    /// <summary>What it is limited to beyond its scopes.</summary>
    public CallerLimits Limits { get; init; } = CallerLimits.None;

    /// <summary>Whose it is; null where it was read without.</summary>
    public string? UserName { get; init; }

    /// <param name="endpoints">See <see cref="CallerLimits.AddTo"/>.</param>
    public AuditView ToAudit(IReadOnlyDictionary<Guid, string> endpoints) => Limits.AddTo(new AuditView(Name)
        .With("hint", Hint).With("person", UserName).With("scopes", Scopes.ToNames()).With("expiresAt", ExpiresAt).With("revokedAt", RevokedAt), endpoints);
}

/// <summary>A token together with whom it stands for, as one look-up brings it.</summary>
public sealed record TokenGrant(PersonalAccessToken Token, Membership Membership);

public interface ITokenStore
{
    /// <param name="hash">HMAC-SHA-256 of the token's text, see <see cref="TokenHasher"/>.</param>
    Task AddAsync(PersonalAccessToken token, byte[] hash, AdminChange change, CancellationToken cancellationToken);

    /// <summary>
    /// The token with one of these hashes, revoked and expired ones included; null when there is none or its user is no
    /// longer a member of its organisation.
    /// </summary>
    Task<TokenGrant?> FindByHashAsync(IReadOnlyList<byte[]> hashes, CancellationToken cancellationToken);

    /// <summary>An organisation's tokens, newest first; only <paramref name="user"/>'s when one is given.</summary>
    Task<IReadOnlyList<PersonalAccessToken>> ListAsync(OrganizationId organization, UserId? user, CancellationToken cancellationToken);

    /// <summary>Revokes in one step, and returns those that were open until now. The others keep their first instant.</summary>
    Task<IReadOnlyList<TokenId>> RevokeAsync(OrganizationId organization, IReadOnlyList<TokenId> tokens, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken);

    /// <summary>Moves last-used forward, never back.</summary>
    Task TouchAsync(IReadOnlyDictionary<TokenId, DateTimeOffset> lastUsed, CancellationToken cancellationToken);
}
