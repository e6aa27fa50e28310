using System.Net;
using System.Text;
using System.Text.Json;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>The raw leg: bytes pass as they come, when they come.</summary>
public sealed class RelayTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Both_directions_keep_every_byte_that_the_gateway_does_not_know()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        const string answer = """ {"jsonrpc" : "2.0","result":{"content":[{"type":"hologram","x":1.50e+1,"y":"\u00fc\/"}],"future":{"a":[ ]},"a":1,"a":2},"id":1,"trailer":null } """;
        const string call = """ {"future":[1.0,{"x":null}],"params":{"arguments":{"b":1,"b":2,"big":12345678901234567890123,"nul":"\u0000\ud800"},"new":true,"name":"get"},"method":"tools/call","id":1,"jsonrpc":"2.0"} """;
        upstream.Answer = (http, _) => FakeUpstream.JsonAsync(http, answer);
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        (await gateway.PostAsync(slug, call)).Body.ShouldBe(answer);

        upstream.Requests.ShouldHaveSingleItem().Text.ShouldBe(call);
        var recorded = await PayloadsAsync(slug);
        recorded.Request.ShouldBe(call);
        recorded.Response.ShouldBe(answer);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 200 << 10)]
    [InlineData(true, 32 << 10)]
    [InlineData(true, 5 << 20)]
    [InlineData(false, 200 << 10)]
    [InlineData(false, 5 << 20)]
    public async Task Large_answers_arrive_whole(bool knownLength, int size)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var body = Encoding.UTF8.GetBytes(Mcp.Result($$"""{"text":"{{Text(size)}}"}"""));
        upstream.Answer = async (http, _) =>
        {
            http.Response.ContentType = "application/json";
            if (knownLength) http.Response.ContentLength = body.Length;
            foreach (var piece in body.Chunk(10_007)) await http.Response.Body.WriteAsync(piece);
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        using var answer = await gateway.OpenAsync(slug, Mcp.Call("get"), Cancelled);
        var received = await answer.Content.ReadAsByteArrayAsync(Cancelled);

        received.AsSpan().SequenceEqual(body).ShouldBeTrue();
        var call = (await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem();
        call["responseBytes"]!.GetValue<long>().ShouldBe(body.Length);
        call["outcome"]!.GetValue<string>().ShouldBe("ok");
    }

    [Fact]
    public async Task Large_event_streams_arrive_whole()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var progress = """{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}""";
        var stream = $": hello\r\n\r\nid: 1\ndata: \n\nevent: message\rdata: {progress}\r\rdata:{progress}\n\nid: 2\nevent: message\ndata: {Mcp.Result($$"""{"text":"{{Text(200 << 10)}}"}""")}\n\n";
        upstream.Answer = async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            foreach (var piece in Encoding.UTF8.GetBytes(stream).Chunk(7_001))
            {
                await http.Response.Body.WriteAsync(piece);
                await http.Response.Body.FlushAsync();
            }
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        var answer = await gateway.PostAsync(slug, Mcp.Call("get"));

        answer.Body.ShouldBe(stream);
        answer.ContentType.ShouldBe("text/event-stream");
        answer.Headers.GetValues("X-Accel-Buffering").ShouldBe(["no"]);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
    }

    [Fact]
    public async Task An_event_reaches_the_client_before_the_upstream_sends_the_next()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var firstSeen = new TaskCompletionSource();
        upstream.Answer = async (http, _) =>
        {
            await FakeUpstream.EventsAsync(http, """{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}""");
            await firstSeen.Task;
            await http.Response.WriteAsync($"data: {Mcp.Result("{}")}\n\n");
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        using var answer = await gateway.OpenAsync(slug, Mcp.Call("get"), Cancelled);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancelled));
        await reader.ReadLineAsync(Cancelled);
        (await reader.ReadLineAsync(Cancelled)).ShouldNotBeNull().ShouldContain("notifications/progress");
        firstSeen.SetResult();

        (await reader.ReadToEndAsync(Cancelled)).ShouldContain("\"result\":{}");
        (await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem()["outcome"]!.GetValue<string>().ShouldBe("ok");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_hangs_up_ends_the_upstreams_work_and_is_recorded(bool underWay)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (arrived, left) = (new TaskCompletionSource(), new TaskCompletionSource());
        upstream.Answer = async (http, request) =>
        {
            http.RequestAborted.Register(() => left.TrySetResult());
            if (underWay) await FakeUpstream.EventsAsync(http, """{"jsonrpc":"2.0","method":"notifications/progress","params":{}}""");
            arrived.SetResult();
            await FakeUpstream.HangAsync(http, request);
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        using var hangUp = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);

        var call = gateway.OpenAsync(slug, Mcp.Call("get"), hangUp.Token);
        await arrived.Task.WaitAsync(Cancelled);
        if (underWay) (await call).Dispose();
        else await hangUp.CancelAsync();

        await left.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
        await Eventually.TrueAsync(async () => (await gateway.CallsOfAsync(slug)).Count > 0, "the call is recorded", null, TestContext.Current.CancellationToken);
        var calls = await gateway.CallsOfAsync(slug);
        calls.ShouldHaveSingleItem()["outcome"]!.GetValue<string>().ShouldBe("clientAborted");
        calls[0]["status"]!.GetValue<int>().ShouldBe(0);
    }

    [Fact]
    public async Task Notifications_are_passed_on_and_their_202_comes_back_empty()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = (http, _) =>
        {
            http.Response.StatusCode = 202;
            return http.Response.WriteAsync("Accepted");
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        var answer = await gateway.PostAsync(slug, """{"jsonrpc":"2.0","method":"notifications/initialized"}""");

        answer.Status.ShouldBe(HttpStatusCode.Accepted);
        answer.Body.ShouldBeEmpty();
        (await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem()["method"]!.GetValue<string>().ShouldBe("notifications/initialized");
    }

    [Fact]
    public async Task Events_that_are_not_messages_pass_untouched()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var stream = $"event: ping\ndata: 2026-11-22 10:00\n\ndata: {Mcp.Result("{}")}\n\n";
        upstream.Answer = (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            return http.Response.WriteAsync(stream);
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        (await gateway.PostAsync(slug, Mcp.Call("get"))).Body.ShouldBe(stream);
    }

    [Fact]
    public async Task The_headers_of_the_stateless_era_go_on_to_the_upstream()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        await gateway.PostAsync(slug, Mcp.StatelessCall("get"), null, [.. Mcp.StatelessHeaders("get"), ("Mcp-Param-Region", "eu"), ("Mcp-Session-Id", "left over")]);

        var seen = upstream.Requests.ShouldHaveSingleItem().Headers;
        (seen["MCP-Protocol-Version"], seen["Mcp-Method"], seen["Mcp-Name"], seen["Mcp-Param-Region"]).ShouldBe(("2026-07-28", "tools/call", "get", "eu"));
        seen.ContainsKey("Mcp-Session-Id").ShouldBeFalse();
    }

    private async Task<(string Request, string Response)> PayloadsAsync(string slug)
    {
        var call = (await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem();
        var json = (await gateway.ApiAsync(HttpMethod.Get, $"/api/calls/{call["id"]}")).Json;
        return (json["request"]!["body"]!.GetValue<string>(), json["response"]!["body"]!.GetValue<string>());
    }

    private static string Text(int size) => JsonEncodedText.Encode(string.Concat(Enumerable.Range(0, size / 8).Select(i => $"{i % 100:00} {i % 1000:0000} "))).ToString();
}
