using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.OAuth;

/// <summary>How a client says who it is.</summary>
public abstract record ClientProof
{
    private ClientProof()
    {
    }

    /// <summary>Who it claims to be, as it wrote it.</summary>
    public abstract string Client { get; }

    /// <summary><c>client_secret_basic</c> or <c>client_secret_post</c> (RFC 6749, section 2.3.1).</summary>
    public sealed record BySecret(string Id, Secret Text) : ClientProof
    {
        public override string Client => Id;
    }

    /// <summary><c>private_key_jwt</c> (RFC 7523, section 2.2).</summary>
    public sealed record ByAssertion(string Id, JwtText Assertion) : ClientProof
    {
        public override string Client => Id;
    }
}

/// <summary>A client that proved who it is.</summary>
/// <param name="Secret">The secret it used; null when it signed.</param>
public sealed record AuthenticatedClient(ServiceAccount Account, ServiceAccountSecretId? Secret);

/// <summary>Who asks for a token? Unknown clients and wrong proofs cost the same work and get the same answer.</summary>
public sealed partial class ClientAuthentication(
    IServiceAccountStore store, SecretVerifier secrets, FailureLimit limit, ResourceAddresses addresses, TimeProvider time, ILogger<ClientAuthentication> logger)
{
    private const int LongestJti = 256;

    /// <summary>An assertion is made for one request; a longer life only helps who steals it.</summary>
    public static TimeSpan LongestAssertion { get; } = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    // What an assertion is checked with when the client does not exist or has no keys.
    private static readonly Lazy<ClientKeys> Decoys = new(MakeDecoys);

    /// <exception cref="OAuthException">The client did not prove who it is, or failed too often.</exception>
    public async Task<AuthenticatedClient> AuthenticateAsync(ClientProof proof, IPAddress? address, CancellationToken cancellationToken)
    {
        // A right proof has to wait too: otherwise guessing would go on, and the answer say when it succeeded.
        if (limit.WaitFor(proof.Client, address) is { } wait)
            throw new OAuthException(new OAuthError("temporarily_unavailable", "Too many failed attempts: wait a moment.", 429)) { RetryAfter = wait };
        (AuthenticatedClient? client, string why) = proof switch
        {
            ClientProof.BySecret bySecret => await CheckAsync(bySecret, cancellationToken),
            ClientProof.ByAssertion byAssertion => await CheckAsync(byAssertion, cancellationToken),
            _ => (null, "unknown proof"),
        };
        if (client is { Account.IsEnabled: true }) return client;
        limit.Failed(proof.Client, address);
        // Here alone stands which of the reasons it was.
        LogRefused(logger, LogName(proof.Client), address, client is null ? why : "the account is switched off");
        throw new OAuthException(OAuthError.InvalidClient);
    }

    private async Task<(AuthenticatedClient? Client, string Why)> CheckAsync(ClientProof.BySecret proof, CancellationToken cancellationToken)
    {
        string text = proof.Text.Reveal();
        // Costs no query: whoever guesses at random does not even get this far.
        if (!TokenText.IsWellFormed(text, TokenText.ServiceAccountSecretPrefix)) return (null, "the secret is none of ours");
        ServiceAccountLogin? login = await FindAsync(proof.Id, cancellationToken);
        SecretMatch match = secrets.Verify(text, login?.Secrets ?? []);
        return match.Found is { } secret ? (new AuthenticatedClient(login!.Account, secret.Id), "") : (null, login is null ? "there is no such account" : "the secret is wrong, revoked or expired");
    }

    private async Task<(AuthenticatedClient? Client, string Why)> CheckAsync(ClientProof.ByAssertion proof, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (CheckClaims(proof, now) is { } wrong) return (null, wrong);
        ServiceAccountLogin? login = await FindAsync(proof.Id, cancellationToken);
        bool isSigned = (KeysOf(login) ?? Decoys.Value).Verify(proof.Assertion);
        if (login is null) return (null, "there is no such account");
        if (!isSigned) return (null, "no key of the account signed the assertion");
        // Last, when the signature is known to be good: a stranger must not use up somebody's assertion.
        byte[] jti = SHA256.HashData(Encoding.UTF8.GetBytes(JwtText.TextOf(proof.Assertion.Payload, "jti")!));
        return await store.UseAssertionAsync(login.Account, jti, proof.Assertion.Time("exp")!.Value, cancellationToken)
            ? (new AuthenticatedClient(login.Account, null), "")
            : (null, "the assertion was used before");
    }

    /// <summary>RFC 7523, section 3; null when nothing is wrong.</summary>
    private string? CheckClaims(ClientProof.ByAssertion proof, DateTimeOffset now)
    {
        JwtText token = proof.Assertion;
        if (!ClientKeys.Algorithms.Contains(token.Algorithm)) return "the assertion's algorithm is not taken";
        // An access token of ours has another type: it must not open this door (RFC 8725, section 3.11).
        if (JwtText.TextOf(token.Header, "typ") is { } type && !type.Equals("JWT", StringComparison.OrdinalIgnoreCase) && !type.Equals("client-authentication+jwt", StringComparison.OrdinalIgnoreCase)) return "the assertion is of another type";
        if (JwtText.TextOf(token.Payload, "iss") != proof.Id || JwtText.TextOf(token.Payload, "sub") != proof.Id) return "the assertion's iss and sub are not the client id";
        if (token.Audience() is not [{ } audience] || audience != addresses.TokenEndpoint && audience != addresses.Issuer) return "the assertion's aud is neither the token endpoint nor the issuer";
        if (token.Time("exp") is not { } expires || expires <= now) return "the assertion has expired";
        if (expires > now + LongestAssertion + ClockSkew) return "the assertion lives longer than five minutes";
        if (token.Payload.TryGetProperty("iat", out _) && !(token.Time("iat") <= now + ClockSkew) || token.Payload.TryGetProperty("nbf", out _) && !(token.Time("nbf") <= now + ClockSkew)) return "the assertion is not valid yet";
        return JwtText.TextOf(token.Payload, "jti") is { Length: > 0 and <= LongestJti } ? null : "the assertion has no jti";
    }

    private async Task<ServiceAccountLogin?> FindAsync(string client, CancellationToken cancellationToken) =>
        EntityId.TryParse(client, out ServiceAccountId id) ? await store.FindLoginAsync(id, time.GetUtcNow(), cancellationToken) : null;

    private static ClientKeys? KeysOf(ServiceAccountLogin? login) => login?.Account.Jwks is { } jwks ? ClientKeys.Read(jwks) : null;

    private static ClientKeys MakeDecoys()
    {
        using ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using RSA rsa = RSA.Create(2048);
        ECParameters point = ec.ExportParameters(includePrivateParameters: false);
        RSAParameters modulus = rsa.ExportParameters(includePrivateParameters: false);
        return ClientKeys.Read(
            $$"""{"keys":[{"kty":"EC","crv":"P-256","x":"{{Base64Url.EncodeToString(point.Q.X)}}","y":"{{Base64Url.EncodeToString(point.Q.Y)}}"},{"kty":"RSA","n":"{{Base64Url.EncodeToString(modulus.Modulus)}}","e":"AQAB"}]}""");
    }

    /// <summary>A claim of a stranger's: an id as it is, anything else not at all.</summary>
    private static string LogName(string client) => EntityId.TryParse(client, out ServiceAccountId id) ? id.ToString() : "(no id)";

    [LoggerMessage(4010, LogLevel.Warning, "The client {Client} at {Address} was refused a token: {Why}.")]
    private static partial void LogRefused(ILogger logger, string client, IPAddress? address, string why);
}
