using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Mcpx.Web.Authentication.Providers;

/// <summary>An id_token proves who somebody is when all of OpenID Connect Core, section 3.1.3.7, holds.</summary>
internal sealed class IdTokenValidator(ProviderOptions options, TimeProvider time)
{
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(2);

    /// <summary>Asymmetric only: the attack is a token that is “signed” with nothing, or with a public key taken for a secret.</summary>
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    /// <summary>The token's claims.</summary>
    /// <exception cref="ProviderException">One of the rules does not hold.</exception>
    public async Task<JsonDocument> ValidateAsync(string token, string? nonce, CancellationToken cancellationToken)
    {
        OpenIdConnectConfiguration configuration = await options.Discovery.GetAsync(cancellationToken);
        TokenValidationResult result = await Handler.ValidateTokenAsync(token, Parameters(configuration));
        if (result.Exception is SecurityTokenSignatureKeyNotFoundException)
        {
            configuration = await options.Discovery.GetNewerAsync(cancellationToken);
            result = await Handler.ValidateTokenAsync(token, Parameters(configuration));
        }

        if (!result.IsValid) throw Bad($"the token is not valid ({result.Exception?.GetType().Name})");
        JsonWebToken read = (JsonWebToken)result.SecurityToken;
        JsonDocument claims = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(read.EncodedPayload));
        try
        {
            Check(claims.RootElement, nonce);
            CheckKeyOf(read, configuration);
            return claims;
        }
        catch
        {
            claims.Dispose();
            throw;
        }
    }

    private TokenValidationParameters Parameters(OpenIdConnectConfiguration configuration) => new()
    {
        ValidAudience = options.ClientId,
        IssuerSigningKeyResolver = (_, _, id, _) => KeysFor(id, configuration),
        TryAllIssuerSigningKeys = false,
        ValidAlgorithms = Algorithms,
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        IssuerValidator = (issuer, read, _) => issuer == ProviderDiscovery.IssuerFor(configuration, TenantOf((JsonWebToken)read))
            ? issuer
            : throw new SecurityTokenInvalidIssuerException("Another issuer."),
        LifetimeValidator = (from, until, _, _) => IsAlive(from, until),
    };

    /// <summary>The key that the token names, and no other: what <see cref="CheckKeyOf"/> knows of a key must be about the one that signed.</summary>
    private static IEnumerable<SecurityKey> KeysFor(string? id, OpenIdConnectConfiguration configuration) => string.IsNullOrEmpty(id)
        ? configuration.SigningKeys.Count == 1 ? configuration.SigningKeys : []
        : configuration.SigningKeys.Where(key => key.KeyId == id);

    private bool IsAlive(DateTime? from, DateTime? until)
    {
        DateTime now = time.GetUtcNow().UtcDateTime;
        return until is { } end && end > now - ClockSkew && (from is not { } start || start < now + ClockSkew);
    }

    private void Check(JsonElement claims, string? nonce)
    {
        byte[] expected = Encoding.UTF8.GetBytes(nonce ?? "");
        byte[] got = Encoding.UTF8.GetBytes(ClaimRules.Text(claims, "nonce") ?? "");
        if (expected.Length == 0 || !CryptographicOperations.FixedTimeEquals(expected, got)) throw Bad("the nonce is that of another sign-in");
        if (ClaimRules.Text(claims, "azp") is { } party && party != options.ClientId) throw Bad("it was issued to another client");
        if (ClaimRules.Text(claims, "sub") is null) throw Bad("it names nobody");
        if (options.Settings.Kind is ProviderKind.Microsoft) ClaimRules.CheckTenant(claims, options.Settings);
    }

    /// <summary>Microsoft's shared endpoint lists keys of all tenants; one that names its issuer signs for that one only.</summary>
    private static void CheckKeyOf(JsonWebToken token, OpenIdConnectConfiguration configuration)
    {
        JsonWebKey? key = configuration.JsonWebKeySet?.Keys.FirstOrDefault(k => k.Kid == token.Kid);
        if (key?.AdditionalData.TryGetValue("issuer", out object? issuer) is true && issuer?.ToString() is { } owner
            && owner.Replace("{tenantid}", TenantOf(token), StringComparison.Ordinal) != token.Issuer)
            throw Bad("its key belongs to another issuer");
    }

    private static string? TenantOf(JsonWebToken token) =>
        token.TryGetPayloadValue("tid", out string? tenant) && Guid.TryParseExact(tenant, "D", out _) ? tenant : null;

    private static ProviderException Bad(string why) => new(ProviderProblem.BadAnswer, $"The id_token proves nothing: {why}.");
}
