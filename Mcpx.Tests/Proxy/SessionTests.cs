using System.Net;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>The session era's other verbs: GET for the standing stream, DELETE for the end (MCP 2025-11-25, Transports).</summary>
public sealed class SessionTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private const string UpstreamSession = "upstream-session-1";
    private const string Initialize = """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""";

    private FakeUpstream _upstream = null!;

    public async ValueTask InitializeAsync() => _upstream = await FakeUpstream.StartAsync();

    public async ValueTask DisposeAsync() => await _upstream.DisposeAsync();

    [Fact]
    public async Task The_standing_stream_is_relayed_with_the_upstreams_own_session_and_event_id()
    {
        var handle = await OpenSessionAsync("stream");
        _upstream.Answer = (http, _) => FakeUpstream.EventsAsync(http, """{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");

        var answer = await SendAsync(HttpMethod.Get, "stream", ("Mcp-Session-Id", handle), ("Last-Event-ID", "e-7"));

        answer.Status.ShouldBe(HttpStatusCode.OK);
        answer.Json["method"]!.GetValue<string>().ShouldBe("notifications/tools/list_changed");
        var seen = _upstream.Requests.Last();
        seen.Method.ShouldBe("GET");
        seen.Headers["Mcp-Session-Id"].ShouldBe(UpstreamSession);
        seen.Headers["Last-Event-ID"].ShouldBe("e-7");
        // A stream is all that a GET may be answered with, and neither it nor a DELETE carries a message.
        seen.Headers["Accept"].ShouldBe("text/event-stream");
        seen.Headers.Keys.ShouldNotContain(name => name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase));
        (await gateway.CallsAsync("&method=GET")).ShouldContain(c => c!["serverSlug"]!.GetValue<string>() == "stream" && c["outcome"]!.GetValue<string>() == "ok");
    }

    [Fact]
    public async Task A_tool_list_in_the_standing_stream_hides_what_is_blocked()
    {
        var handle = await OpenSessionAsync("resumed", "blocklist", "secret");
        _upstream.Answer = async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync("id: 9\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"open\"},{\"name\":\"secret\"}]}}\n\n");
        };

        var answer = await SendAsync(HttpMethod.Get, "resumed", ("Mcp-Session-Id", handle), ("Last-Event-ID", "8"));

        answer.Body.ShouldBe("id: 9\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"open\"}]}}\n\n");
    }

    [Fact]
    public async Task A_stream_with_event_ids_may_end_before_the_answer()
    {
        var handle = await OpenSessionAsync("early");
        _upstream.Answer = async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync("id: 1\nretry: 10\ndata: \n\n");
        };

        var answer = await gateway.PostAsync("early", """{"jsonrpc":"2.0","id":2,"method":"tools/list"}""", headers: ("Mcp-Session-Id", handle));

        answer.Status.ShouldBe(HttpStatusCode.OK);
        answer.Body.ShouldBe("id: 1\nretry: 10\ndata: \n\n");
    }

    [Fact]
    public async Task A_replayed_event_that_says_nothing_does_not_break_the_stream()
    {
        var handle = await OpenSessionAsync("replayed");
        const string Events = "id: 2\ndata: {}\n\nid: 3\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n";
        _upstream.Answer = async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync(Events);
        };

        var answer = await SendAsync(HttpMethod.Get, "replayed", ("Mcp-Session-Id", handle), ("Last-Event-ID", "1"));

        answer.Body.ShouldBe(Events);
    }

    [Fact]
    public async Task Delete_ends_the_upstreams_session()
    {
        var handle = await OpenSessionAsync("ended");
        _upstream.Answer = (http, _) =>
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        };

        var answer = await SendAsync(HttpMethod.Delete, "ended", ("Mcp-Session-Id", handle));

        answer.Status.ShouldBe(HttpStatusCode.NoContent);
        _upstream.Requests.Last().Method.ShouldBe("DELETE");
        _upstream.Requests.Last().Headers["Mcp-Session-Id"].ShouldBe(UpstreamSession);
        _upstream.Requests.Last().Headers.ContainsKey("Content-Type").ShouldBeFalse();
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task A_handle_that_is_not_ours_is_unknown(string method)
    {
        await OpenSessionAsync($"forged-{method.ToLowerInvariant()}");
        var before = _upstream.Requests.Count;

        var answer = await SendAsync(new HttpMethod(method), $"forged-{method.ToLowerInvariant()}", ("Mcp-Session-Id", UpstreamSession));

        answer.Status.ShouldBe(HttpStatusCode.NotFound);
        _upstream.Requests.Count.ShouldBe(before);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task The_stateless_era_takes_post_only(string method)
    {
        await OpenSessionAsync($"modern-{method.ToLowerInvariant()}");

        var answer = await SendAsync(new HttpMethod(method), $"modern-{method.ToLowerInvariant()}", ("MCP-Protocol-Version", "2026-07-28"));

        answer.Status.ShouldBe(HttpStatusCode.MethodNotAllowed);
        answer.ErrorCode.ShouldBe(-32000);
    }

    [Fact]
    public async Task The_standing_stream_ends_when_the_client_goes()
    {
        var handle = await OpenSessionAsync("gone");
        var ended = new TaskCompletionSource();
        _upstream.Answer = (http, request) =>
        {
            http.RequestAborted.Register(ended.SetResult);
            return FakeUpstream.StandAsync(http, request);
        };

        var response = await gateway.ListenAsync("gone", handle);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Dispose();

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task As_many_streams_stand_as_the_server_may_have_and_calls_have_room_beside_them()
    {
        const int Streams = 1100;
        var handle = await OpenSessionAsync("crowded");
        await gateway.SetLimitsAsync("crowded", UpstreamLimits.Default with { FirstByteSeconds = 5, ConcurrentCalls = Streams });
        var answerCall = _upstream.Answer;
        _upstream.Answer = (http, request) => http.Request.Method == "POST" ? answerCall(http, request) : FakeUpstream.StandAsync(http, request);
        List<HttpResponseMessage> streams = [];
        try
        {
            foreach (var some in Enumerable.Range(0, Streams).Chunk(50)) streams.AddRange(await Task.WhenAll(some.Select(_ => gateway.ListenAsync("crowded", handle))));
            streams.ShouldAllBe(stream => stream.Content.Headers.ContentType!.MediaType == "text/event-stream");

            var answer = await gateway.PostAsync("crowded", Mcp.List, headers: ("Mcp-Session-Id", handle));

            answer.Json["result"].ShouldNotBeNull(answer.Body);
        }
        finally
        {
            foreach (var stream in streams) stream.Dispose();
        }
    }

    private async Task<string> OpenSessionAsync(string slug, string mode = "none", params string[] tools)
    {
        await gateway.AddServerAsync(slug, _upstream.Url, null, mode, tools);
        _upstream.Answer = (http, request) =>
        {
            http.Response.Headers["Mcp-Session-Id"] = UpstreamSession;
            return FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{FakeUpstream.IdOf(request)}}},"result":{}}""");
        };
        var answer = await gateway.PostAsync(slug, Initialize);
        var handle = answer.Headers.GetValues("Mcp-Session-Id").Single();
        handle.ShouldNotContain(UpstreamSession);
        return handle;
    }

    private Task<HttpAnswer> SendAsync(HttpMethod method, string slug, params (string, string)[] headers) =>
        gateway.SendAsync(method, $"/mcp/{gateway.Organization}/server/{slug}", null, gateway.Token, headers);
}
