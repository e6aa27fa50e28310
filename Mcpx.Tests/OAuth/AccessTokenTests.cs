using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Core.OAuth;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.OAuth;

/// <summary>Access tokens at the doors: what a right one opens, and every way to make a wrong one.</summary>
public sealed class AccessTokenTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_opens_its_endpoint_in_both_spellings_and_nothing_else()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var (other, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var account = await gateway.AddAccountAsync();
        var token = await account.TokenForAsync(slug);

        (await gateway.PostAsync(slug, Mcp.Call("get"), token)).Status.ShouldBe(HttpStatusCode.OK);
        (await gateway.SendAsync(HttpMethod.Post, $"/mcp/server/{slug}", Encoding.UTF8.GetBytes(Mcp.Call("get")), token)).Status.ShouldBe(HttpStatusCode.OK);
        await RefusedAsync(await gateway.PostAsync(other, Mcp.Call("get"), token));
        await RefusedAsync(await gateway.SendAsync(HttpMethod.Post, $"/mcp/{gateway.Organization}/gateway/{slug}", "{}"u8.ToArray(), token));
        await RefusedAsync(await gateway.ApiAsync(HttpMethod.Get, "/api/servers", token: token));
        var api = await account.TokenAsync(("scope", "api:read"));
        (await gateway.ApiAsync(HttpMethod.Get, "/api/servers", token: api)).Status.ShouldBe(HttpStatusCode.OK);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens/revoke", new { mine = true }, api)).Status.ShouldBe(HttpStatusCode.Forbidden);
        await RefusedAsync(await gateway.PostAsync(slug, Mcp.Call("get"), api));

        var call = (await gateway.CallsAsync($"&serviceAccount={account.Id}"))[0]!;
        call["serviceAccount"]!.GetValue<string>().ShouldBe(account.Id);
        call["serviceAccountName"].ShouldNotBeNull();
        call["user"].ShouldBeNull();
        (await gateway.CallsAsync($"&serviceAccount={account.Id}")).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_program_makes_no_credentials()
    {
        var account = await gateway.AddAccountAsync(new { role = "admin" });
        var token = await account.TokenAsync(("scope", "api:read api:write"));

        (await gateway.ApiAsync(HttpMethod.Post, "/api/service-accounts", new { name = "another" }, token)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await gateway.ApiAsync(HttpMethod.Post, $"/api/service-accounts/{account.Id}/secrets", new { }, token)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "x" }, token)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/service-accounts", token: token)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Switching_off_narrowing_and_deleting_take_effect_on_tokens_that_are_out()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        var (other, otherId) = await gateway.AddUpstreamAsync(upstream.Url);
        var account = await gateway.AddAccountAsync();
        var token = await account.TokenForAsync(slug);
        (await gateway.PostAsync(slug, Mcp.Call("get"), token)).Status.ShouldBe(HttpStatusCode.OK);

        await PatchAsync(account, new { enabled = false });
        await RefusedAsync(await gateway.PostAsync(slug, Mcp.Call("get"), token));
        await PatchAsync(account, new { enabled = true });
        (await gateway.PostAsync(slug, Mcp.Call("get"), token)).Status.ShouldBe(HttpStatusCode.OK);
        await PatchAsync(account, new { endpoints = new[] { otherId } });
        (await gateway.PostAsync(slug, Mcp.Call("get"), token)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await account.TokenForAsync(other)).ShouldNotBeEmpty();
        await PatchAsync(account, new { endpoints = new[] { "*" }, tools = new[] { "find" } });
        (await gateway.PostAsync(slug, Mcp.Call("get"), token)).ErrorCode.ShouldBe(-32602);
        await PatchAsync(account, new { tools = new[] { "*" }, scopes = new[] { "api:read" } });
        (await gateway.PostAsync(slug, Mcp.Call("get"), token)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/service-accounts/{account.Id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        await RefusedAsync(await gateway.PostAsync(slug, Mcp.Call("get"), token));
        id.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Every_forgery_is_refused()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var account = await gateway.AddAccountAsync();
        var good = await account.TokenForAsync(slug);
        var parts = good.Split('.');
        var header = Json(parts[0]);
        var claims = Json(parts[1]);
        var signed = (await gateway.Services.GetRequiredService<SigningKeys>().ListAsync(Cancelled))[0];
        using ECDsa own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa ours = Key(signed);
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

        // Signed by us, so that only what the test changes is wrong.
        (await gateway.PostAsync(slug, Mcp.Call("get"), Sign(ours, header, claims))).Status.ShouldBe(HttpStatusCode.OK);
        string[] forgeries =
        [
            $"{parts[0]}.{parts[1]}.", $"{parts[0]}.{parts[1]}", $"{good}.x", $"{good}=", good.Replace('.', ' '), parts[0] + "..", "ey..", "ey",
            $"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(new byte[64])}",
            $"{parts[0]}.{B64(With(claims, "scope", "mcp api:read api:write"))}.{parts[2]}",
            Sign(own, header, claims),
            $"{B64(With(header, "alg", "none"))}.{parts[1]}.", $"{B64(With(header, "alg", "None"))}.{parts[1]}.{parts[2]}",
            Hmac(signed.Stored.PublicKey, With(header, "alg", "HS256"), claims), Hmac(Encoding.ASCII.GetBytes(ours.ExportSubjectPublicKeyInfoPem()), With(header, "alg", "HS256"), claims),
            Sign(ours, With(header, "typ", "JWT"), claims), Sign(ours, Without(header, "typ"), claims), Sign(ours, With(header, "alg", "ES512"), claims),
            Sign(own, With(header, "kid", "../../etc/passwd"), claims), Sign(own, With(header, "kid", "' OR '1'='1"), claims), Sign(own, Without(header, "kid"), claims),
            Sign(own, With(header, "jwk", Jwk(own)), claims), Sign(own, With(header, "jku", "https://evil.example/jwks"), claims), Sign(ours, With(header, "crit", new JsonArray("exp")), claims),
            Sign(ours, header, With(claims, "exp", now - 1)), Sign(ours, header, With(claims, "exp", now)), Sign(ours, header, With(claims, "exp", now + 3600)),
            Sign(ours, header, With(With(claims, "iat", now + 3600), "exp", now + 4500)), Sign(ours, header, With(With(claims, "iat", now - 3600), "exp", now - 2700)),
            Sign(ours, header, Without(claims, "exp")), Sign(ours, header, Without(claims, "iat")), Sign(ours, header, With(claims, "exp", "soon")), Sign(ours, header, With(claims, "exp", 1e300)),
            Sign(ours, header, With(claims, "iss", "https://elsewhere.example")), Sign(ours, header, Without(claims, "aud")), Sign(ours, header, With(claims, "aud", new JsonArray())),
            Sign(ours, header, With(claims, "aud", new JsonArray("https://elsewhere.example/mcp"))), Sign(ours, header, With(claims, "aud", new JsonArray(1, 2))),
            Sign(ours, header, With(claims, "aud", claims["aud"]!.GetValue<string>() + "/")),
            Sign(ours, header, With(claims, "sub", Guid.CreateVersion7().ToString())), Sign(ours, header, With(With(claims, "sub", Guid.CreateVersion7().ToString()), "client_id", Guid.CreateVersion7().ToString())),
            Sign(ours, header, With(claims, "org", Guid.CreateVersion7().ToString())), Sign(ours, header, Without(claims, "jti")), Sign(ours, header, With(claims, "scope", "everything")),
            SignText(ours, header.ToJsonString(), claims.ToJsonString().Insert(1, "\"iss\":\"x\",")), SignText(ours, header.ToJsonString(), "[]"), SignText(ours, header.ToJsonString(), "\"\\ud800\""),
            new string('e', 9000), "ey" + new string('J', 100_0),
        ];
        foreach (var forgery in forgeries) await RefusedAsync(await gateway.PostAsync(slug, Mcp.Call("get"), forgery), forgery);

        (await gateway.PostAsync(slug, Mcp.Call("get"), Sign(ours, header, With(claims, "aud", new JsonArray("https://elsewhere.example/", claims["aud"]!.DeepClone()))))).Status.ShouldBe(HttpStatusCode.OK);
        upstream.Requests.ShouldAllBe(r => !r.Headers.ContainsKey("Authorization"));
    }

    [Fact]
    public async Task The_official_client_works_with_an_accounts_token()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = Dashboard.DashboardVisits.Offering("ask", "tell");
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var account = await gateway.AddAccountAsync(new { tools = new[] { "a*" } });
        await using var client = await gateway.ConnectAsync(slug, "2025-11-25", await account.TokenForAsync(slug));

        (await client.ListToolsAsync(cancellationToken: Cancelled)).Select(t => t.Name).ShouldBe(["ask"]);
        (await client.CallToolAsync("ask", cancellationToken: Cancelled)).IsError.ShouldNotBe(true);
    }

    private Task RefusedAsync(HttpAnswer answer, string? what = null)
    {
        answer.Status.ShouldBe(HttpStatusCode.Unauthorized, what ?? answer.Body);
        answer.Headers.WwwAuthenticate.ToString().ShouldContain("error=\"invalid_token\"");
        return Task.CompletedTask;
    }

    private async Task PatchAsync(TestAccount account, object change)
    {
        var answer = await gateway.ApiAsync(HttpMethod.Patch, $"/api/service-accounts/{account.Id}", change);
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
    }

    private ECDsa Key(PublicKey key) => gateway.Services.GetRequiredService<SigningKeyVault>().Open(key.Stored)!;

    private static JsonObject Json(string part) => JsonNode.Parse(Base64Url.DecodeFromChars(part))!.AsObject();

    private static JsonObject With(JsonObject of, string member, JsonNode? value)
    {
        var changed = of.DeepClone().AsObject();
        changed[member] = value;
        return changed;
    }

    private static JsonObject Without(JsonObject of, string member)
    {
        var changed = of.DeepClone().AsObject();
        changed.Remove(member);
        return changed;
    }

    private static string B64(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));

    private static string Sign(ECDsa key, JsonObject header, JsonObject claims) => SignText(key, header.ToJsonString(), claims.ToJsonString());

    private static string SignText(ECDsa key, string header, string claims)
    {
        var text = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        return $"{text}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
    }

    private static string Hmac(byte[] secret, JsonObject header, JsonObject claims)
    {
        var text = $"{B64(header)}.{B64(claims)}";
        return $"{text}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(text)))}";
    }

    private static JsonObject Jwk(ECDsa key)
    {
        var point = key.ExportParameters(false).Q;
        return new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y) };
    }
}
