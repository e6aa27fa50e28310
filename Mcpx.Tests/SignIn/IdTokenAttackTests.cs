using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.WebUtilities;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.SignIn;

/// <summary>id_tokens that break one rule each.</summary>
public sealed class IdTokenAttackTests(SignInFixture signIn) : IClassFixture<SignInFixture>, IDisposable
{
    public static TheoryData<string> Forgeries { get; } = [.. Forged.Keys];

    private static Dictionary<string, Action<IdToken, SignInFixture>> Forged => new()
    {
        ["another issuer"] = (t, _) => t.Claims["iss"] = "https://evil.example",
        ["another provider's issuer"] = (t, f) => t.Claims["iss"] = f.Fake.IssuerOf("google"),
        ["another audience"] = (t, _) => t.Claims["aud"] = "another-client",
        ["no audience"] = (t, _) => t.Claims.Remove("aud"),
        ["issued to another client"] = (t, _) => t.Claims["azp"] = "another-client",
        ["expired"] = (t, _) => t.Claims["exp"] = TimeProvider.System.GetUtcNow().AddMinutes(-5).ToUnixTimeSeconds(),
        ["no end"] = (t, _) => t.Claims.Remove("exp"),
        ["not yet"] = (t, _) => t.Claims["nbf"] = TimeProvider.System.GetUtcNow().AddMinutes(10).ToUnixTimeSeconds(),
        ["another nonce"] = (t, _) => t.Claims["nonce"] = "another",
        ["no nonce"] = (t, _) => t.Claims.Remove("nonce"),
        ["no subject"] = (t, _) => t.Claims.Remove("sub"),
        ["subject is no text"] = (t, _) => t.Claims["sub"] = 7,
        ["alg none"] = (t, _) => (t.Header["alg"], t.Sign) = ("none", _ => []),
        ["no signature"] = (t, _) => t.Sign = _ => [],
        ["another key"] = (t, _) => t.Sign = content => RSA.Create(2048).SignData(content, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        ["unknown key id"] = (t, _) => t.Header["kid"] = "unknown",
        ["the public key as a secret"] = (t, f) =>
        {
            t.Header["alg"] = "HS256";
            t.Sign = content => HMACSHA256.HashData(Encoding.UTF8.GetBytes(f.Fake.Key.ExportSubjectPublicKeyInfoPem()), content);
        },
        ["the client's secret as a key"] = (t, _) =>
        {
            t.Header["alg"] = "HS256";
            t.Sign = content => HMACSHA256.HashData(Encoding.UTF8.GetBytes(FakeIdentityProvider.ClientSecret), content);
        },
        ["a key of its own in the header"] = (t, _) =>
        {
            var own = RSA.Create(2048);
            var key = own.ExportParameters(false);
            t.Header["jwk"] = new JsonObject { ["kty"] = "RSA", ["n"] = WebEncoders.Base64UrlEncode(key.Modulus!), ["e"] = WebEncoders.Base64UrlEncode(key.Exponent!) };
            t.Header.Remove("kid");
            t.Sign = content => own.SignData(content, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        },
    };

    public void Dispose() => signIn.Fake.Reset();

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task A_token_that_breaks_one_rule_signs_nobody_in(string forgery)
    {
        foreach (var provider in new[] { "google", "microsoft", "oidc" })
        {
            // Google's own issuer is what the others must not have.
            if (forgery == "another provider's issuer" && provider == "google") continue;
            signIn.Person(provider, $"Forged {forgery}");
            signIn.Fake.Forge = token => Forged[forgery](token, signIn);
            using var browser = signIn.Browser();
            (await signIn.SignInAsync(provider, browser)).ShouldBe($"/sign-in?problem=answer&provider={provider}", forgery);
            browser.Cookies.Keys.ShouldNotContain("mcpx");
        }

        (await signIn.UsersNamedAsync($"Forged {forgery}")).ShouldBeEmpty();
    }
}
