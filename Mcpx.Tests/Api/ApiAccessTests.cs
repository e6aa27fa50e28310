using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

/// <summary>Governance, tokens and calls by REST, and who may do what with them.</summary>
public sealed class ApiAccessTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task Governance_is_replaced_whole()
    {
        var (_, id) = await gateway.AddUpstreamAsync(new Uri("https://mcp.example.com/"));
        var path = $"/api/servers/{id}/governance";

        (await gateway.ApiAsync(HttpMethod.Get, path)).Body.ShouldBe("""{"mode":"none","enforce":true,"rules":[]}""");
        (await gateway.ApiAsync(HttpMethod.Put, path, new { mode = "allowlist", tools = new[] { "get_*", "größe", "get_*" } })).Status.ShouldBe(HttpStatusCode.OK);
        var kept = (await gateway.ApiAsync(HttpMethod.Get, path)).Json;
        kept["rules"]!.AsArray().Select(r => (string?)r!["tool"]).ShouldBe(["get_*", "größe"], ignoreOrder: true);
        await gateway.ApiAsync(HttpMethod.Put, path, new { mode = "blocklist", tools = new[] { "x" } });
        (await gateway.ApiAsync(HttpMethod.Get, path)).Body.ShouldBe("""{"mode":"blocklist","enforce":true,"rules":[{"tool":"x","for":{"kind":"everyone","role":null,"id":null},"conditions":[],"logOnly":false}]}""");
    }

    [Theory]
    [InlineData("{}", "mode")]
    [InlineData("""{"tools":["a"]}""", "mode")]
    [InlineData("""{"mode":"none","tools":["a"]}""", "none takes no rules")]
    [InlineData("""{"mode":"Allow","tools":["a"]}""", "mode")]
    [InlineData("""{"mode":1,"tools":[]}""", "mode")]
    [InlineData("""{"mode":"allowlist","tools":[""]}""", "1 to 256")]
    [InlineData("""{"mode":"allowlist","tools":[null]}""", "1 to 256")]
    [InlineData("""{"mode":"allowlist","tools":["a\u0000"]}""", "Control characters")]
    [InlineData("""{"mode":"allowlist","tools":[5]}""", "tools")]
    [InlineData("""{"mode":"allowlist","tools":"a"}""", "tools")]
    [InlineData("""{"mode":"allowlist","rules":["a"]}""", "rules")]
    public async Task Wrong_governance_is_refused_and_the_old_stays(string body, string named)
    {
        var (_, id) = await gateway.AddUpstreamAsync(new Uri("https://mcp.example.com/"), null, "allowlist", "kept");

        var answer = await gateway.SendAsync(HttpMethod.Put, $"/api/servers/{id}/governance", Encoding.UTF8.GetBytes(body), gateway.Token);

        ServersApiTests.ShouldBeProblem(answer, 400);
        answer.Body.ShouldContain(named);
        (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}/governance")).Body.ShouldBe(
            """{"mode":"allowlist","enforce":true,"rules":[{"tool":"kept","for":{"kind":"everyone","role":null,"id":null},"conditions":[],"logOnly":false}]}""");
    }

    [Fact]
    public async Task A_token_is_shown_once_and_works_until_it_is_revoked()
    {
        var made = await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "ci", scopes = new[] { "api:read" }, expiresInDays = 7 });
        made.Status.ShouldBe(HttpStatusCode.Created);
        made.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var text = made.Json["token"]!.GetValue<string>();

        (await gateway.ApiAsync(HttpMethod.Get, "/api/servers", null, text)).Status.ShouldBe(HttpStatusCode.OK);
        var listed = await gateway.ApiAsync(HttpMethod.Get, "/api/tokens");
        listed.Body.ShouldNotContain(text);
        listed.Json["items"]!.AsArray().ShouldContain(t => (string?)t!["id"] == (string?)made.Json["id"] && (string?)t["hint"] == text.Substring(text.Length - 4));
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/tokens/{made.Json["id"]}")).Status.ShouldBe(HttpStatusCode.NoContent);
        var refused = await gateway.ApiAsync(HttpMethod.Get, "/api/servers", null, text);
        ServersApiTests.ShouldBeProblem(refused, 401);
        refused.Headers.WwwAuthenticate.ToString().ShouldContain("invalid_token");
    }

    [Theory]
    [InlineData("""{"scopes":["mcp"]}""", "name")]
    [InlineData("""{"name":"x","scopes":["everything"]}""", "scopes")]
    [InlineData("""{"name":"x","scopes":[]}""", "scopes")]
    [InlineData("""{"name":"x","scopes":[null]}""", "scopes")]
    [InlineData("""{"name":"x","expiresInDays":0}""", "expiresInDays")]
    [InlineData("""{"name":"x","expiresInDays":366}""", "expiresInDays")]
    [InlineData("""{"name":"x","expires":1}""", "expires")]
    public async Task A_wrong_token_is_refused(string body, string named)
    {
        var answer = await gateway.SendAsync(HttpMethod.Post, "/api/tokens", Encoding.UTF8.GetBytes(body), gateway.Token);

        ServersApiTests.ShouldBeProblem(answer, 400);
        answer.Body.ShouldContain(named);
    }

    [Fact]
    public async Task Scopes_bound_what_a_token_may_do()
    {
        var (_, id) = await gateway.AddUpstreamAsync(new Uri("https://mcp.example.com/"));
        var reader = await TokenAsync("api:read");
        var agent = await TokenAsync("mcp");
        (HttpMethod Method, string Path, object? Body)[] writes =
        [
            (HttpMethod.Post, "/api/servers", new { name = "x", slug = "not-made", url = "https://mcp.example.com/" }),
            (HttpMethod.Patch, $"/api/servers/{id}", new { name = "x" }),
            (HttpMethod.Delete, $"/api/servers/{id}", null),
            (HttpMethod.Put, $"/api/servers/{id}/governance", new { mode = "none" }),
            (HttpMethod.Post, $"/api/servers/{id}/test", null),
            (HttpMethod.Post, "/api/gateways", new { name = "x", slug = "not-made" }),
            (HttpMethod.Patch, $"/api/gateways/{id}", new { name = "x" }),
            (HttpMethod.Delete, $"/api/gateways/{id}", null),
            (HttpMethod.Post, "/api/tokens", new { name = "x" }),
            (HttpMethod.Delete, $"/api/tokens/{id}", null),
            (HttpMethod.Put, "/api/group-roles", new { items = Array.Empty<object>() }),
        ];

        foreach (var (method, path, body) in writes)
        {
            var refused = await gateway.ApiAsync(method, path, body, reader);
            ServersApiTests.ShouldBeProblem(refused, 403);
            refused.Headers.WwwAuthenticate.ToString().ShouldContain("scope=\"api:write\"");
            (await gateway.ApiAsync(method, path, body, agent)).Status.ShouldBe(HttpStatusCode.Forbidden);
        }

        foreach (var path in new[] { "/api/servers", $"/api/servers/{id}", "/api/gateways", "/api/tokens", "/api/group-roles", "/api/calls" })
        {
            (await gateway.ApiAsync(HttpMethod.Get, path, null, reader)).Status.ShouldBe(HttpStatusCode.OK);
            (await gateway.ApiAsync(HttpMethod.Get, path, null, agent)).Status.ShouldBe(HttpStatusCode.Forbidden);
            (await gateway.SendAsync(HttpMethod.Get, path, null, "")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        }
    }

    [Fact]
    public async Task A_token_makes_no_stronger_one()
    {
        var writer = await TokenAsync("api:write");

        (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "x", scopes = new[] { "mcp", "api:write" } }, writer)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "x" }, writer)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "x", scopes = new[] { "api:write" } }, writer)).Status.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task What_belongs_to_another_organisation_does_not_exist()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, server) = await gateway.AddUpstreamAsync(upstream.Url);
        await gateway.PostAsync(slug, Mcp.Call("get"));
        var call = (string?)(await gateway.CallsOfAsync(slug))[0]["id"];
        var token = (string?)(await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "mine" })).Json["id"];
        var stranger = await Stranger.CreateAsync(gateway);
        (HttpMethod Method, string Path, object? Body)[] attempts =
        [
            (HttpMethod.Get, $"/api/servers/{server}", null),
            (HttpMethod.Patch, $"/api/servers/{server}", new { name = "stolen" }),
            (HttpMethod.Delete, $"/api/servers/{server}", null),
            (HttpMethod.Post, $"/api/servers/{server}/test", null),
            (HttpMethod.Get, $"/api/servers/{server}/governance", null),
            (HttpMethod.Put, $"/api/servers/{server}/governance", new { mode = "none" }),
            (HttpMethod.Get, $"/api/calls/{call}", null),
            (HttpMethod.Delete, $"/api/tokens/{token}", null),
        ];

        foreach (var (method, path, body) in attempts)
        {
            var foreign = await gateway.ApiAsync(method, path, body, stranger.Token);
            var unknown = await gateway.ApiAsync(method, path.Replace(server, Guid.Empty.ToString()).Replace(call!, Guid.Empty.ToString()).Replace(token!, Guid.Empty.ToString()), body, stranger.Token);
            ServersApiTests.ShouldBeProblem(foreign, 404);
            WithoutTrace(foreign).ShouldBe(WithoutTrace(unknown));
        }

        foreach (var path in new[] { "/api/servers", "/api/calls", "/api/tokens", $"/api/calls?server={server}" })
        {
            var answer = await gateway.ApiAsync(HttpMethod.Get, path, null, stranger.Token);
            answer.Body.ShouldNotContain(slug);
            answer.Body.ShouldNotContain(token!);
            answer.Body.ShouldNotContain(call!);
        }

        (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{server}")).Json["name"]!.GetValue<string>().ShouldBe(slug);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/servers", null, stranger.Token)).Json["items"]!.AsArray().ShouldBeEmpty();

        static string WithoutTrace(HttpAnswer answer)
        {
            var json = answer.Json.AsObject();
            json.Remove("traceId");
            return json.ToJsonString();
        }
    }

    [Fact]
    public async Task Calls_are_found_by_what_they_were()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url, null, "blocklist", "drop");
        foreach (var tool in new[] { "get", "drop", "get" }) await gateway.PostAsync(slug, Mcp.Call(tool));

        (await CountAsync($"server={id}")).ShouldBe(3);
        (await CountAsync($"server={id}&tool=get")).ShouldBe(2);
        (await CountAsync($"server={id}&outcome=denied")).ShouldBe(1);
        (await CountAsync($"server={id}&method=tools/list")).ShouldBe(0);
        (await CountAsync($"server={id}&to=2020-01-01T00:00:00Z")).ShouldBe(0);
        (await CountAsync($"server={id}&from=2020-01-01T00:00:00Z")).ShouldBe(3);
        var first = (await gateway.ApiAsync(HttpMethod.Get, $"/api/calls?server={id}&size=2")).Json;
        var second = (await gateway.ApiAsync(HttpMethod.Get, $"/api/calls?server={id}&size=2&cursor={first["next"]}")).Json;
        first["items"]!.AsArray().Concat(second["items"]!.AsArray()).Select(c => (string?)c!["id"]).Distinct().Count().ShouldBe(3);
        ((string?)second["next"]).ShouldBeNull();

        async Task<int> CountAsync(string query) => (await gateway.ApiAsync(HttpMethod.Get, $"/api/calls?{query}")).Json["items"]!.AsArray().Count;
    }

    [Theory]
    [InlineData("outcome=nice", 400)]
    [InlineData("outcome=1", 400)]
    [InlineData("cursor=zzz", 400)]
    [InlineData("cursor=%00", 400)]
    [InlineData("from=yesterday", 400)]
    [InlineData("size=x", 400)]
    [InlineData("server=nobody", 404)]
    [InlineData("size=-5", 200)]
    [InlineData("size=1000000", 200)]
    [InlineData("tool=%00%F0%9F%98%80", 200)]
    [InlineData("from=0001-01-01T00:00:00%2B14:00", 400)]
    public async Task Odd_questions_get_precise_answers(string query, int status)
    {
        var answer = await gateway.ApiAsync(HttpMethod.Get, $"/api/calls?{query}");

        if (status == 200) ((int)answer.Status).ShouldBe(200, answer.Body);
        else ServersApiTests.ShouldBeProblem(answer, status);
    }

    [Fact]
    public async Task What_is_not_there_or_not_understood_is_a_problem_too()
    {
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Get, "/api/nothing"), 404);
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Get, "/api/servers/not-an-id"), 404);
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Get, "/api/calls/not-an-id"), 404);
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Put, "/api/servers", new { }), 405);
        ServersApiTests.ShouldBeProblem(await gateway.SendAsync(HttpMethod.Post, "/api/servers", "{}"u8.ToArray(), gateway.Token, ("Content-Type", "text/plain")), 415);
        ServersApiTests.ShouldBeProblem(await gateway.SendAsync(HttpMethod.Post, "/api/servers", Encoding.UTF8.GetBytes($$"""{"name":"{{new string('x', 2 << 20)}}"}"""), gateway.Token), 413);
        ServersApiTests.ShouldBeProblem(await gateway.SendAsync(HttpMethod.Post, "/api/servers", Encoding.UTF8.GetBytes(new string('[', 100_000)), gateway.Token), 400);
        JsonNode.Parse((await gateway.ApiAsync(HttpMethod.Get, "/api/nothing", null, "nonsense")).Body).ShouldNotBeNull();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_that_is_too_long_gets_its_answer_however_it_comes(bool chunked)
    {
        const int longest = 1 << 20;
        (string, string)[] headers = chunked ? [("Transfer-Encoding", "chunked")] : [];
        byte[] Body(int length) => Encoding.UTF8.GetBytes("{\"name\":\"" + new string('x', length - 11) + "\"}");

        for (var i = 0; i < 20; i++) ServersApiTests.ShouldBeProblem(await gateway.SendAsync(HttpMethod.Post, "/api/servers", Body(8 << 20), gateway.Token, headers), 413);
        ServersApiTests.ShouldBeProblem(await gateway.SendAsync(HttpMethod.Post, "/api/servers", Body(longest + 1), gateway.Token, headers), 413);
        ServersApiTests.ShouldBeProblem(await gateway.SendAsync(HttpMethod.Post, "/api/servers", Body(longest), gateway.Token, headers), 400);
        ServersApiTests.ShouldBeProblem(await gateway.SendAsync(HttpMethod.Post, "/api/servers", Body(8 << 20), "nonsense", headers), chunked ? 401 : 413);
    }

    private async Task<string> TokenAsync(params string[] scopes) =>
        (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "t", scopes })).Json["token"]!.GetValue<string>();
}
