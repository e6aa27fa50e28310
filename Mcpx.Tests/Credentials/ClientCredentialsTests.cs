using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Mcpx.Core.OAuth;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Credentials;

/// <summary>Servers behind OAuth, through the front door.</summary>
public sealed class ClientCredentialsTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private FakeUpstream _upstream = null!;
    private FakeAuthorizationServer _issuer = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _issuer = await FakeAuthorizationServer.StartAsync();
        _issuer.Guard(_upstream);
    }

    public async ValueTask DisposeAsync()
    {
        await _upstream.DisposeAsync();
        await _issuer.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Calls_carry_a_token_that_is_got_once(bool byTokenUrl)
    {
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url, _issuer.Credential(byTokenUrl, scope: "read write"));

        foreach (var _ in Enumerable.Range(0, 5)) (await gateway.PostAsync(slug, Mcp.Call("get"))).Json["result"].ShouldNotBeNull();

        var asked = _issuer.Requests.ShouldHaveSingleItem();
        (asked.Form["grant_type"], asked.Form["scope"], asked.Form["resource"]).ShouldBe(("client_credentials", "read write", _upstream.Url.AbsoluteUri));
        asked.Form.Keys.ShouldNotContain("client_secret");
        CallsOf(_upstream).ShouldAllBe(r => r.Headers["Authorization"] == $"Bearer {asked.Token}");
        CallsOf(_upstream).Count().ShouldBe(5);
    }

    [Fact]
    public async Task The_secret_may_go_in_the_form_and_the_resource_be_left_out()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url, _issuer.Credential(method: "clientSecretPost", resource: "none"));

        (await gateway.PostAsync(slug, Mcp.Call("get"))).Json["result"].ShouldNotBeNull();

        var asked = _issuer.Requests.ShouldHaveSingleItem();
        (asked.Form["client_id"], asked.Form["client_secret"], asked.Authorization).ShouldBe((FakeAuthorizationServer.ClientId, FakeAuthorizationServer.ClientSecret, null));
        asked.Form.Keys.ShouldNotContain("resource");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_private_key_signs_an_assertion_for_the_issuer(bool isElliptic)
    {
        using AsymmetricAlgorithm key = isElliptic ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : RSA.Create(2048);
        var (slug, id) = await gateway.AddUpstreamAsync(_upstream.Url, new
        {
            kind = "clientCredentials", clientId = "signer", method = "privateKeyJwt", secret = key.ExportPkcs8PrivateKeyPem(), keyId = "k-1", issuer = _issuer.Issuer,
        });

        (await gateway.PostAsync(slug, Mcp.Call("get"))).Json["result"].ShouldNotBeNull();

        var assertion = JwtText.Parse(_issuer.Requests.ShouldHaveSingleItem().Form["client_assertion"]).ShouldNotBeNull();
        (JwtText.TextOf(assertion.Payload, "iss"), JwtText.TextOf(assertion.Payload, "sub"), assertion.Audience().Single(), JwtText.TextOf(assertion.Header, "kid"))
            .ShouldBe(("signer", "signer", _issuer.Issuer, "k-1"));
        bool signed = key is ECDsa ec
            ? ec.VerifyData(assertion.Signed, assertion.Signature, HashAlgorithmName.SHA256)
            : ((RSA)key).VerifyData(assertion.Signed, assertion.Signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        signed.ShouldBeTrue();
        var shown = (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}")).Json;
        ((string?)shown["credentialHint"]).ShouldNotBeNull().ShouldStartWith(isElliptic ? "ES256 " : "RS256 ");
    }

    [Fact]
    public async Task A_token_that_the_server_refuses_is_renewed_once_and_the_call_sent_again()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url, _issuer.Credential());
        (await gateway.PostAsync(slug, Mcp.Call("get"))).Json["result"].ShouldNotBeNull();
        _issuer.Revoke();

        (await gateway.PostAsync(slug, Mcp.Call("get"))).Json["result"].ShouldNotBeNull();

        _issuer.Requests.Count.ShouldBe(2);
        // One that was refused, and the same again: a server that asks who is there has not run anything.
        CallsOf(_upstream).Count().ShouldBe(3);
        (await gateway.CallsOfAsync(slug)).ShouldAllBe(c => (string?)c["outcome"] == "ok");
    }

    [Fact]
    public async Task A_server_that_refuses_every_token_makes_no_flood_at_the_token_endpoint()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url, _issuer.Credential());
        (await gateway.PostAsync(slug, Mcp.Call("get"))).Json["result"].ShouldNotBeNull();
        _upstream.Answer = (http, _) => FakeUpstream.JsonAsync(http, "{}", 401);

        foreach (var _ in Enumerable.Range(0, 20))
            ((string?)(await gateway.PostAsync(slug, Mcp.Call("get"))).Json["error"]!["data"]!["reason"]).ShouldBe("upstream_unauthorized");

        _issuer.Requests.Count.ShouldBeLessThanOrEqualTo(2 + 20 / 5);
    }

    [Fact]
    public async Task Fifty_calls_at_once_share_one_token()
    {
        var gate = new TaskCompletionSource();
        _issuer.Interfere = async _ =>
        {
            await gate.Task;
            return false;
        };
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url, _issuer.Credential());

        var calls = Enumerable.Range(0, 50).Select(_ => gateway.PostAsync(slug, Mcp.Call("get"))).ToList();
        await Eventually.TrueAsync(() => _issuer.Requests.Count == 1, "a token is asked for", TestContext.Current.CancellationToken);
        gate.SetResult();

        (await Task.WhenAll(calls)).ShouldAllBe(a => a.Json["result"] != null);
        _issuer.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_token_endpoint_that_fails_is_left_alone_for_a_while_and_calls_say_why()
    {
        _issuer.Interfere = async http =>
        {
            await FakeUpstream.JsonAsync(http, "{}", 500);
            return true;
        };
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url, _issuer.Credential());

        foreach (var _ in Enumerable.Range(0, 20))
        {
            var answer = await gateway.PostAsync(slug, Mcp.Call("get"));
            ((string?)answer.Json["error"]!["data"]!["reason"], ((string?)answer.Json["error"]!["message"])!.Contains(slug, StringComparison.Ordinal)).ShouldBe(("token_unavailable", true));
        }

        _issuer.Requests.Count.ShouldBeLessThanOrEqualTo(1 + 20 / 5);
        CallsOf(_upstream).ShouldBeEmpty();
        (await gateway.CallsOfAsync(slug)).ShouldAllBe(c => ((string?)c["reason"])!.Contains("answered 500", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_secret_is_told_without_repeating_it()
    {
        var (slug, id) = await gateway.AddUpstreamAsync(_upstream.Url, _issuer.Credential(secret: "wrong-secret-of-the-client"));

        var answer = await gateway.PostAsync(slug, Mcp.Call("get"));
        var report = await gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/test");
        var record = (await gateway.CallsOfAsync(slug))[0].ToJsonString();

        ((string?)answer.Json["error"]!["data"]!["reason"]).ShouldBe("token_unavailable");
        report.Body.ShouldContain("invalid_client");
        foreach (var text in new[] { answer.Body, report.Body, record }) text.ShouldNotContain("secret of", Case.Insensitive);
    }

    [Theory]
    [InlineData("server")]
    [InlineData("metadata")]
    public async Task Another_issuer_than_the_records_gets_nothing_and_calls_stop(string who)
    {
        await using var thief = await FakeAuthorizationServer.StartAsync();
        if (who == "server") thief.Guard(_upstream);
        else _issuer.NamedIssuer = thief.Issuer;
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url, _issuer.Credential());

        var answer = await gateway.PostAsync(slug, Mcp.Call("get"));

        ((string?)answer.Json["error"]!["data"]!["reason"]).ShouldBe("issuer_differs");
        thief.Requests.ShouldBeEmpty();
        _issuer.Requests.ShouldBeEmpty();
        CallsOf(_upstream).ShouldBeEmpty();
        var record = (await gateway.CallsOfAsync(slug))[0];
        ((string?)record["outcome"], ((string?)record["reason"])!.Contains("Nothing was sent there", StringComparison.Ordinal)).ShouldBe(("upstreamError", true));
    }

    [Fact]
    public async Task Metadata_of_another_resource_is_not_believed()
    {
        _upstream.Answer = (http, request) => http.Request.Path.StartsWithSegments("/.well-known", StringComparison.Ordinal)
            ? FakeUpstream.JsonAsync(http, new JsonObject { ["resource"] = "https://bank.example.com/mcp", ["authorization_servers"] = new JsonArray(_issuer.Issuer) }.ToJsonString())
            : FakeUpstream.JsonAsync(http, "{}", 401);
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url, _issuer.Credential());

        ((string?)(await gateway.PostAsync(slug, Mcp.Call("get"))).Json["error"]!["data"]!["reason"]).ShouldBe("token_unavailable");

        _issuer.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_record_shows_everything_but_the_secret()
    {
        var (_, id) = await gateway.AddUpstreamAsync(_upstream.Url, _issuer.Credential(scope: " read   write "));

        var answer = await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}");

        var client = answer.Json["credentialClient"]!;
        ((string?)answer.Json["credentialKind"], (string?)client["clientId"], (string?)client["issuer"], (string?)client["scope"], (string?)client["method"])
            .ShouldBe(("clientCredentials", FakeAuthorizationServer.ClientId, _issuer.Issuer, "read write", "clientSecretBasic"));
        answer.Body.ShouldNotContain("s3cret");
    }

    [Theory]
    [InlineData("""{"kind":"clientCredentials","secret":"s","issuer":"https://as.example.com"}""", "credential.clientId")]
    [InlineData("""{"kind":"clientCredentials","clientId":"c","issuer":"https://as.example.com"}""", "credential.secret")]
    [InlineData("""{"kind":"clientCredentials","clientId":"c","secret":"s"}""", "credential.issuer")]
    [InlineData("""{"kind":"clientCredentials","clientId":"c","secret":"s","issuer":"https://as.example.com","tokenUrl":"https://as.example.com/t"}""", "credential.issuer")]
    [InlineData("""{"kind":"clientCredentials","clientId":"c","secret":"s","tokenUrl":"https://user:pw@as.example.com/t"}""", "credential.tokenUrl")]
    [InlineData("""{"kind":"clientCredentials","clientId":"c","secret":"s","tokenUrl":"file:///etc/passwd"}""", "credential.tokenUrl")]
    [InlineData("""{"kind":"clientCredentials","clientId":"c\r\nX: y","secret":"s","tokenUrl":"https://as.example.com/t"}""", "credential.clientId")]
    [InlineData("""{"kind":"clientCredentials","clientId":"c","secret":"s\u0000","tokenUrl":"https://as.example.com/t"}""", "credential.secret")]
    [InlineData("""{"kind":"clientCredentials","clientId":"c","secret":"s","tokenUrl":"https://as.example.com/t","resource":"relative"}""", "credential.resource")]
    [InlineData("""{"kind":"clientCredentials","clientId":"c","secret":"s","tokenUrl":"https://as.example.com/t","method":"privateKeyJwt"}""", "credential.secret")]
    [InlineData("""{"kind":"clientCredentials","clientId":"c","secret":"s","tokenUrl":"https://as.example.com/t","scope":"a\nb"}""", "credential.scope")]
    public async Task What_is_wrong_is_told_at_its_field(string credential, string field)
    {
        var body = $$"""{"name":"x","slug":"wrong-client","url":"https://mcp.example.com/mcp","credential":{{credential}} }""";

        var answer = await gateway.SendAsync(HttpMethod.Post, "/api/servers", System.Text.Encoding.UTF8.GetBytes(body), gateway.Token);

        answer.Status.ShouldBe(HttpStatusCode.BadRequest, answer.Body);
        answer.Json["errors"]![field].ShouldNotBeNull(answer.Body);
    }

    [Fact]
    public async Task A_server_does_not_move_to_another_host_with_its_client_secret()
    {
        var (_, id) = await gateway.AddUpstreamAsync(_upstream.Url, _issuer.Credential());

        var answer = await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { url = "https://elsewhere.example.com/mcp" });

        answer.Status.ShouldBe(HttpStatusCode.BadRequest);
        answer.Json["errors"]!["credential"].ShouldNotBeNull();
    }

    private static IEnumerable<SeenRequest> CallsOf(FakeUpstream upstream) => upstream.Requests.Where(r => r.Text.Contains("tools/call", StringComparison.Ordinal));
}
