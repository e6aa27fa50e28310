using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Core.OAuth;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.OAuth;

/// <summary><c>private_key_jwt</c>: which keys are taken, and which assertions.</summary>
public sealed class ClientAssertionTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private string TokenEndpoint => new Uri(gateway.Url, "/oauth/token").ToString();

    [Theory]
    [InlineData("ES256")]
    [InlineData("RS256")]
    [InlineData("PS256")]
    public async Task An_assertion_opens_once(string algorithm)
    {
        using Signer signer = new(algorithm);
        var account = await gateway.AddAccountAsync(new { jwks = signer.Jwks });
        var assertion = signer.Sign(Claims(account.Id));

        (await AskAsync(assertion)).Status.ShouldBe(HttpStatusCode.OK);
        (await AskAsync(assertion)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        var race = signer.Sign(Claims(account.Id, ("aud", gateway.Url.ToString().TrimEnd('/'))));
        (await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AskAsync(race)))).Count(a => a.Status == HttpStatusCode.OK).ShouldBe(1);
    }

    [Fact]
    public async Task Every_wrong_assertion_is_refused()
    {
        using Signer signer = new("ES256");
        using Signer stranger = new("ES256");
        using Signer rsa = new("RS256");
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        Func<string, string>[] wrong =
        [
            id => stranger.Sign(Claims(id)), id => rsa.Sign(Claims(id)), id => signer.Sign(Claims(id), ("alg", "none")), id => signer.Sign(Claims(id), ("alg", "HS256")),
            id => signer.Sign(Claims(id), ("typ", "at+jwt")), id => signer.Sign(Claims(id, ("iss", "other"))),
            id => signer.Sign(Claims(id, ("aud", "https://elsewhere.example"))), id => signer.Sign(Claims(id, ("aud", null))),
            id => signer.Sign(Claims(id, ("aud", new JsonArray(TokenEndpoint, "https://elsewhere.example")))),
            id => signer.Sign(Claims(id, ("exp", now - 1))), id => signer.Sign(Claims(id, ("exp", now - 3600))), id => signer.Sign(Claims(id, ("exp", now + 3600))), id => signer.Sign(Claims(id, ("exp", null))),
            id => signer.Sign(Claims(id, ("iat", now + 3600))), id => signer.Sign(Claims(id, ("nbf", now + 3600))), id => signer.Sign(Claims(id, ("nbf", "later"))),
            id => signer.Sign(Claims(id, ("jti", null))), id => signer.Sign(Claims(id, ("jti", ""))), id => signer.Sign(Claims(id, ("jti", new string('j', 300)))),
            _ => signer.Sign(Claims(Guid.CreateVersion7().ToString())), _ => "x.y.z",
        ];
        // A few for each account: whoever fails ten times has to wait, and nothing would be tried any more.
        foreach (var few in wrong.Chunk(FailureLimit.MostOfClient - 1))
        {
            var account = await gateway.AddAccountAsync(new { jwks = signer.Jwks });
            foreach (var make in few)
            {
                var answer = await AskAsync(make(account.Id));
                answer.Status.ShouldBe(HttpStatusCode.Unauthorized, make(account.Id));
                answer.Json["error"]!.GetValue<string>().ShouldBe("invalid_client");
            }

            (await AskAsync(signer.Sign(Claims(account.Id)))).Status.ShouldBe(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task Keys_that_are_weak_private_or_none_are_refused()
    {
        using var weak = RSA.Create(1024);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using Signer good = new("ES256");
        var n = Base64Url.EncodeToString(weak.ExportParameters(false).Modulus);
        var q = curve.ExportParameters(false).Q;
        var key = good.Jwks["keys"]![0]!.AsObject();
        JsonNode[] sets =
        [
            new JsonObject { ["keys"] = new JsonArray() }, new JsonObject { ["key"] = 1 },
            Set(new JsonObject { ["kty"] = "RSA", ["n"] = n, ["e"] = "AQAB" }), Set(new JsonObject { ["kty"] = "oct", ["k"] = "c2VjcmV0" }),
            Set(new JsonObject { ["kty"] = "EC", ["crv"] = "P-384", ["x"] = Base64Url.EncodeToString(q.X), ["y"] = Base64Url.EncodeToString(q.Y) }),
            Set(new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Base64Url.EncodeToString(new byte[32]), ["y"] = Base64Url.EncodeToString(new byte[32]) }),
            Set(Changed(key, "d", "c2VjcmV0")), Set(Changed(key, "use", "enc")), Set(Changed(key, "alg", "HS256")), Set("no object"),
            new JsonObject { ["keys"] = new JsonArray([.. Enumerable.Range(0, 11).Select(_ => key.DeepClone())]) },
        ];
        foreach (var set in sets)
        {
            var answer = await gateway.ApiAsync(HttpMethod.Post, "/api/service-accounts", new { name = "keys", jwks = set });
            answer.Status.ShouldBe(HttpStatusCode.BadRequest, set.ToJsonString());
            answer.Json["errors"]!["jwks"].ShouldNotBeNull(set.ToJsonString());
        }
    }

    private Task<HttpAnswer> AskAsync(string assertion) => gateway.AskTokenAsync(
        TestAccount.Form(("grant_type", "client_credentials"), ("scope", "api:read"), ("client_assertion_type", Type), ("client_assertion", assertion)));

    private JsonObject Claims(string client, params (string Name, JsonNode? Value)[] changes)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        JsonObject claims = new() { ["iss"] = client, ["sub"] = client, ["aud"] = TokenEndpoint, ["jti"] = Guid.CreateVersion7().ToString(), ["iat"] = now, ["exp"] = now + 120 };
        foreach (var (name, value) in changes)
        {
            claims.Remove(name);
            if (value is not null) claims[name] = value;
        }

        return claims;
    }

    private static JsonObject Set(JsonNode key) => new() { ["keys"] = new JsonArray(key) };

    private static JsonObject Changed(JsonObject key, string member, string value)
    {
        var changed = key.DeepClone().AsObject();
        changed[member] = value;
        return changed;
    }

    private sealed class Signer(string algorithm) : IDisposable
    {
        private readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly RSA _rsa = RSA.Create(2048);

        public JsonObject Jwks => Set(algorithm == "ES256"
            ? new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["kid"] = "one", ["x"] = Base64Url.EncodeToString(_ec.ExportParameters(false).Q.X), ["y"] = Base64Url.EncodeToString(_ec.ExportParameters(false).Q.Y) }
            : new JsonObject { ["kty"] = "RSA", ["n"] = Base64Url.EncodeToString(_rsa.ExportParameters(false).Modulus), ["e"] = "AQAB" });

        public string Sign(JsonObject claims, params (string Name, string Value)[] header)
        {
            JsonObject head = new() { ["alg"] = algorithm };
            foreach (var (name, value) in header) head[name] = value;
            var text = $"{Encode(head)}.{Encode(claims)}";
            var bytes = Encoding.ASCII.GetBytes(text);
            return $"{text}.{Base64Url.EncodeToString(algorithm switch
            {
                "ES256" => _ec.SignData(bytes, HashAlgorithmName.SHA256),
                "RS256" => _rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
                _ => _rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            })}";
        }

        public void Dispose()
        {
            _ec.Dispose();
            _rsa.Dispose();
        }

        private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
    }
}
