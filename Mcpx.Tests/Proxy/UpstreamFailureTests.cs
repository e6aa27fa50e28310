using System.IO.Compression;
using System.Net;
using System.Text;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>Everything that an upstream does wrong becomes an error that names it, and a record.</summary>
public sealed class UpstreamFailureTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    public static TheoryData<string, string> Failures => new()
    {
        { "garbage", "upstream_protocol_error" },
        { "empty", "upstream_protocol_error" },
        { "an array", "upstream_protocol_error" },
        { "html", "upstream_protocol_error" },
        { "no content type", "upstream_protocol_error" },
        { "redirect", "upstream_protocol_error" },
        { "gzip", "upstream_protocol_error" },
        { "too long", "upstream_protocol_error" },
        { "stream without answer", "upstream_protocol_error" },
        { "half an event", "upstream_protocol_error" },
        { "garbage event", "upstream_protocol_error" },
        { "401", "upstream_unauthorized" },
        { "403", "upstream_unauthorized" },
        { "407", "upstream_unauthorized" },
        { "reset", "upstream_unreachable" },
        { "cut short", "upstream_unreachable" },
        { "headers too large", "upstream_protocol_error" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_failure_becomes_an_error_that_names_the_server(string failure, string reason)
    {
        await using var trap = await FakeUpstream.StartAsync();
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = (http, _) => FailAsync(http, failure, trap.Url);
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url, new { kind = "apiKey", header = "X-API-Key", secret = "the-upstreams-own-key" });

        var session = await gateway.PostAsync(slug, Mcp.Call("get"));
        var stateless = await gateway.PostAsync(slug, Mcp.StatelessCall("get"), null, Mcp.StatelessHeaders("get"));

        session.Status.ShouldBe(HttpStatusCode.OK);
        stateless.Status.ShouldBe(HttpStatusCode.BadGateway);
        foreach (var answer in new[] { session, stateless })
        {
            answer.ErrorCode.ShouldBe(-32603);
            ((string?)answer.Json["error"]!["data"]!["reason"]).ShouldBe(reason, answer.Body);
            ((string?)answer.Json["error"]!["message"]).ShouldNotBeNull().ShouldContain(slug);
            answer.Json["id"]!.GetValue<int>().ShouldBe(1);
            answer.Headers.WwwAuthenticate.ShouldBeEmpty();
            answer.Body.ShouldNotContain("127.0.0.1");
        }

        trap.Requests.ShouldBeEmpty();
        var calls = await gateway.CallsAsync($"&server={id}");
        calls.Count.ShouldBe(2);
        calls.ShouldAllBe(c => (string?)c!["outcome"] == "upstreamError" && c["reason"] != null && (string?)c["tool"] == "get");
    }

    [Fact]
    public async Task An_upstream_that_nobody_answers_for_is_unreachable()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(new Uri($"http://127.0.0.1:{Ports.Free()}/mcp"));

        var answer = await gateway.PostAsync(slug, Mcp.Call("get"));

        ((string?)answer.Json["error"]!["data"]!["reason"]).ShouldBe("upstream_unreachable");
        (await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem()["outcome"]!.GetValue<string>().ShouldBe("upstreamError");
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest")]
    [InlineData("http://[::ffff:a9fe:a9fe]/latest")]
    [InlineData("http://10.11.12.13/mcp")]
    public async Task An_address_that_is_not_open_is_never_connected_to(string address)
    {
        var (slug, _) = await gateway.AddUpstreamAsync(new Uri(address));

        var answer = await gateway.PostAsync(slug, Mcp.Call("get"));

        ((string?)answer.Json["error"]!["data"]!["reason"]).ShouldBe("upstream_unreachable");
        var call = (await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem();
        ((string?)call["reason"]).ShouldNotBeNull().ShouldContain("EGRESS_ALLOW");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_upstream_that_hangs_is_given_up_when_its_time_is_over(bool afterHeaders)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var left = new TaskCompletionSource();
        upstream.Answer = async (http, request) =>
        {
            http.RequestAborted.Register(() => left.TrySetResult());
            http.Response.ContentType = "application/json";
            if (afterHeaders) await http.Response.Body.WriteAsync("{"u8.ToArray());
            await http.Response.Body.FlushAsync();
            await FakeUpstream.HangAsync(http, request);
        };
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { timeoutSeconds = 1 });

        var answer = await gateway.PostAsync(slug, Mcp.StatelessCall("get"), null, Mcp.StatelessHeaders("get"));

        answer.Status.ShouldBe(HttpStatusCode.GatewayTimeout);
        ((string?)answer.Json["error"]!["data"]!["reason"]).ShouldBe("upstream_timeout");
        await left.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        (await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem()["outcome"]!.GetValue<string>().ShouldBe("timeout");
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("too long")]
    [InlineData("stream reset")]
    public async Task An_answer_that_breaks_off_under_way_is_not_taken_for_whole(string failure)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var started = new TaskCompletionSource();
        upstream.Answer = async (http, _) =>
        {
            http.Response.ContentType = failure == "stream reset" ? "text/event-stream" : "application/json";
            await http.Response.WriteAsync(failure == "stream reset"
                ? "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{}}\n\n"
                : """{"jsonrpc":"2.0","id":1,"result":{"x":" """);
            var piece = new byte[64 << 10];
            Array.Fill(piece, (byte)'x');
            for (var i = 0; i < (failure == "too long" ? 200 : failure == "reset" ? 4 : 0); i++) await http.Response.Body.WriteAsync(piece);
            await http.Response.Body.FlushAsync();
            await started.Task;
            http.Abort();
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        using var answer = await gateway.OpenAsync(slug, Mcp.Call("get"), TestContext.Current.CancellationToken);
        started.SetResult();
        await Should.ThrowAsync<HttpRequestException>(() => answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));

        await Eventually.TrueAsync(async () => (await gateway.CallsOfAsync(slug)).Count > 0, "the call is recorded", null, TestContext.Current.CancellationToken);
        var calls = await gateway.CallsOfAsync(slug);
        calls.ShouldHaveSingleItem()["outcome"]!.GetValue<string>().ShouldBe("upstreamError");
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}""", 200)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no","data":{"x":1}}}""", 200)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"unknown"}}""", 404)]
    public async Task An_error_of_the_tool_passes_as_it_is_and_counts_as_one(string message, int status)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = (http, _) => FakeUpstream.JsonAsync(http, message, status);
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        var answer = await gateway.PostAsync(slug, Mcp.Call("get"));

        answer.Body.ShouldBe(message);
        ((int)answer.Status).ShouldBe(status);
        (await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem()["outcome"]!.GetValue<string>().ShouldBe("toolError");
    }

    private static async Task FailAsync(HttpContext http, string failure, Uri trap)
    {
        switch (failure)
        {
            case "garbage": await FakeUpstream.JsonAsync(http, "{nope"); break;
            case "empty": await FakeUpstream.JsonAsync(http, ""); break;
            case "an array": await FakeUpstream.JsonAsync(http, "[" + Mcp.Result("{}") + "]"); break;
            case "html": await FakeUpstream.BytesAsync(http, "<html>Bad gateway</html>"u8.ToArray(), "text/html", 502); break;
            case "no content type": http.Response.StatusCode = 200; break;
            case "redirect":
                http.Response.StatusCode = 307;
                http.Response.Headers.Location = trap.ToString();
                break;
            case "gzip":
                http.Response.Headers.ContentEncoding = "gzip";
                using (var zipped = new MemoryStream())
                {
                    await using (var zip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true)) await zip.WriteAsync(Encoding.UTF8.GetBytes(Mcp.Result("{}")));
                    await FakeUpstream.BytesAsync(http, zipped.ToArray(), "application/json");
                }

                break;
            case "too long":
                http.Response.ContentType = "application/json";
                http.Response.ContentLength = (10 << 20) + 1;
                await http.Response.Body.FlushAsync();
                await FakeUpstream.HangAsync(http, null!);
                break;
            case "stream without answer": await FakeUpstream.EventsAsync(http); break;
            case "half an event":
                http.Response.ContentType = "text/event-stream";
                await http.Response.WriteAsync($"data: {Mcp.Result("{}")}\n");
                break;
            case "garbage event": await FakeUpstream.EventsAsync(http, "{nope"); break;
            case "reset": http.Abort(); break;
            case "cut short":
                http.Response.ContentType = "application/json";
                http.Response.ContentLength = 1000;
                await http.Response.WriteAsync("""{"jsonrpc":"2.0","id":1,"result":{""");
                await http.Response.Body.FlushAsync();
                http.Abort();
                break;
            case "headers too large":
                http.Response.Headers["X-Big"] = new string('x', 40 << 10);
                await FakeUpstream.JsonAsync(http, Mcp.Result("{}"));
                break;
            default:
                http.Response.Headers.WWWAuthenticate = "Bearer resource_metadata=\"https://evil.example/\"";
                await FakeUpstream.JsonAsync(http, Mcp.Result("{}"), int.Parse(failure));
                break;
        }
    }
}
