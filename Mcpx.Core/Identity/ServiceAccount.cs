using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>
/// A program's identity in one organisation. It belongs to no person, so it stays when people leave. Its id is its OAuth
/// client id.
/// </summary>
/// <param name="Scopes">What its access tokens may be for at most.</param>
/// <param name="Jwks">Public keys for <c>private_key_jwt</c> as a JWK set (RFC 7517, section 5); null when it has none.</param>
/// <param name="DisabledAt">Since when it gets no tokens, and those it has are refused; null while it is switched on.</param>
public sealed record ServiceAccount(
    ServiceAccountId Id,
    Organization Organization,
    string Name,
    string Description,
    Role Role,
    TokenScopes Scopes,
    CallerLimits Limits,
    string? Jwks,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    DateTimeOffset? DisabledAt,
    DateTimeOffset? LastUsedAt)
{
    public bool IsEnabled => DisabledAt is null;

    /// <param name="endpoints">See <see cref="CallerLimits.AddTo"/>.</param>
    public AuditView ToAudit(IReadOnlyDictionary<Guid, string> endpoints) => Limits.AddTo(new AuditView(Name)
        .With("name", Name).With("description", Description).With("role", Role).With("scopes", Scopes.ToNames()).With("enabled", IsEnabled).With("jwks", Jwks), endpoints);
}

/// <summary>One of an account's client secrets, without its text.</summary>
/// <param name="Hint">The last characters of the text, to tell two apart.</param>
public sealed record ServiceAccountSecret(
    ServiceAccountSecretId Id, ServiceAccountId Account, string Hint, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? LastUsedAt)
{
    public bool IsLive(DateTimeOffset now) => RevokedAt is null && ExpiresAt > now;

    /// <param name="account">The account's name.</param>
    public AuditView ToAudit(string account) => new AuditView(account).With("secret", Hint).With("expiresAt", ExpiresAt).With("revokedAt", RevokedAt);
}

/// <summary>An account with its secrets, newest first.</summary>
public sealed record ServiceAccountDetails(ServiceAccount Account, IReadOnlyList<ServiceAccountSecret> Secrets);

/// <summary>A secret as it is compared.</summary>
/// <param name="Hash">HMAC-SHA-256 of its text, see <see cref="TokenHasher"/>.</param>
public sealed record StoredSecret(ServiceAccountSecret Secret, byte[] Hash);

/// <summary>What the token endpoint needs of an account in one look-up.</summary>
public sealed record ServiceAccountLogin(ServiceAccount Account, IReadOnlyList<StoredSecret> Secrets);

/// <summary>What was last used when, for the lists that people read.</summary>
public sealed record ServiceAccountUse(ServiceAccount Account, ServiceAccountSecretId? Secret, DateTimeOffset At);

public interface IServiceAccountStore
{
    /// <exception cref="RefusalException.Conflict">The name is taken.</exception>
    Task AddAsync(ServiceAccount account, AdminChange change, CancellationToken cancellationToken);

    /// <summary>False when the organisation has no such account.</summary>
    /// <exception cref="RefusalException.Conflict">The name is taken.</exception>
    Task<bool> UpdateAsync(ServiceAccount account, AdminChange change, CancellationToken cancellationToken);

    Task<bool> DeleteAsync(OrganizationId organization, ServiceAccountId account, AdminChange change, CancellationToken cancellationToken);

    /// <summary>By name.</summary>
    Task<IReadOnlyList<ServiceAccountDetails>> ListAsync(OrganizationId organization, CancellationToken cancellationToken);

    Task<ServiceAccountDetails?> FindAsync(OrganizationId organization, ServiceAccountId account, CancellationToken cancellationToken);

    /// <summary>Adds the secret if fewer than <paramref name="most"/> are live then; false when there are as many. Atomic.</summary>
    Task<bool> AddSecretAsync(OrganizationId organization, ServiceAccountSecret secret, byte[] hash, int most, AdminChange change, CancellationToken cancellationToken);

    /// <summary>False when the account has no such secret. Revoking twice keeps the first instant.</summary>
    Task<bool> RevokeSecretAsync(OrganizationId organization, ServiceAccountId account, ServiceAccountSecretId secret, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken);

    /// <summary>By client id alone, whatever the organisation: nobody has proved anything yet. Disabled accounts included, dead secrets not.</summary>
    Task<ServiceAccountLogin?> FindLoginAsync(ServiceAccountId account, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Null when it is gone.</summary>
    Task<ServiceAccount?> FindAsync(ServiceAccountId account, CancellationToken cancellationToken);

    /// <summary>Moves last-used forward, never back.</summary>
    Task TouchAsync(ServiceAccountUse use, CancellationToken cancellationToken);

    /// <summary>
    /// Remembers a client assertion until it is expired anyway; false when it was used before (RFC 7523, section 3, item 7).
    /// Atomic, for all replicas together.
    /// </summary>
    Task<bool> UseAssertionAsync(ServiceAccount account, byte[] jtiHash, DateTimeOffset expiresAt, CancellationToken cancellationToken);
}
