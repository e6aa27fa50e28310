using System.IO.Compression;
using System.Net;
using System.Text;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>What a broken or hostile server does on purpose: the caller gets one well-formed answer within the limits.</summary>
public sealed class FaultMatrixTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private const string Progress = """{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":2,"result":{"x":"foreign"}}""")]
    [InlineData("""{"result":{"x":"foreign","id":1},"id":2,"jsonrpc":"2.0"}""")]
    [InlineData("""{"result":{"x":"foreign"},"id":2,"more":{"id":1}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":"1","result":{"x":"foreign"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":null,"result":{"x":"foreign"}}""")]
    [InlineData("""{"jsonrpc":"2.0","result":{"x":"foreign"}}""")]
    [InlineData("""{"id":1,"result":{"x":"foreign"},"id":2}""")]
    [InlineData("""{"jsonrpc":"2.0","id":2,"error":{"code":-32000,"message":"foreign"}}""")]
    public async Task An_answer_to_another_call_is_not_the_answer(string message)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        foreach (var asStream in new[] { false, true })
        {
            upstream.Answer = (http, _) => asStream ? FakeUpstream.EventsAsync(http, message) : FakeUpstream.JsonAsync(http, message);

            var answer = await gateway.PostAsync(slug, Mcp.StatelessCall("get"), null, Mcp.StatelessHeaders("get"));

            answer.Status.ShouldBe(HttpStatusCode.BadGateway);
            ((string?)answer.Json["error"]!["data"]!["reason"]).ShouldBe("upstream_protocol_error");
            answer.Json["id"]!.GetValue<int>().ShouldBe(1);
            answer.Body.ShouldNotContain("foreign");
        }

        (await gateway.CallsAsync($"&server={id}")).ShouldAllBe(c => (string?)c!["outcome"] == "upstreamError" && ((string?)c["reason"])!.Contains("the id of the request"));
    }

    [Theory]
    [InlineData("""{"result":{"id":7},"id":1,"jsonrpc":"2.0"}""", 200)]
    [InlineData("""{"result":{"id":7},"id":1,"more":[{"id":9}]}""", 200)]
    [InlineData("""{"jsonrpc":"2.0","id":1.0,"result":{}}""", 200)]
    [InlineData("""{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}""", 200)]
    [InlineData("""{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"}}""", 200)]
    [InlineData("""{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"Session not found"}}""", 404)]
    public async Task An_answer_that_says_it_otherwise_passes_as_it_is(string message, int status)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        upstream.Answer = (http, _) => FakeUpstream.JsonAsync(http, message, status);

        var answer = await gateway.PostAsync(slug, Mcp.Call("get"));

        (answer.Body, (int)answer.Status).ShouldBe((message, status));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task A_long_answer_that_turns_out_to_be_another_calls_is_not_taken_for_whole(int id, bool passes)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        // Lengths around a piece of 32 KiB: the id may stand on the seam of two.
        foreach (var padding in new[] { 0, 1, 7, 20, 1000 })
        {
            var message = $$"""{"result":{"x":"{{new string('x', (64 << 10) - 30 + padding)}}"},"id":{{id}},"jsonrpc":"2.0"}""";
            upstream.Answer = (http, _) => FakeUpstream.JsonAsync(http, message);
            var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

            using var answer = await gateway.OpenAsync(slug, Mcp.Call("get"), Cancelled);
            if (passes) (await answer.Content.ReadAsStringAsync(Cancelled)).ShouldBe(message);
            else await Should.ThrowAsync<HttpRequestException>(() => answer.Content.ReadAsStringAsync(Cancelled));

            await Eventually.TrueAsync(async () => (await gateway.CallsOfAsync(slug)).Count > 0, "the call is recorded", null, Cancelled);
            ((string?)(await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem()["outcome"]).ShouldBe(passes ? "ok" : "upstreamError");
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate, gzip")]
    public async Task A_compressed_bomb_is_not_unpacked(string encoding)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        using var packed = new MemoryStream();
        await using (var zip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) await zip.WriteAsync(new byte[64 << 20], Cancelled);
        upstream.Answer = (http, _) =>
        {
            http.Response.Headers.ContentEncoding = encoding;
            return FakeUpstream.BytesAsync(http, packed.ToArray(), "application/json");
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        var answer = await gateway.PostAsync(slug, Mcp.Call("get"));

        ((string?)answer.Json["error"]!["data"]!["reason"]).ShouldBe("upstream_protocol_error");
        upstream.Requests.ShouldHaveSingleItem().Headers["Accept-Encoding"].ShouldBe("identity");
        (await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem()["responseBytes"]!.GetValue<long>().ShouldBeLessThan(1000);
    }

    [Theory]
    [InlineData("application/json", true)]
    [InlineData("text/event-stream", false)]
    public async Task An_answer_that_drips_is_given_up_when_the_calls_time_is_over(string type, bool answered)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var left = new TaskCompletionSource();
        upstream.Answer = async (http, _) =>
        {
            http.RequestAborted.Register(() => left.TrySetResult());
            http.Response.ContentType = type;
            using var drip = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
            for (var i = 0; !http.RequestAborted.IsCancellationRequested && await drip.WaitForNextTickAsync(CancellationToken.None); i++)
            {
                await http.Response.WriteAsync(answered ? i == 0 ? "{" : " " : $"data: {Progress}\n\n", CancellationToken.None);
                await http.Response.Body.FlushAsync(CancellationToken.None);
            }
        };
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { timeoutSeconds = 1 });

        // An error of our own while nothing was sent, a broken stream when something was: never a whole answer.
        if (answered) ((string?)(await gateway.PostAsync(slug, Mcp.Call("get"))).Json["error"]!["data"]!["reason"]).ShouldBe("upstream_timeout");
        else await Should.ThrowAsync<HttpRequestException>(() => gateway.PostAsync(slug, Mcp.Call("get")));

        await left.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
        await Eventually.TrueAsync(async () => (await gateway.CallsOfAsync(slug)).Count > 0, "the call is recorded", null, Cancelled);
        ((string?)(await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem()["outcome"]).ShouldBe("timeout");
    }

    [Fact]
    public async Task A_server_that_refuses_the_credential_again_and_again_is_asked_once_per_call()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = (http, _) =>
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            http.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
            return Task.CompletedTask;
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url, new { kind = "bearer", secret = "a-wrong-credential" });

        for (var i = 1; i <= 10; i++)
        {
            var answer = await gateway.PostAsync(slug, Mcp.Call("get"));
            ((string?)answer.Json["error"]!["data"]!["reason"]).ShouldBe("upstream_unauthorized");
            upstream.Requests.Count.ShouldBe(i);
        }
    }

    [Theory]
    [InlineData(Progress + "\n\n")]
    [InlineData("")]
    public async Task A_stream_that_floods_without_an_answer_ends_at_the_servers_limit(string @event)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var left = new TaskCompletionSource();
        var flood = Encoding.UTF8.GetBytes(@event.Length == 0 ? new string(':', 32 << 10) : string.Concat(Enumerable.Repeat("data: " + @event, 300)));
        upstream.Answer = (http, _) =>
        {
            http.RequestAborted.Register(() => left.TrySetResult());
            return FakeUpstream.FloodAsync(http, flood);
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        await gateway.SetLimitsAsync(slug, UpstreamLimits.Default with { AnswerMebibytes = 1 });

        if (@event.Length > 0) await Should.ThrowAsync<HttpRequestException>(() => gateway.PostAsync(slug, Mcp.Call("get")));
        else ((string?)(await gateway.PostAsync(slug, Mcp.Call("get"))).Json["error"]!["data"]!["reason"]).ShouldBe("upstream_protocol_error");

        await left.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
        await Eventually.TrueAsync(async () => (await gateway.CallsOfAsync(slug)).Count > 0, "the call is recorded", null, Cancelled);
        ((string?)(await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem()["reason"]).ShouldBe("The server's answer is longer than 1 MiB.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_first_answer_of_a_stream_ends_the_call(bool staysOpen)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var left = new TaskCompletionSource();
        upstream.Answer = async (http, request) =>
        {
            http.RequestAborted.Register(() => left.TrySetResult());
            await FakeUpstream.EventsAsync(http, Progress, Mcp.Result("""{"x":"first"}"""), Mcp.Result("""{"x":"second"}"""), Progress);
            if (staysOpen) await FakeUpstream.HangAsync(http, request);
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        var answer = await gateway.PostAsync(slug, Mcp.Call("get"));

        answer.Body.ShouldBe($"event: message\ndata: {Progress}\n\nevent: message\ndata: {Mcp.Result("""{"x":"first"}""")}\n\n");
        ((string?)(await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem()["outcome"]).ShouldBe("ok");
        if (staysOpen) await left.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
    }
}
