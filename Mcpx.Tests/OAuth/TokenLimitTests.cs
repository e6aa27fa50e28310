using System.Net;
using System.Text;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.OAuth;

/// <summary>Personal tokens that are limited, and many that are revoked at once.</summary>
public sealed class TokenLimitTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task A_token_for_some_endpoints_is_refused_at_others_and_can_not_tell_which_there_are()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (mine, id) = await gateway.AddUpstreamAsync(upstream.Url);
        var (other, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var token = await TokenAsync(new { name = "t", endpoints = new[] { $"server/{mine}" } });

        (await gateway.PostAsync(mine, Mcp.Call("get"), token)).Status.ShouldBe(HttpStatusCode.OK);
        var refused = await gateway.PostAsync(other, Mcp.Call("get"), token);
        var nowhere = await gateway.PostAsync("nowhere", Mcp.Call("get"), token);
        refused.Status.ShouldBe(HttpStatusCode.Forbidden);
        refused.Headers.WwwAuthenticate.ToString().ShouldContain("insufficient_scope");
        (nowhere.Status, nowhere.Body).ShouldBe((refused.Status, refused.Body));
        (await gateway.CallsOfAsync(other)).ShouldHaveSingleItem()["rule"]!.GetValue<string>().ShouldBe("token-endpoint");

        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/servers/{id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await gateway.PostAsync(mine, Mcp.Call("get"), token)).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("server")]
    [InlineData("gateway")]
    public async Task What_a_limited_token_is_shown_it_can_call_and_the_rest_is_unknown(string kind)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("get_a", "get_b", "set_a");
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        await gateway.AddGatewayAsync(slug, new { server = slug, prefix = "x_" });
        var prefix = kind == "gateway" ? "x_" : "";
        var token = await TokenAsync(new { name = "t", tools = new[] { prefix + "get_*" } });
        var path = $"/mcp/{gateway.Organization}/{kind}/{slug}";
        (string, string)[] session = [];
        if (kind == "gateway")
        {
            var opened = await gateway.SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(Mcp.Initialize), token);
            session = [("Mcp-Session-Id", opened.Headers.GetValues("Mcp-Session-Id").Single())];
        }

        var list = await gateway.SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(Mcp.List), token, session);
        list.Json["result"]!["tools"]!.AsArray().Select(t => (string?)t!["name"]).ShouldBe([prefix + "get_a", prefix + "get_b"]);
        (await gateway.SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(Mcp.Call(prefix + "get_b")), token, session)).Json["result"].ShouldNotBeNull();
        var denied = await gateway.SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(Mcp.Call(prefix + "set_a")), token, session);
        denied.Json["error"]!["message"]!.GetValue<string>().ShouldBe($"Unknown tool: {prefix}set_a");
        (await gateway.CallsOfAsync(slug)).ShouldContain(c => (string?)c["rule"] == "token-tool" && (string?)c["outcome"] == "denied");
    }

    [Fact]
    public async Task A_limited_token_makes_no_wider_one()
    {
        var (slug, id) = await gateway.AddUpstreamAsync(new Uri("https://mcp.example.com/"));
        var (other, _) = await gateway.AddUpstreamAsync(new Uri("https://mcp.example.com/"));
        var token = await TokenAsync(new { name = "t", scopes = new[] { "mcp", "api:write" }, endpoints = new[] { id }, tools = new[] { "get_*" } });
        string[] own = [$"server/{slug}"];

        (await MakeAsync(new { name = "x", endpoints = own, tools = new[] { "get_*", "get_a", "get_a*" } })).ShouldBe(HttpStatusCode.Created);
        (await MakeAsync(new { name = "x", endpoints = own, tools = new[] { "*" } })).ShouldBe(HttpStatusCode.Forbidden);
        (await MakeAsync(new { name = "x", endpoints = own, tools = new[] { "get*" } })).ShouldBe(HttpStatusCode.Forbidden);
        (await MakeAsync(new { name = "x", endpoints = own })).ShouldBe(HttpStatusCode.Forbidden);
        (await MakeAsync(new { name = "x", tools = new[] { "get_a" } })).ShouldBe(HttpStatusCode.Forbidden);
        (await MakeAsync(new { name = "x", endpoints = new[] { $"server/{other}" }, tools = new[] { "get_a" } })).ShouldBe(HttpStatusCode.Forbidden);
        (await MakeAsync(new { name = "x", scopes = new[] { "api:read" }, endpoints = own, tools = new[] { "get_a" } })).ShouldBe(HttpStatusCode.Forbidden);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/service-accounts", new { name = "wide" }, token)).Status.ShouldBe(HttpStatusCode.Forbidden);

        async Task<HttpStatusCode> MakeAsync(object body) => (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", body, token)).Status;
    }

    [Fact]
    public async Task Limits_that_name_nothing_are_refused()
    {
        foreach (object body in new object[]
        {
            new { name = "x", endpoints = Array.Empty<string>() }, new { name = "x", tools = Array.Empty<string>() }, new { name = "x", endpoints = new[] { "server/none-of-ours" } },
            new { name = "x", endpoints = new[] { Guid.CreateVersion7().ToString() } }, new { name = "x", tools = new[] { "" } }, new { name = "x", tools = new[] { "a\0" } },
            new { name = "x", tools = Enumerable.Repeat("a", 101) }, new { name = "x", tools = new[] { new string('a', 257) } }, new { name = "x", tools = new string?[] { null } },
        })
        {
            (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", body)).Status.ShouldBe(HttpStatusCode.BadRequest, System.Text.Json.JsonSerializer.Serialize(body));
        }
    }

    [Fact]
    public async Task Fifty_revocations_at_once_while_the_token_is_used_end_in_one_that_holds()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var made = (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "t" })).Json;
        var token = made["token"]!.GetValue<string>();
        (await gateway.PostAsync(slug, Mcp.Call("get"), token)).Status.ShouldBe(HttpStatusCode.OK);

        var revocations = Enumerable.Range(0, 50).Select(i => i % 2 == 0
            ? gateway.ApiAsync(HttpMethod.Delete, $"/api/tokens/{made["id"]}")
            : gateway.ApiAsync(HttpMethod.Post, "/api/tokens/revoke", new { ids = new[] { made["id"]!.GetValue<string>() } })).ToList();
        var uses = Enumerable.Range(0, 50).Select(_ => gateway.PostAsync(slug, Mcp.Call("get"), token)).ToList();
        var answers = await Task.WhenAll(revocations);
        await Task.WhenAll(uses);

        answers.ShouldAllBe(a => a.Status == HttpStatusCode.NoContent || a.Status == HttpStatusCode.OK);
        answers.Where(a => a.Status == HttpStatusCode.OK).Sum(a => a.Json["revoked"]!.GetValue<int>()).ShouldBeLessThanOrEqualTo(1);
        (await gateway.PostAsync(slug, Mcp.Call("get"), token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Many_are_revoked_together_or_none()
    {
        var first = (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "a" })).Json;
        var second = (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "b" })).Json;
        string[] ids = [first["id"]!.GetValue<string>(), second["id"]!.GetValue<string>()];

        (await RevokeAsync(new { ids = new[] { ids[0], Guid.CreateVersion7().ToString() } })).Status.ShouldBe(HttpStatusCode.NotFound);
        (await RevokeAsync(new { ids = Array.Empty<string>() })).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await RevokeAsync(new { })).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await RevokeAsync(new { ids, mine = true })).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await RevokeAsync(new { ids })).Json["revoked"]!.GetValue<int>().ShouldBe(2);
        (await RevokeAsync(new { ids })).Json["revoked"]!.GetValue<int>().ShouldBe(0);

        Task<HttpAnswer> RevokeAsync(object body) => gateway.ApiAsync(HttpMethod.Post, "/api/tokens/revoke", body);
    }

    private async Task<string> TokenAsync(object body)
    {
        var made = await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", body);
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        return made.Json["token"]!.GetValue<string>();
    }
}
