using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Mcpx.Tests.Proxy.Gateways;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>
/// With which status the gateway itself refuses. A request of the session era gets 200, whose body its client reads; where
/// nobody waits for an answer, and where a stream is waited for, the status says it (MCP 2025-11-25, Transports).
/// </summary>
public sealed class RefusalStatusTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private const string Answer = """{"jsonrpc":"2.0","id":"asked","result":{}}""";
    private const string RootsChanged = """{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}""";
    private const string Meta = "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}";

    private FakeUpstream _upstream = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _upstream = await FakeUpstream.StartAsync();

    public async ValueTask DisposeAsync() => await _upstream.DisposeAsync();

    /// <summary>What is wrong, the status that says it, and its word in <c>error.data.reason</c>.</summary>
    public static TheoryData<string, int, string> Reasons => new()
    {
        { "switched off", 403, "server_disabled" },
        { "aborts", 502, "upstream_unreachable" },
        { "garbage", 502, "upstream_protocol_error" },
        { "401", 502, "upstream_unauthorized" },
        { "hangs", 504, "upstream_timeout" },
        { "left alone", 503, "circuit_open" },
        { "no place", 503, "server_busy" },
    };

    [Theory]
    [MemberData(nameof(Reasons))]
    public async Task In_the_session_era_only_the_answer_to_a_request_is_sent_with_200(string wrong, int status, string reason)
    {
        foreach (var (verb, body) in new[] { ("POST", Mcp.List), ("POST", RootsChanged), ("POST", Answer), ("GET", null), ("DELETE", null) })
        {
            var (slug, id, session) = await OpenAsync();
            using var underWay = await SpoilAsync(slug, id, session, wrong, isStanding: verb == "GET");

            var answer = await SendAsync(slug, new HttpMethod(verb), body, ("Mcp-Session-Id", session));

            await CheckAsync(answer, slug, $"{verb} {body}", body == Mcp.List ? 200 : status, reason);
        }
    }

    [Theory]
    [MemberData(nameof(Reasons))]
    public async Task In_the_stateless_era_every_status_says_what_is_wrong(string wrong, int status, string reason)
    {
        foreach (var own in new[] { "\"id\":1,", "" })
        {
            var (slug, id, session) = await OpenAsync();
            using var underWay = await SpoilAsync(slug, id, session, wrong, isStanding: false);
            var body = $$$"""{"jsonrpc":"2.0",{{{own}}}"method":"tools/list","params":{{{{Meta}}}}}""";

            var answer = await SendAsync(slug, HttpMethod.Post, body, ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/list"));

            await CheckAsync(answer, slug, body, status, reason);
        }
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task A_session_that_the_gateway_keeps_itself_is_no_exception(string verb)
    {
        await using var member = await Member.StartAsync(gateway, "stateless", "get");
        var client = await SessionClient.OpenAsync(gateway, member.Slug);
        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{member.Id}", new { enabled = false })).Status.ShouldBe(HttpStatusCode.OK);

        var answer = await SendAsync(member.Slug, new HttpMethod(verb), null, ("Mcp-Session-Id", client.Handle));

        await CheckAsync(answer, member.Slug, verb, 403, "server_disabled");
    }

    [Fact]
    public async Task A_virtual_gateway_that_is_switched_off_is_none_either()
    {
        await using var member = await Member.StartAsync(gateway, "both", "get");
        var made = (await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = "Off", slug = "switched-off", members = new[] { new { server = member.Slug } } })).Json;
        var path = new Uri((string)made["endpoint"]!).AbsolutePath;
        var client = await SessionClient.OpenAtAsync(gateway, path);
        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/gateways/{made["id"]}", new { enabled = false })).Status.ShouldBe(HttpStatusCode.OK);

        foreach (var (method, status) in new[] { (HttpMethod.Get, 403), (HttpMethod.Delete, 403), (HttpMethod.Post, 200) })
        {
            var body = method == HttpMethod.Post ? Encoding.UTF8.GetBytes(Mcp.List) : null;

            var answer = await gateway.SendAsync(method, path, body, gateway.Token, ("Mcp-Session-Id", client.Handle));

            ((int)answer.Status, (string?)answer.Json["error"]!["data"]!["reason"]).ShouldBe((status, "gateway_disabled"), method.Method);
        }
    }

    [Theory]
    [InlineData("\"id\":1,", 200)]
    [InlineData("", 400)]
    public async Task What_is_refused_with_200_is_not_when_nobody_waits_for_the_answer(string id, int status)
    {
        var (slug, serverId) = await gateway.AddUpstreamAsync(_upstream.Url, null, "blocklist", "secret");
        foreach (var isStateless in new[] { false, true })
        {
            var body = $$$"""{"jsonrpc":"2.0",{{{id}}}"method":"tools/call","params":{"name":"secret","arguments":{}{{{(isStateless ? "," + Meta : "")}}}}}""";

            var answer = await SendAsync(slug, HttpMethod.Post, body, isStateless ? Mcp.StatelessHeaders("secret") : []);

            ((int)answer.Status, answer.ErrorCode).ShouldBe((status, -32602));
        }

        _upstream.Requests.ShouldBeEmpty();
        (await gateway.CallsAsync($"&server={serverId}")).ShouldAllBe(c => (int)c!["status"]! == status && (string?)c["outcome"] == "denied");
    }

    [Theory]
    [InlineData("\"id\":1,", 200)]
    [InlineData("", 429)]
    public async Task So_is_a_call_over_the_limit(string id, int status)
    {
        var (slug, serverId) = await gateway.AddUpstreamAsync(_upstream.Url);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/limits", new { server = serverId, tool = "get", perMinute = 1 })).Status.ShouldBe(HttpStatusCode.Created);
        (await gateway.PostAsync(slug, Mcp.Call("get"))).Json["result"].ShouldNotBeNull();

        var answer = await SendAsync(slug, HttpMethod.Post, $$$"""{"jsonrpc":"2.0",{{{id}}}"method":"tools/call","params":{"name":"get"}}""");

        await CheckAsync(answer, slug, id, status, "rate_limited");
        answer.Headers.RetryAfter.ShouldNotBeNull();
    }

    /// <summary>A new server with a session of its own.</summary>
    private async Task<(string Slug, string Id, string Session)> OpenAsync()
    {
        _upstream.Answer = (http, request) =>
        {
            http.Response.Headers["Mcp-Session-Id"] = "upstream-session";
            return FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{FakeUpstream.IdOf(request)}}},"result":{}}""");
        };
        var (slug, id) = await gateway.AddUpstreamAsync(_upstream.Url);
        return (slug, id, (await gateway.PostAsync(slug, Mcp.Initialize)).Headers.GetValues("Mcp-Session-Id").Single());
    }

    /// <returns>What has to go on while the answer is awaited.</returns>
    private async Task<IDisposable?> SpoilAsync(string slug, string id, string session, string wrong, bool isStanding)
    {
        switch (wrong)
        {
            case "switched off":
                (await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { enabled = false })).Status.ShouldBe(HttpStatusCode.OK);
                break;
            case "garbage":
                _upstream.Answer = (http, _) => FakeUpstream.JsonAsync(http, "{nope");
                break;
            case "401":
                _upstream.Answer = (http, _) => FakeUpstream.JsonAsync(http, "{}", StatusCodes.Status401Unauthorized);
                break;
            case "hangs":
                await gateway.SetLimitsAsync(slug, UpstreamLimits.Default with { FirstByteSeconds = 1 });
                _upstream.Answer = FakeUpstream.HangAsync;
                break;
            case "aborts" or "left alone":
                _upstream.Answer = (http, _) =>
                {
                    http.Abort();
                    return Task.CompletedTask;
                };
                for (var i = 0; wrong == "left alone" && i < 5; i++) await gateway.PostAsync(slug, Mcp.List);
                break;
            case "no place":
                await gateway.SetLimitsAsync(slug, UpstreamLimits.Default with { ConcurrentCalls = 1 });
                _upstream.Answer = FakeUpstream.StandAsync;
                if (isStanding) return await gateway.ListenAsync(slug, session);
                var before = _upstream.Requests.Count;
                var call = CallUnderWay.Start(gateway, slug);
                await Eventually.TrueAsync(() => _upstream.Requests.Count > before, "a call has the place", Cancelled);
                return call;
        }

        return null;
    }

    private Task<HttpAnswer> SendAsync(string slug, HttpMethod method, string? body, params (string, string)[] headers) =>
        gateway.SendAsync(method, gateway.EndpointOf(slug).AbsolutePath, body is null ? null : Encoding.UTF8.GetBytes(body), gateway.Token, headers);

    /// <summary>The error is the same whatever its status, and the record says what was sent.</summary>
    private async Task CheckAsync(HttpAnswer answer, string slug, string asked, int status, string reason)
    {
        ((int)answer.Status).ShouldBe(status, asked);
        answer.ContentType.ShouldBe("application/json");
        ((string?)answer.Json["error"]!["data"]!["reason"]).ShouldBe(reason, asked);
        if (reason is "circuit_open" or "server_busy") answer.Headers.RetryAfter.ShouldNotBeNull(asked);
        JsonNode? call = (await gateway.CallsOfAsync(slug)).FirstOrDefault(c => (string?)c["outcome"] != "ok");
        ((int?)call?["status"]).ShouldBe(status, asked);
    }

    /// <summary>A call that its client gives up at the end.</summary>
    private sealed class CallUnderWay(CancellationTokenSource given) : IDisposable
    {
        public static CallUnderWay Start(GatewayFixture gateway, string slug)
        {
            var given = new CancellationTokenSource();
            _ = gateway.OpenAsync(slug, Mcp.List, given.Token);
            return new CallUnderWay(given);
        }

        public void Dispose()
        {
            given.Cancel();
            given.Dispose();
        }
    }
}
