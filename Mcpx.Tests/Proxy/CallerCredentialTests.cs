using System.Net;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>Who may come in, and what of them goes on to the upstream (nothing).</summary>
public sealed class CallerCredentialTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private const string Challenge = "Bearer resource_metadata=\"{metadata}\", scope=\"mcp\"";
    private const string InvalidToken = "Bearer resource_metadata=\"{metadata}\", error=\"invalid_token\", scope=\"mcp\"";
    private const string InsufficientScope = "Bearer realm=\"mcpx\", error=\"insufficient_scope\", scope=\"mcp\"";

    [Fact]
    public async Task A_caller_without_a_usable_token_gets_nothing_but_is_recorded()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var stranger = await StrangerAsync();

        await RefusedAsync(slug, "", HttpStatusCode.Unauthorized, Challenge);
        await RefusedAsync(slug, "nonsense", HttpStatusCode.Unauthorized, InvalidToken);
        await RefusedAsync(slug, TokenText.Create(TokenText.PersonalAccessTokenPrefix), HttpStatusCode.Unauthorized, InvalidToken);
        await RefusedAsync(slug, await RevokedAsync(), HttpStatusCode.Unauthorized, InvalidToken);
        await RefusedAsync(slug, await ExpiredAsync(), HttpStatusCode.Unauthorized, InvalidToken);
        await RefusedAsync(slug, stranger, HttpStatusCode.Unauthorized, InvalidToken);
        await RefusedAsync(slug, await TokenAsync("api:read", "api:write"), HttpStatusCode.Forbidden, InsufficientScope);

        upstream.Requests.ShouldBeEmpty();
        var calls = await gateway.CallsOfAsync(slug);
        calls.Count.ShouldBe(7);
        calls.Count(c => (string?)c["outcome"] == "unauthenticated" && (int?)c["status"] == 401 && c["method"] is null).ShouldBe(6);
        calls.Count(c => (string?)c["outcome"] == "denied" && (int?)c["status"] == 403 && ((string?)c["reason"])!.Contains("scope mcp")).ShouldBe(1);
        calls.ShouldAllBe(c => c["reason"] != null);
        // What a stranger sends is not kept.
        var body = (await gateway.ApiAsync(HttpMethod.Get, $"/api/calls/{calls[^1]["id"]}")).Json;
        body["request"].ShouldBeNull();
    }

    [Fact]
    public async Task A_token_anywhere_but_in_the_header_counts_as_none()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var path = $"/mcp/{gateway.Organization}/server/{slug}";
        var body = System.Text.Encoding.UTF8.GetBytes(Mcp.Call("get"));

        (await gateway.SendAsync(HttpMethod.Post, $"{path}?access_token={gateway.Token}", body, "")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await gateway.SendAsync(HttpMethod.Post, path, body, "", ("Cookie", $"mcpx={gateway.Token}"))).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await gateway.SendAsync(HttpMethod.Post, path, body, "", ("Authorization", $"Basic {gateway.Token}"))).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await gateway.SendAsync(HttpMethod.Post, path, body, "", ("Authorization", $"bearer {gateway.Token}"))).Status.ShouldBe(HttpStatusCode.OK);
        upstream.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_path_without_an_organisation_takes_that_of_the_token()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var body = System.Text.Encoding.UTF8.GetBytes(Mcp.Call("get"));

        (await gateway.SendAsync(HttpMethod.Post, $"/mcp/server/{slug}", body, gateway.Token)).Status.ShouldBe(HttpStatusCode.OK);
        (await gateway.SendAsync(HttpMethod.Post, $"/mcp/server/{slug}", body, await StrangerAsync())).Status.ShouldBe(HttpStatusCode.NotFound);
        (await gateway.SendAsync(HttpMethod.Post, "/mcp/nowhere/server/x", body, gateway.Token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task The_upstream_sees_its_own_credential_and_nothing_of_the_client()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (withKey, _) = await gateway.AddUpstreamAsync(upstream.Url, new { kind = "apiKey", header = "X-Finance-Key", secret = "the-upstreams-own-key" });
        var (withBearer, _) = await gateway.AddUpstreamAsync(upstream.Url, new { kind = "bearer", secret = "the-upstreams-own-token" });
        var (open, _) = await gateway.AddUpstreamAsync(upstream.Url);
        (string, string)[] noise =
        [
            ("Cookie", "session=secret"), ("X-Forwarded-For", "10.0.0.1"), ("X-Finance-Key", "mine"), ("X-Custom", "x"), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("Proxy-Authorization", "Basic x"), ("MCP-Protocol-Version", "2025-11-25"), ("Mcp-Param-Region", "eu"), ("Last-Event-ID", "7"), ("User-Agent", "evil"),
        ];

        foreach (var slug in new[] { withKey, withBearer, open }) (await gateway.PostAsync(slug, Mcp.Call("get"), null, noise)).Status.ShouldBe(HttpStatusCode.OK);

        string[] always = ["Accept", "Accept-Encoding", "Content-Length", "Content-Type", "Host", "MCP-Protocol-Version", "User-Agent"];
        var seen = upstream.Requests.Select(r => r.Headers).ToList();
        seen[0].Keys.ShouldBe([.. always, "X-Finance-Key"], ignoreOrder: true);
        seen[0]["X-Finance-Key"].ShouldBe("the-upstreams-own-key");
        seen[1].Keys.ShouldBe([.. always, "Authorization"], ignoreOrder: true);
        seen[1]["Authorization"].ShouldBe("Bearer the-upstreams-own-token");
        seen[2].Keys.ShouldBe(always, ignoreOrder: true);
        seen.ShouldAllBe(h => h["User-Agent"] == "mcpx" && h["Host"] == upstream.Url.Authority);
        upstream.Requests.ShouldAllBe(r => !r.Text.Contains("mcpx_pat_"));
    }

    [Fact]
    public async Task A_session_id_is_the_clients_own_and_opens_for_nobody_else()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = (http, _) =>
        {
            http.Response.Headers["Mcp-Session-Id"] = "upstream-session";
            return FakeUpstream.JsonAsync(http, Mcp.Result("{}"));
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var (other, _) = await gateway.AddUpstreamAsync(upstream.Url);

        var handle = (await gateway.PostAsync(slug, Mcp.Initialize)).Headers.GetValues("Mcp-Session-Id").Single();
        var inSession = await gateway.PostAsync(slug, Mcp.Call("get"), null, ("Mcp-Session-Id", handle));
        var elsewhere = await gateway.PostAsync(other, Mcp.Call("get"), null, ("Mcp-Session-Id", handle));
        var tampered = await gateway.PostAsync(slug, Mcp.Call("get"), null, ("Mcp-Session-Id", (handle[0] == 'A' ? 'B' : 'A') + handle[1..]));
        var naked = await gateway.PostAsync(slug, Mcp.Call("get"), null, ("Mcp-Session-Id", "upstream-session"));

        handle.ShouldNotContain("upstream");
        inSession.Headers.GetValues("Mcp-Session-Id").Single().ShouldBe(handle);
        upstream.Requests.Select(r => r.Headers.GetValueOrDefault("Mcp-Session-Id")).ShouldBe([null, "upstream-session"]);
        foreach (var refused in new[] { elsewhere, tampered, naked })
        {
            refused.Status.ShouldBe(HttpStatusCode.NotFound);
            refused.ErrorCode.ShouldBe(-32001);
        }

        (await gateway.PostAsync(slug, Mcp.Call("get"), "", ("Mcp-Session-Id", handle))).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    private async Task RefusedAsync(string slug, string token, HttpStatusCode status, string challenge)
    {
        var answer = await gateway.PostAsync(slug, Mcp.Call("get"), token);
        answer.Status.ShouldBe(status);
        answer.Headers.WwwAuthenticate.ToString().ShouldBe(challenge.Replace("{metadata}", new Uri(gateway.Url, $"/.well-known/oauth-protected-resource/mcp/{gateway.Organization}/server/{slug}").ToString(), StringComparison.Ordinal));
        answer.Json["error"]!["message"].ShouldNotBeNull();
        answer.ContentType.ShouldBe("application/json");
    }

    private async Task<string> TokenAsync(params string[] scopes) =>
        (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "t", scopes })).Json["token"]!.GetValue<string>();

    private async Task<string> RevokedAsync()
    {
        var token = (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "t" })).Json;
        var text = token["token"]!.GetValue<string>();
        // Known to the gateway's memory, so that the revocation has something to undo.
        (await gateway.PostAsync("nowhere", Mcp.Call("get"), text)).Status.ShouldBe(HttpStatusCode.NotFound);
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/tokens/{token["id"]}")).Status.ShouldBe(HttpStatusCode.NoContent);
        return text;
    }

    private async Task<string> ExpiredAsync()
    {
        var clock = new TestClock(DateTimeOffset.UnixEpoch);
        var admin = new TokenAdmin(gateway.Services.GetRequiredService<ITokenStore>(), gateway.Services.GetRequiredService<EndpointNames>(), gateway.Services.GetRequiredService<TokenHasher>(), new ChangeFeed(), clock);
        return (await admin.CreateAsync(gateway.Owner, new NewToken("expired", ["mcp"], 1), TestContext.Current.CancellationToken)).Text.Reveal();
    }

    private async Task<string> StrangerAsync() => (await Stranger.CreateAsync(gateway)).Token;
}
