using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy.Bridge;

/// <summary>Clients of 2026-07-28 in front of a server that knows sessions only.</summary>
public sealed class StatelessToSessionTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private FakeUpstream _upstream = null!;
    private int _sessions;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _upstream.Probe = Eras.SessionOnlyAsync;
        _upstream.Answer = AnswerAsync;
    }

    public async ValueTask DisposeAsync() => await _upstream.DisposeAsync();

    [Fact]
    public async Task Discover_is_answered_from_what_initialize_said()
    {
        var client = await ClientAsync();

        var result = (await client.SendAsync(StatelessClient.Message("server/discover"))).Json["result"]!;

        result.ToJsonString().ShouldBe(JsonNode.Parse("""
            {"capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true},"future":{"x":1.50}},"instructions":"Be old.","resultType":"complete","supportedVersions":["2026-07-28"],"ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"old","version":"3"}}}
            """)!.ToJsonString());
    }

    [Fact]
    public async Task A_call_uses_a_session_of_the_gateways_and_comes_back_in_the_clients_words()
    {
        var client = await ClientAsync();

        var answer = await client.CallAsync("get", """{"n":1.50}""", "\"own/key\":1", "\"call-7\"");

        answer.Body.ShouldBe("""{"jsonrpc":"2.0","id":"call-7","result":{"content":[{"type":"hologram"}],"future":[ 1.0 ],"resultType":"complete"}}""");
        var seen = _upstream.Requests.Last();
        seen.Headers["Mcp-Session-Id"].ShouldBe("session-1");
        seen.Headers["MCP-Protocol-Version"].ShouldBe("2025-06-18");
        seen.Headers.Keys.ShouldNotContain("Mcp-Method", StringComparer.OrdinalIgnoreCase);
        JsonNode.Parse(seen.Body)!["params"]!.ToJsonString().ShouldBe("""{"name":"get","arguments":{"n":1.50},"_meta":{"own/key":1}}""");
        JsonNode.Parse(seen.Body)!["id"]!.ToString().ShouldNotBe("call-7");
        var opening = JsonNode.Parse(_upstream.Requests.First().Body)!;
        opening["params"]!["capabilities"]!.ToJsonString().ShouldBe("{}");
        _upstream.Requests.ElementAt(1).Text.ShouldContain("notifications/initialized");
    }

    [Fact]
    public async Task Calls_of_one_caller_share_a_session_and_their_ids_do_not_meet()
    {
        var client = await ClientAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => client.CallAsync($"echo-{n}")));

        answers.Select(a => a.Json["result"]!["name"]!.GetValue<string>()).ShouldBe(Enumerable.Range(0, 20).Select(n => $"echo-{n}"));
        answers.ShouldAllBe(a => a.Json["id"]!.GetValue<int>() == 1);
        _sessions.ShouldBe(1);
        var ids = _upstream.Requests.Where(r => r.Text.Contains("tools/call", StringComparison.Ordinal)).Select(FakeUpstream.IdOf).ToList();
        ids.Distinct().Count().ShouldBe(20);
    }

    [Fact]
    public async Task Two_callers_never_share_a_session()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url);
        var client = StatelessClient.Of(gateway, slug);
        await client.CallAsync("get");
        var stranger = await Stranger.CreateAsync(gateway);
        var theirs = await gateway.ApiAsync(HttpMethod.Post, "/api/servers", new { name = slug, slug, url = _upstream.Url.ToString() }, stranger.Token);
        theirs.Status.ShouldBe(HttpStatusCode.Created);

        var answer = await gateway.SendAsync(HttpMethod.Post, $"/mcp/elsewhere/server/{slug}", System.Text.Encoding.UTF8.GetBytes(Mcp.StatelessCall("get")), stranger.Token, Mcp.StatelessHeaders("get"));

        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        _upstream.Requests.Last().Headers["Mcp-Session-Id"].ShouldBe("session-2");
    }

    [Fact]
    public async Task Progress_is_seen_under_the_clients_own_token_and_logs_only_when_asked_for()
    {
        var client = await ClientAsync();

        await using var call = await client.StartAsync(StatelessClient.Message("tools/call", "\"name\":\"steps\"", meta: "\"progressToken\":\"mine\""));
        var first = await call.NextAsync();
        var second = await call.NextAsync();

        first.ToJsonString().ShouldBe("""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"mine","progress":1}}""");
        second["result"]!["resultType"]!.GetValue<string>().ShouldBe("complete");
        await using var loud = await client.StartAsync(StatelessClient.Message("tools/call", "\"name\":\"steps\"", meta: "\"io.modelcontextprotocol/logLevel\":\"debug\""));
        (await loud.NextAsync())["method"]!.GetValue<string>().ShouldBe("notifications/progress");
        (await loud.NextAsync())["method"]!.GetValue<string>().ShouldBe("notifications/message");
        _upstream.Requests.ShouldContain(r => r.Text.Contains("logging/setLevel", StringComparison.Ordinal) && r.Text.Contains("debug", StringComparison.Ordinal));
        (await client.CallAsync("steps", meta: "\"io.modelcontextprotocol/logLevel\":\"loud\"")).ErrorCode.ShouldBe(-32602);
    }

    [Fact]
    public async Task A_server_that_asks_the_client_something_ends_the_call_with_an_honest_error()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url);

        var answer = await StatelessClient.Of(gateway, slug).CallAsync("ask");

        answer.Status.ShouldBe(HttpStatusCode.BadRequest);
        answer.ErrorCode.ShouldBe(-32021);
        answer.Json["error"]!["data"]!["requiredCapabilities"]!.ToJsonString().ShouldBe("""{"elicitation":{}}""");
        answer.Json["error"]!["message"]!.GetValue<string>().ShouldContain(slug);
        _upstream.Requests.ShouldContain(r => r.Text.Contains("\"id\":\"q1\"", StringComparison.Ordinal) && r.Text.Contains("\"error\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"code":-32002,"message":"no such resource","data":{"uri":"x"}}""", -32602, 200)]
    [InlineData("""{"code":-32601,"message":"unknown"}""", -32601, 404)]
    [InlineData("""{"code":-32000,"message":"own"}""", -32000, 200)]
    public async Task Errors_get_the_code_and_status_of_the_newer_era(string error, int code, int status)
    {
        var client = await ClientAsync();
        _upstream.Answer = (http, request) => request.Text.Contains("resources/read", StringComparison.Ordinal)
            ? FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{FakeUpstream.IdOf(request)}}},"error":{{{error}}} }""")
            : AnswerAsync(http, request);

        var answer = await client.SendAsync(StatelessClient.Message("resources/read", "\"uri\":\"file:///x\""));

        answer.ErrorCode.ShouldBe(code);
        ((int)answer.Status).ShouldBe(status);
    }

    [Fact]
    public async Task A_session_that_the_server_forgot_is_opened_again_without_the_client_noticing()
    {
        var client = await ClientAsync();
        await client.CallAsync("get");
        var forgotten = _upstream.Requests.Last().Headers["Mcp-Session-Id"];
        _upstream.Answer = (http, request) => request.Headers.TryGetValue("Mcp-Session-Id", out var id) && id == forgotten
            ? FakeUpstream.BytesAsync(http, [], "text/plain", 404)
            : AnswerAsync(http, request);

        (await client.CallAsync("get")).Status.ShouldBe(HttpStatusCode.OK);

        _sessions.ShouldBe(2);
    }

    [Fact]
    public async Task Lists_promise_nothing_and_hide_what_is_blocked()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url, null, "blocklist", "secret");
        var client = StatelessClient.Of(gateway, slug);

        var result = (await client.SendAsync(StatelessClient.Message("tools/list"))).Json["result"]!;

        result["tools"]!.AsArray().Select(t => t!["name"]!.GetValue<string>()).ShouldBe(["open"]);
        result["ttlMs"]!.GetValue<int>().ShouldBe(0);
        result["cacheScope"]!.GetValue<string>().ShouldBe("private");
        result["resultType"]!.GetValue<string>().ShouldBe("complete");
        (await client.CallAsync("secret")).ErrorCode.ShouldBe(-32602);
        _upstream.Requests.ShouldNotContain(r => r.Text.Contains("\"secret\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ping")]
    [InlineData("logging/setLevel")]
    [InlineData("tasks/list")]
    [InlineData("initialize")]
    public async Task What_the_newer_era_does_not_have_is_no_method(string method)
    {
        var answer = await (await ClientAsync()).SendAsync(StatelessClient.Message(method));

        answer.Status.ShouldBe(HttpStatusCode.NotFound);
        answer.ErrorCode.ShouldBe(-32601);
    }

    [Fact]
    public async Task Subscriptions_are_acknowledged_first_and_marked_with_the_requests_id()
    {
        var client = await ClientAsync();

        await using var stream = await client.StartAsync(StatelessClient.Message("subscriptions/listen",
            """ "notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourceSubscriptions":["file:///a","file:///no"]}""", "\"sub-1\""));
        var acknowledged = await stream.NextAsync();
        var changed = await stream.NextAsync();
        var updated = await stream.NextAsync();
        var closing = await stream.NextAsync();

        acknowledged["method"]!.GetValue<string>().ShouldBe("notifications/subscriptions/acknowledged");
        acknowledged["params"]!["notifications"]!.ToJsonString().ShouldBe("""{"toolsListChanged":true,"resourceSubscriptions":["file:///a"]}""");
        foreach (var message in new[] { acknowledged, changed, updated }) message["params"]!["_meta"]!["io.modelcontextprotocol/subscriptionId"]!.GetValue<string>().ShouldBe("sub-1");
        changed["method"]!.GetValue<string>().ShouldBe("notifications/tools/list_changed");
        updated["params"]!["uri"]!.GetValue<string>().ShouldBe("file:///a");
        closing["result"]!["_meta"]!["io.modelcontextprotocol/subscriptionId"]!.GetValue<string>().ShouldBe("sub-1");
        await Eventually.TrueAsync(() => _upstream.Requests.Any(r => r.Method == "DELETE"), "the stream's session is ended", TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_client_that_hangs_up_cancels_the_call_at_the_server()
    {
        var reached = new TaskCompletionSource<string>();
        _upstream.Answer = (http, request) =>
        {
            if (!request.Text.Contains("tools/call", StringComparison.Ordinal)) return AnswerAsync(http, request);
            reached.SetResult(FakeUpstream.IdOf(request));
            return FakeUpstream.HangAsync(http, request);
        };
        var client = await ClientAsync();

        using var patience = new CancellationTokenSource();
        var call = client.StartUntilAsync(StatelessClient.Message("tools/call", "\"name\":\"slow\""), patience.Token);
        var id = await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await patience.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(call);

        await Eventually.TrueAsync(() => _upstream.Requests.Any(r => r.Text.Contains("notifications/cancelled", StringComparison.Ordinal) && r.Text.Contains(id, StringComparison.Ordinal)),
            "the server is told", TestContext.Current.CancellationToken);
    }

    private async Task<StatelessClient> ClientAsync() => StatelessClient.Of(gateway, (await gateway.AddUpstreamAsync(_upstream.Url)).Slug);

    /// <summary>A server of 2025-06-18, with sessions.</summary>
    private async Task AnswerAsync(HttpContext http, SeenRequest request)
    {
        if (request.Method == "DELETE") return;
        if (request.Method == "GET")
        {
            await FakeUpstream.EventsAsync(http, """{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""", """{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"file:///a"}}""", """{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"file:///other"}}""");
            return;
        }

        var message = JsonNode.Parse(request.Body)!;
        if (message["id"] is null || message["method"] is null)
        {
            http.Response.StatusCode = 202;
            return;
        }

        var id = message["id"]!.ToJsonString();
        var name = (string?)message["params"]?["name"];
        switch ((string?)message["method"])
        {
            case "initialize":
                http.Response.Headers["Mcp-Session-Id"] = $"session-{Interlocked.Increment(ref _sessions)}";
                await FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true},"tasks":{"list":{} },"future":{"x":1.50} },"serverInfo":{"name":"old","version":"3"},"instructions":"Be old."} }""");
                break;
            case "tools/list":
                await FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{"tools":[{"name":"open","inputSchema":{} },{"name":"secret","inputSchema":{} }]} }""");
                break;
            case "resources/subscribe" when (string?)message["params"]!["uri"] == "file:///no":
                await FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{id}}},"error":{"code":-32002,"message":"no"} }""");
                break;
            case "tools/call" when name == "steps":
                var token = message["params"]!["_meta"]?["progressToken"]?.ToJsonString() ?? "0";
                await FakeUpstream.EventsAsync(http,
                    $$$"""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{{{token}}},"progress":1} }""",
                    """{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"debug","data":"x"} }""",
                    """{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""",
                    $$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{"content":[]} }""");
                break;
            case "tools/call" when name == "ask":
                await FakeUpstream.EventsAsync(http, """{"jsonrpc":"2.0","id":"q1","method":"elicitation/create","params":{"message":"?"} }""");
                await FakeUpstream.HangAsync(http, request);
                break;
            case "tools/call" when name!.StartsWith("echo", StringComparison.Ordinal):
                await FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{"name":"{{{name}}}","content":[]} }""");
                break;
            default:
                await FakeUpstream.JsonAsync(http, "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{\"content\":[{\"type\":\"hologram\"}],\"future\":[ 1.0 ]}}");
                break;
        }
    }
}
