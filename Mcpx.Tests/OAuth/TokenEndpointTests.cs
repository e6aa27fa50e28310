using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Core.Identity;
using Mcpx.Core.OAuth;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.OAuth;

public sealed class TokenEndpointTests(GatewayFixture gateway, PostgresFixture postgres) : IClassFixture<GatewayFixture>
{
    private const string Grant = "grant_type=client_credentials";

    [Fact]
    public async Task An_account_gets_a_token_of_the_profile_and_nothing_else()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(new Uri("https://mcp.example.com/"));
        var account = await gateway.AddAccountAsync();
        var resource = gateway.EndpointOf(slug).ToString();

        var answer = await gateway.AskTokenAsync($"{Grant}&resource={Uri.EscapeDataString(resource)}", account.Basic);

        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        answer.Json.AsObject().Select(p => p.Key).ShouldBe(["access_token", "token_type", "expires_in", "scope"]);
        answer.Json["token_type"]!.GetValue<string>().ShouldBe("Bearer");
        answer.Json["scope"]!.GetValue<string>().ShouldBe("mcp");
        answer.Json["expires_in"]!.GetValue<int>().ShouldBeInRange(1, 900);
        var parts = answer.Json["access_token"]!.GetValue<string>().Split('.');
        var header = Part(parts[0]);
        var claims = Part(parts[1]);
        header["alg"]!.GetValue<string>().ShouldBe("ES256");
        header["typ"]!.GetValue<string>().ShouldBe("at+jwt");
        claims["iss"]!.GetValue<string>().ShouldBe(gateway.Url.ToString().TrimEnd('/'));
        claims["sub"]!.GetValue<string>().ShouldBe(account.Id);
        claims["client_id"]!.GetValue<string>().ShouldBe(account.Id);
        claims["aud"]!.GetValue<string>().ShouldBe(resource);
        claims["scope"]!.GetValue<string>().ShouldBe("mcp");
        claims["jti"]!.GetValue<string>().Length.ShouldBe(32);
        (claims["exp"]!.GetValue<long>() - claims["iat"]!.GetValue<long>()).ShouldBe(900);
        var keys = (await gateway.SendAsync(HttpMethod.Get, "/oauth/jwks", null, "")).Json["keys"]!.AsArray();
        keys.Select(k => (string?)k!["kid"]).ShouldContain((string?)header["kid"]);
        keys.ShouldAllBe(k => k!["d"] == null && k["kty"]!.GetValue<string>() == "EC");
    }

    [Theory]
    // What is no form, or one that two readers would read differently.
    [InlineData("", null, "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData("{\"grant_type\":\"client_credentials\"}", "good", "application/json", "", 415, "invalid_request")]
    [InlineData(Grant, "good", "text/plain", "", 415, "invalid_request")]
    [InlineData(Grant, "good", "application/x-www-form-urlencoded;charset=utf-16", "", 400, "invalid_request")]
    [InlineData(Grant + "&" + Grant, "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData(Grant + "&scope=mcp&scope=mcp", "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData(Grant + "&scope=&scope=mcp", "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData(Grant + "&scope=%00", "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData(Grant + "&scope=%ff", "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData(Grant + "&scope=%c0%80", "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData(Grant + "&scope=%zz", "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData(Grant + "&scope=%4", "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData(Grant + "&scope=é", "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData(Grant, "good", "application/x-www-form-urlencoded", "?client_secret=x", 400, "invalid_request")]
    [InlineData("scope=mcp", "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData("grant_type=", "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData("grant_type=authorization_code", "good", "application/x-www-form-urlencoded", "", 400, "unsupported_grant_type")]
    [InlineData("grant_type=Client_Credentials", "good", "application/x-www-form-urlencoded", "", 400, "unsupported_grant_type")]
    // Who proves nothing, or twice.
    [InlineData(Grant, null, "application/x-www-form-urlencoded", "", 401, "invalid_client")]
    [InlineData(Grant + "&client_id=x", null, "application/x-www-form-urlencoded", "", 401, "invalid_client")]
    [InlineData(Grant + "&client_secret=x", null, "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData(Grant + "&client_id=x&client_secret=x", "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData(Grant + "&client_assertion=x", "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData(Grant + "&client_id=019a0000-0000-7000-8000-000000000000", "good", "application/x-www-form-urlencoded", "", 400, "invalid_request")]
    [InlineData(Grant, "Basic !!!", "application/x-www-form-urlencoded", "", 401, "invalid_client")]
    [InlineData(Grant, "Basic eA==", "application/x-www-form-urlencoded", "", 401, "invalid_client")]
    [InlineData(Grant, "Bearer x", "application/x-www-form-urlencoded", "", 401, "invalid_client")]
    // What this account may not have.
    [InlineData(Grant, "good", "application/x-www-form-urlencoded", "", 400, "invalid_target")]
    [InlineData(Grant + "&resource=", "good", "application/x-www-form-urlencoded", "", 400, "invalid_target")]
    [InlineData(Grant + "&resource=https%3A%2F%2Felsewhere.example%2Fmcp", "good", "application/x-www-form-urlencoded", "", 400, "invalid_target")]
    [InlineData(Grant + "&scope=everything", "good", "application/x-www-form-urlencoded", "", 400, "invalid_scope")]
    [InlineData(Grant + "&scope=+", "good", "application/x-www-form-urlencoded", "", 400, "invalid_scope")]
    public async Task What_is_wrong_is_refused_in_the_words_of_the_RFC(string form, string? authorization, string type, string query, int status, string error)
    {
        var account = await gateway.AddAccountAsync();

        var answer = await gateway.AskTokenAsync(form, authorization == "good" ? account.Basic : authorization, type, query);

        ((int)answer.Status).ShouldBe(status, answer.Body);
        answer.ContentType.ShouldBe("application/json");
        answer.Json["error"]!.GetValue<string>().ShouldBe(error);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        (answer.Headers.WwwAuthenticate.Count > 0).ShouldBe(status == 401);
        answer.Body.ShouldNotContain("mcpx_sas_");
    }

    [Fact]
    public async Task A_form_of_any_length_costs_no_more_than_16_KiB()
    {
        var account = await gateway.AddAccountAsync();

        (await gateway.AskTokenAsync(Grant + "&x=" + new string('a', 20_000), account.Basic)).Status.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await gateway.AskTokenAsync(Grant + string.Concat(Enumerable.Range(0, 100).Select(i => $"&f{i}=x")), account.Basic)).Json["error"]!.GetValue<string>().ShouldBe("invalid_request");
        (await gateway.SendAsync(HttpMethod.Get, "/oauth/token", null, "")).Status.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    [Fact]
    public async Task Basic_and_post_are_taken_and_the_scope_fits_the_resource()
    {
        var account = await gateway.AddAccountAsync();
        var post = await gateway.AskTokenAsync($"{Grant}&scope=api%3Aread&client_id={account.Id}&client_secret={account.Secret}");
        post.Status.ShouldBe(HttpStatusCode.OK, post.Body);
        post.Json["scope"]!.GetValue<string>().ShouldBe("api:read");
        Part(post.Json["access_token"]!.GetValue<string>().Split('.')[1])["aud"]!.GetValue<string>().ShouldBe(new Uri(gateway.Url, "/api").ToString());

        var (slug, _) = await gateway.AddUpstreamAsync(new Uri("https://mcp.example.com/"));
        var resource = Uri.EscapeDataString(gateway.EndpointOf(slug).ToString());
        (await gateway.AskTokenAsync($"{Grant}&resource={resource}&scope=api%3Aread", account.Basic)).Json["error"]!.GetValue<string>().ShouldBe("invalid_scope");
        (await gateway.AskTokenAsync($"{Grant}&resource={resource}&resource={Uri.EscapeDataString(new Uri(gateway.Url, "/api").ToString())}", account.Basic)).Json["error"]!.GetValue<string>().ShouldBe("invalid_target");
        (await gateway.AskTokenAsync($"{Grant}&resource={resource}%2F", account.Basic)).Json["error"]!.GetValue<string>().ShouldBe("invalid_target");
    }

    [Fact]
    public async Task Unknown_clients_wrong_secrets_and_disabled_accounts_get_the_same_answer()
    {
        var account = await gateway.AddAccountAsync();
        var disabled = await gateway.AddAccountAsync();
        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/service-accounts/{disabled.Id}", new { enabled = false })).Status.ShouldBe(HttpStatusCode.OK);
        var wrong = TokenText.Create(TokenText.ServiceAccountSecretPrefix);
        HttpAnswer[] answers =
        [
            await AskAsync(account.Id, wrong),
            await AskAsync(Guid.CreateVersion7().ToString(), account.Secret),
            await AskAsync("no-id", account.Secret),
            await AskAsync(account.Id, account.Secret + "x"),
            await AskAsync(disabled.Id, disabled.Secret),
        ];

        answers.Select(a => (a.Status, a.Body)).Distinct().ShouldHaveSingleItem().Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public void Comparing_a_secret_costs_the_same_whatever_it_is_compared_with()
    {
        var verifier = new SecretVerifier(gateway.Services.GetRequiredService<TokenHasher>());
        var hasher = gateway.Services.GetRequiredService<TokenHasher>();
        ServiceAccountSecret secret = new(default, default, "", default, default, null, null);
        var right = TokenText.Create(TokenText.ServiceAccountSecretPrefix);
        StoredSecret stored = new(secret, hasher.Hash(right)), other = new(secret, hasher.Hash("other"));

        var counts = new[] { verifier.Verify(right, []), verifier.Verify(right, [stored]), verifier.Verify(right, [other, stored]), verifier.Verify("wrong", [stored, other]) };

        counts.Select(c => c.Comparisons).Distinct().ShouldHaveSingleItem();
        counts.Select(c => c.Found is not null).ShouldBe([false, true, true, false]);
    }

    [Fact]
    public async Task Two_secrets_work_at_once_a_third_is_refused_and_a_revoked_one_stops()
    {
        var account = await gateway.AddAccountAsync();
        var made = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => gateway.ApiAsync(HttpMethod.Post, $"/api/service-accounts/{account.Id}/secrets", new { expiresInDays = 7 })));
        var second = made.Where(m => m.Status == HttpStatusCode.Created).ShouldHaveSingleItem().Json["secret"]!.GetValue<string>();
        made.Count(m => m.Status == HttpStatusCode.Conflict).ShouldBe(5);

        (await AskAsync(account.Id, account.Secret)).Status.ShouldBe(HttpStatusCode.OK);
        (await AskAsync(account.Id, second)).Status.ShouldBe(HttpStatusCode.OK);
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/service-accounts/{account.Id}/secrets/{account.SecretId}")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await AskAsync(account.Id, account.Secret)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await AskAsync(account.Id, second)).Status.ShouldBe(HttpStatusCode.OK);
        (await gateway.ApiAsync(HttpMethod.Post, $"/api/service-accounts/{account.Id}/secrets", new { expiresInDays = 366 })).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Who_fails_too_often_waits_and_others_do_not()
    {
        await using GatewayFixture own = new(postgres);
        await own.StartAsync();
        var account = await own.AddAccountAsync();
        var other = await own.AddAccountAsync();
        var wrong = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{account.Id}:{TokenText.Create(TokenText.ServiceAccountSecretPrefix)}"));
        for (var i = 0; i < FailureLimit.MostOfClient; i++) (await own.AskTokenAsync(Grant, wrong)).Status.ShouldBe(HttpStatusCode.Unauthorized);

        var limited = await own.AskTokenAsync($"{Grant}&scope=api%3Aread", account.Basic);
        limited.Status.ShouldBe(HttpStatusCode.TooManyRequests);
        limited.Headers.RetryAfter.ShouldNotBeNull();
        (await own.AskTokenAsync($"{Grant}&scope=api%3Aread", other.Basic)).Status.ShouldBe(HttpStatusCode.OK);
    }

    private Task<HttpAnswer> AskAsync(string id, string secret) =>
        gateway.AskTokenAsync($"{Grant}&scope=api%3Aread", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{id}:{secret}")));

    private static JsonNode Part(string part) => JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(part))!;
}
