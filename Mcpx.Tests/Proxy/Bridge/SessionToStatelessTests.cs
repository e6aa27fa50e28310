using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol.Protocol;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy.Bridge;

/// <summary>Session-era clients in front of a server that speaks 2026-07-28 only.</summary>
public sealed class SessionToStatelessTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private const string VersionKey = "io.modelcontextprotocol/protocolVersion";

    private FakeUpstream _upstream = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _upstream.Probe = Eras.StatelessOnlyAsync;
        _upstream.Answer = AnswerAsync;
    }

    public async ValueTask DisposeAsync() => await _upstream.DisposeAsync();

    [Fact]
    public async Task Initialize_is_answered_from_what_the_server_says_of_itself()
    {
        var client = await SessionClient.OpenAsync(gateway, (await gateway.AddUpstreamAsync(_upstream.Url)).Slug);

        client.Opening["protocolVersion"]!.GetValue<string>().ShouldBe("2025-11-25");
        client.Opening["serverInfo"]!["name"]!.GetValue<string>().ShouldBe("modern");
        client.Opening["instructions"]!.GetValue<string>().ShouldBe("Be kind.");
        client.Opening["capabilities"]!["tools"]!["listChanged"]!.GetValue<bool>().ShouldBeTrue();
        client.Opening["capabilities"]!.AsObject().ContainsKey("extensions").ShouldBeFalse();
        _upstream.Requests.ShouldHaveSingleItem().Headers["Mcp-Method"].ShouldBe("server/discover");
    }

    [Theory]
    [InlineData("2025-06-18", "2025-06-18")]
    [InlineData("2025-03-26", "2025-11-25")]
    [InlineData("2099-01-01", "2025-11-25")]
    public async Task The_revision_is_the_clients_where_it_is_advertised(string asked, string agreed) =>
        (await SessionClient.OpenAsync(gateway, (await gateway.AddUpstreamAsync(_upstream.Url)).Slug, version: asked)).Opening["protocolVersion"]!.GetValue<string>().ShouldBe(agreed);

    [Fact]
    public async Task A_call_says_who_asks_and_its_answer_says_nothing_that_old_clients_refuse()
    {
        var client = await SessionClient.OpenAsync(gateway, (await gateway.AddUpstreamAsync(_upstream.Url)).Slug, """{"elicitation":{},"future":{"x":1}}""");

        var answer = await client.SendAsync("""{"jsonrpc":"2.0","id":"call-1","method":"tools/call","params":{"name":"öffnen","arguments":{"n":1.50},"_meta":{"progressToken":7,"own/key":1}}}""");

        answer.ShouldBe("""{"jsonrpc":"2.0","id":"call-1","result":{"content":[{"type":"hologram","x":1.0e2}],"future":true,"_meta":{"own/answer":2}}}""");
        var seen = _upstream.Requests.Last();
        seen.Headers["MCP-Protocol-Version"].ShouldBe("2026-07-28");
        seen.Headers["Mcp-Method"].ShouldBe("tools/call");
        McpHeaderEncoder.DecodeValue(seen.Headers["Mcp-Name"]).ShouldBe("öffnen");
        seen.Headers.Keys.ShouldNotContain("Mcp-Session-Id", StringComparer.OrdinalIgnoreCase);
        seen.Text.ShouldBe("""
            {"jsonrpc":"2.0","id":"call-1","method":"tools/call","params":{"name":"öffnen","arguments":{"n":1.50},"_meta":{"progressToken":7,"own/key":1,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"old","version":"1"},"io.modelcontextprotocol/clientCapabilities":{"elicitation":{},"future":{"x":1}}}}}
            """.Trim());
    }

    [Fact]
    public async Task The_servers_question_becomes_a_request_and_the_clients_answer_goes_into_the_repeated_call()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url);
        var client = await SessionClient.OpenAsync(gateway, slug, """{"elicitation":{}}""");

        await using var call = await client.StartAsync("""{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"ask","arguments":{"a":1}}}""");
        var question = await call.NextAsync();
        question["method"]!.GetValue<string>().ShouldBe("elicitation/create");
        question["params"]!["message"]!.GetValue<string>().ShouldBe("Who are you?");
        (await client.PostAsync($$$"""{"jsonrpc":"2.0","id":{{{question["id"]!.ToJsonString()}}},"result":{"action":"accept","content":{"name":"Ada"} } }""")).Status.ShouldBe(HttpStatusCode.Accepted);
        var answer = await call.NextAsync();

        answer["id"]!.GetValue<int>().ShouldBe(5);
        answer["result"]!["content"]![0]!["text"]!.GetValue<string>().ShouldBe("Hello Ada, state-1");
        answer["result"]!.AsObject().ContainsKey("resultType").ShouldBeFalse();
        var repeated = JsonNode.Parse(_upstream.Requests.Last().Body)!;
        repeated["id"]!.ToString().ShouldNotBe("5");
        repeated["params"]!["arguments"]!["a"]!.GetValue<int>().ShouldBe(1);
        repeated["params"]!["inputResponses"]!["who"]!["action"]!.GetValue<string>().ShouldBe("accept");
        (await gateway.CallsOfAsync(slug)).Single(c => (string?)c["tool"] == "ask")["outcome"]!.GetValue<string>().ShouldBe("ok");
    }

    [Fact]
    public async Task A_client_that_declines_ends_the_call_with_the_reason()
    {
        var client = await SessionClient.OpenAsync(gateway, (await gateway.AddUpstreamAsync(_upstream.Url)).Slug, """{"elicitation":{}}""");

        await using var call = await client.StartAsync("""{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"ask","arguments":{}}}""");
        var question = await call.NextAsync();
        await client.PostAsync($$$"""{"jsonrpc":"2.0","id":{{{question["id"]!.ToJsonString()}}},"error":{"code":-1,"message":"I won't"} }""");
        var answer = await call.NextAsync();

        answer["error"]!["data"]!["reason"]!.GetValue<string>().ShouldBe("input_refused");
        answer["error"]!["message"]!.GetValue<string>().ShouldContain("I won't");
    }

    [Fact]
    public async Task A_question_that_the_client_did_not_declare_is_never_asked()
    {
        var client = await SessionClient.OpenAsync(gateway, (await gateway.AddUpstreamAsync(_upstream.Url)).Slug);

        var answer = JsonNode.Parse(await client.SendAsync("""{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"ask","arguments":{}}}"""))!;

        answer["error"]!["data"]!["reason"]!.GetValue<string>().ShouldBe("input_unsupported");
    }

    [Fact]
    public async Task An_answer_that_nobody_asked_for_is_refused()
    {
        var client = await SessionClient.OpenAsync(gateway, (await gateway.AddUpstreamAsync(_upstream.Url)).Slug);

        (await client.PostAsync("""{"jsonrpc":"2.0","id":"mcpx-0000","result":{}}""")).Status.ShouldBe(HttpStatusCode.BadRequest);
        _upstream.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_client_cancels_and_the_servers_stream_is_closed()
    {
        var closed = new TaskCompletionSource();
        var reached = new TaskCompletionSource();
        _upstream.Answer = async (http, request) =>
        {
            if (!request.Text.Contains("tools/call", StringComparison.Ordinal))
            {
                await AnswerAsync(http, request);
                return;
            }

            http.RequestAborted.Register(closed.SetResult);
            reached.SetResult();
            await FakeUpstream.HangAsync(http, request);
        };
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url);
        var client = await SessionClient.OpenAsync(gateway, slug);

        var call = client.SendAsync("""{"jsonrpc":"2.0","id":"slow","method":"tools/call","params":{"name":"slow"}}""");
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await client.PostAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"slow"}}""");

        await closed.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        JsonNode.Parse(await call)!["error"]!["message"]!.GetValue<string>().ShouldContain("cancelled");
        (await gateway.CallsOfAsync(slug)).Single(c => (string?)c["tool"] == "slow")["outcome"]!.GetValue<string>().ShouldBe("clientAborted");
    }

    [Fact]
    public async Task The_log_level_goes_with_each_request_and_ping_is_answered_here()
    {
        var client = await SessionClient.OpenAsync(gateway, (await gateway.AddUpstreamAsync(_upstream.Url)).Slug);

        (await client.SendAsync("""{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"warning"}}""")).ShouldBe("""{"jsonrpc":"2.0","id":1,"result":{}}""");
        (await client.SendAsync("""{"jsonrpc":"2.0","id":2,"method":"ping"}""")).ShouldBe("""{"jsonrpc":"2.0","id":2,"result":{}}""");
        JsonNode.Parse(await client.SendAsync("""{"jsonrpc":"2.0","id":3,"method":"logging/setLevel","params":{"level":"loud"}}"""))!["error"]!["code"]!.GetValue<int>().ShouldBe(-32602);
        await client.SendAsync("""{"jsonrpc":"2.0","id":4,"method":"tools/list"}""");

        _upstream.Requests.Count.ShouldBe(2);
        JsonNode.Parse(_upstream.Requests.Last().Body)!["params"]!["_meta"]!["io.modelcontextprotocol/logLevel"]!.GetValue<string>().ShouldBe("warning");
    }

    [Fact]
    public async Task A_list_shows_what_may_be_called_and_no_hints_for_caches()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url, null, "blocklist", "secret");
        var client = await SessionClient.OpenAsync(gateway, slug);

        var list = JsonNode.Parse(await client.SendAsync("""{"jsonrpc":"2.0","id":4,"method":"tools/list"}"""))!["result"]!.AsObject();
        var blocked = JsonNode.Parse(await client.SendAsync("""{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"secret"}}"""))!;

        list.Select(m => m.Key).ShouldBe(["tools"]);
        list["tools"]!.AsArray().Select(t => t!["name"]!.GetValue<string>()).ShouldBe(["open"]);
        blocked["error"]!["code"]!.GetValue<int>().ShouldBe(-32602);
        _upstream.Requests.ShouldNotContain(r => r.Text.Contains("\"secret\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_standing_stream_tells_of_changes_and_follows_new_subscriptions()
    {
        var listens = new System.Collections.Concurrent.ConcurrentQueue<string>();
        _upstream.Answer = async (http, request) =>
        {
            if (!request.Text.Contains("subscriptions/listen", StringComparison.Ordinal))
            {
                await AnswerAsync(http, request);
                return;
            }

            listens.Enqueue(JsonNode.Parse(request.Body)!["params"]!["notifications"]!.ToJsonString());
            await FakeUpstream.EventsAsync(http,
                """{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"mcpx-listen"},"notifications":{}}}""",
                $$$"""{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"mcpx-listen"},"n":{{{listens.Count}}} } }""");
            await FakeUpstream.HangAsync(http, request);
        };
        var client = await SessionClient.OpenAsync(gateway, (await gateway.AddUpstreamAsync(_upstream.Url)).Slug);

        await using var stream = await client.ListenAsync();
        (await stream.NextAsync()).ToJsonString().ShouldBe("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{},"n":1}}""");
        (await client.SendAsync("""{"jsonrpc":"2.0","id":9,"method":"resources/subscribe","params":{"uri":"file:///a"}}""")).ShouldBe("""{"jsonrpc":"2.0","id":9,"result":{}}""");
        (await stream.NextAsync())["params"]!["n"]!.GetValue<int>().ShouldBe(2);

        listens.ToArray()[1].ShouldContain("\"resourceSubscriptions\":[\"file:///a\"]");
    }

    [Fact]
    public async Task The_standing_stream_is_open_at_once_while_nobody_says_anything()
    {
        var client = await SessionClient.OpenAsync(gateway, (await gateway.AddUpstreamAsync(_upstream.Url)).Slug);

        // Sooner than the first comment that keeps a silent stream open, which would bring the headers too.
        await using var stream = await client.ListenAsync().WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        stream.Response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
    }

    [Fact]
    public async Task An_ended_session_is_unknown_and_nobody_else_can_use_one()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url);
        var client = await SessionClient.OpenAsync(gateway, slug);
        var stranger = await Stranger.CreateAsync(gateway);

        (await gateway.SendAsync(HttpMethod.Post, $"/mcp/{gateway.Organization}/server/{slug}", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"u8.ToArray(), stranger.Token, ("Mcp-Session-Id", client.Handle)))
            .Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await gateway.PostAsync(slug, Mcp.List)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await client.EndAsync()).Status.ShouldBe(HttpStatusCode.NoContent);
        (await client.PostAsync(Mcp.List)).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_client_that_says_too_much_of_itself_is_told_so()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url);

        var answer = await gateway.PostAsync(slug, SessionClient.Initialize("2025-11-25", $$"""{"x":"{{new string('x', 5000)}}"}"""));

        answer.Status.ShouldBe(HttpStatusCode.BadRequest);
        answer.ErrorCode.ShouldBe(-32602);
    }

    /// <summary>A server of 2026-07-28 that refuses everything that does not say so.</summary>
    private static Task AnswerAsync(HttpContext http, SeenRequest request)
    {
        var message = JsonNode.Parse(request.Body)!;
        if ((string?)message["params"]?["_meta"]?[VersionKey] != "2026-07-28") return FakeUpstream.JsonAsync(http, """{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}""", 400);
        var id = message["id"]!.ToJsonString();
        var name = (string?)message["params"]!["name"];
        return (string?)message["method"] switch
        {
            "server/discover" => FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true},"extensions":{"io.modelcontextprotocol/tasks":{} } },"instructions":"Be kind.","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"modern","version":"2"} },"ttlMs":0,"cacheScope":"public"} }"""),
            "tools/list" => FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{"tools":[{"name":"open","inputSchema":{} },{"name":"secret","inputSchema":{} }],"resultType":"complete","ttlMs":1000,"cacheScope":"public"} }"""),
            "tools/call" when name == "ask" && message["params"]!["inputResponses"] is null => FakeUpstream.JsonAsync(http,
                $$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{"resultType":"input_required","inputRequests":{"who":{"method":"elicitation/create","params":{"message":"Who are you?","requestedSchema":{"type":"object"} } } },"requestState":"state-1"} }"""),
            "tools/call" when name == "ask" => FakeUpstream.EventsAsync(http,
                $$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{"resultType":"complete","content":[{"type":"text","text":"Hello {{{message["params"]!["inputResponses"]!["who"]!["content"]!["name"]}}}, {{{message["params"]!["requestState"]}}}"}]} }"""),
            _ => FakeUpstream.JsonAsync(http, "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{\"resultType\":\"complete\",\"content\":[{\"type\":\"hologram\",\"x\":1.0e2}],\"future\":true,\"_meta\":{\"own/answer\":2,\"io.modelcontextprotocol/serverInfo\":{\"name\":\"modern\"}}}}"),
        };
    }
}
