using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.OAuth;

/// <summary>What a valid access token says.</summary>
public sealed record AccessTokenClaims(
    ServiceAccountId Account, OrganizationId Organization, IReadOnlyList<string> Audience, TokenScopes Scopes, string Id, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt);

/// <summary>Writes and checks our access tokens: the profile of RFC 9068, signed with ES256, for a quarter of an hour at most.</summary>
public sealed class AccessTokens(SigningKeys keys, ResourceAddresses addresses, TimeProvider time)
{
    private const string Algorithm = "ES256";
    private const string Type = "at+jwt";
    private const string OrganizationClaim = "org";

    /// <summary>Clocks of two replicas may differ by so much; it shortens a token's life, never lengthens it.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    public static TimeSpan Lifetime { get; } = TimeSpan.FromMinutes(15);

    /// <summary>Signs a token for a service account.</summary>
    /// <param name="audience">The resources that it is for, see <see cref="ResourceAddresses"/>.</param>
    public async Task<Secret> IssueAsync(ServiceAccount account, IReadOnlyList<string> audience, TokenScopes scopes, CancellationToken cancellationToken)
    {
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        string payload = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["iss"] = addresses.Issuer,
            ["sub"] = account.Id.ToString(),
            ["client_id"] = account.Id.ToString(),
            ["aud"] = audience.Count == 1 ? audience[0] : audience,
            ["scope"] = string.Join(' ', scopes.ToNames()),
            [OrganizationClaim] = account.Organization.Id.ToString(),
            ["jti"] = Guid.CreateVersion7(time.GetUtcNow()).ToString("N"),
            ["iat"] = now,
            ["exp"] = now + (long)Lifetime.TotalSeconds,
        }));
        (byte[] signed, byte[] signature) = await keys.SignAsync(
            kid => Encoding.ASCII.GetBytes($"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"alg":"{{Algorithm}}","typ":"{{Type}}","kid":"{{kid}}"}"""))}.{payload}"), cancellationToken);
        return new Secret($"{Encoding.ASCII.GetString(signed)}.{Base64Url.EncodeToString(signature)}");
    }

    /// <summary>Null for everything that is not a token of ours that is valid now.</summary>
    public async ValueTask<AccessTokenClaims?> VerifyAsync(string text, CancellationToken cancellationToken)
    {
        // The algorithm and the type are compared with ours, never taken: "none", HS256 with the public key as its secret, and
        // a client assertion in the place of an access token all fail here.
        if (JwtText.Parse(text) is not { Algorithm: Algorithm } token || !Type.Equals(JwtText.TextOf(token.Header, "typ"), StringComparison.OrdinalIgnoreCase)) return null;
        if (JwtText.TextOf(token.Header, "kid") is not { } kid || await keys.FindAsync(kid, cancellationToken) is not { } key || !key.Verify(token)) return null;
        return Read(token, key);
    }

    private AccessTokenClaims? Read(JwtText token, PublicKey key)
    {
        DateTimeOffset now = time.GetUtcNow();
        string? subject = JwtText.TextOf(token.Payload, "sub");
        if (JwtText.TextOf(token.Payload, "iss") != addresses.Issuer || JwtText.TextOf(token.Payload, "client_id") != subject
            || !EntityId.TryParse(subject, out ServiceAccountId account)
            || !EntityId.TryParse(JwtText.TextOf(token.Payload, OrganizationClaim), out OrganizationId organization)
            || token.Audience() is not { Count: > 0 } audience
            || JwtText.TextOf(token.Payload, "jti") is not { } id
            || JwtText.TextOf(token.Payload, "scope") is not { } scope || TokenScopeNames.Parse(scope.Split(' ')) is not { } scopes)
        {
            return null;
        }

        if (token.Time("iat") is not { } issued || token.Time("exp") is not { } expires) return null;
        // A replica whose clock runs ahead must not make tokens that live longer here.
        if (expires <= now || issued > now + ClockSkew || expires - issued > Lifetime || key.Stored.ExpiresAt <= now) return null;
        return new AccessTokenClaims(account, organization, audience, scopes, id, issued, expires);
    }
}
