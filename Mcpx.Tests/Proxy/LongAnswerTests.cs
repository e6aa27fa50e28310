using System.Net;
using System.Text;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>
/// Answers far larger than what the gateway may hold, and streams that never stop. How much it holds is told by how far
/// the server gets ahead of the client: what was sent and not yet received lies in between, the kernel's buffers included.
/// </summary>
public sealed class LongAnswerTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private const long MostInBetween = 32 << 20;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_hundred_megabytes_pass_and_are_never_held()
    {
        const int pieces = 1600;
        var piece = new byte[64 << 10];
        Array.Fill(piece, (byte)'x');
        byte[] start = Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","id":1,"result":{"x":" """), end = "\"}}"u8.ToArray();
        var lead = new Lead();
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = async (http, _) =>
        {
            http.Response.ContentType = "application/json";
            await http.Response.Body.WriteAsync(start);
            for (var i = 0; i < pieces; i++)
            {
                await http.Response.Body.WriteAsync(piece);
                lead.Sent(piece.Length);
            }

            await http.Response.Body.WriteAsync(end);
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        await gateway.SetLimitsAsync(slug, UpstreamLimits.Default with { AnswerMebibytes = 101 });

        using var answer = await gateway.OpenAsync(slug, Mcp.Call("get"), Cancelled);
        await using var body = await answer.Content.ReadAsStreamAsync(Cancelled);
        var buffer = new byte[64 << 10];
        var (total, filling) = (0L, 0L);
        int read;
        while ((read = await body.ReadAsync(buffer, Cancelled)) > 0)
        {
            lead.Received(read);
            total += read;
            filling += buffer.AsSpan(0, read).Count((byte)'x');
        }

        total.ShouldBe(start.Length + (long)pieces * piece.Length + end.Length);
        filling.ShouldBe((long)pieces * piece.Length + 1);
        lead.Most.ShouldBeLessThan(MostInBetween);
        var call = (await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem();
        (call["responseBytes"]!.GetValue<long>(), (string?)call["outcome"]).ShouldBe((total, "ok"));
    }

    [Fact]
    public async Task Ten_thousand_notifications_pass_complete_in_order_and_are_never_held()
    {
        const int count = 10_000;
        var padding = new string('x', 6_000);
        var lead = new Lead();
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            for (var i = 0; i < count; i++)
            {
                var line = $$$"""data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":{{{i}}},"message":"{{{padding}}}"}}""";
                await http.Response.WriteAsync(line + "\n\n");
                lead.Sent(line.Length + 2);
            }

            await http.Response.WriteAsync($"data: {Mcp.Result("{}")}\n\n");
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        await gateway.SetLimitsAsync(slug, UpstreamLimits.Default with { AnswerMebibytes = 64 });

        using var answer = await gateway.OpenAsync(slug, Mcp.Call("get"), Cancelled);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancelled));
        for (var i = 0; i < count; i++)
        {
            var line = (await reader.ReadLineAsync(Cancelled)).ShouldNotBeNull();
            line.StartsWith($$$"""data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":{{{i}}},""", StringComparison.Ordinal).ShouldBeTrue(line);
            lead.Received(line.Length + 2);
            (await reader.ReadLineAsync(Cancelled)).ShouldBe("");
        }

        (await reader.ReadToEndAsync(Cancelled)).ShouldBe($"data: {Mcp.Result("{}")}\n\n");
        lead.Most.ShouldBeLessThan(MostInBetween);
    }

    [Fact]
    public async Task Each_notification_is_seen_before_the_tool_sends_the_next()
    {
        const int count = 100;
        using var seen = new SemaphoreSlim(0);
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            for (var i = 0; i < count; i++)
            {
                await http.Response.WriteAsync($$$"""data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":{{{i}}}}}""" + "\n\n");
                await http.Response.Body.FlushAsync();
                await seen.WaitAsync(http.RequestAborted);
            }

            await http.Response.WriteAsync($"data: {Mcp.Result("{}")}\n\n");
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        using var answer = await gateway.OpenAsync(slug, Mcp.Call("get"), Cancelled);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancelled));
        for (var i = 0; i < count; i++)
        {
            (await reader.ReadLineAsync(Cancelled)).ShouldNotBeNull().ShouldContain($"\"progress\":{i}}}");
            (await reader.ReadLineAsync(Cancelled)).ShouldBe("");
            seen.Release();
        }

        (await reader.ReadToEndAsync(Cancelled)).ShouldContain("\"result\":{}");
    }

    [Fact]
    public async Task Streams_that_flood_do_not_disturb_calls_to_another_server()
    {
        const int calls = 20;
        var streams = Property.Times(normally: 8, nightly: 500);
        var flood = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{}}\n\n", 1000)));
        await using var flooding = await FakeUpstream.StartAsync();
        flooding.Answer = (http, _) => FakeUpstream.FloodAsync(http, flood);
        await using var calm = await FakeUpstream.StartAsync();
        var (flooded, _) = await gateway.AddUpstreamAsync(flooding.Url);
        var (other, _) = await gateway.AddUpstreamAsync(calm.Url);
        await gateway.SetLimitsAsync(flooded, new UpstreamLimits(FirstByteSeconds: 300, AnswerMebibytes: 1024, ConcurrentCalls: 1000));
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);

        // Every other client does not read at all: then it is the gateway that must not swallow the flood.
        var open = await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => gateway.OpenAsync(flooded, Mcp.Call("get"), enough.Token)));
        var readers = open.Where((_, i) => i % 2 == 0).Select(answer => SwallowAsync(answer, enough.Token)).ToList();
        for (var i = 0; i < calls; i++) (await gateway.PostAsync(other, Mcp.Call("get"))).Json["result"].ShouldNotBeNull();

        open.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.OK);
        await enough.CancelAsync();
        await Task.WhenAll(readers);
        foreach (var answer in open) answer.Dispose();
        (await gateway.CallsOfAsync(other)).Count(c => (string?)c["outcome"] == "ok").ShouldBe(calls);
    }

    private static async Task SwallowAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            await (await answer.Content.ReadAsStreamAsync(cancellationToken)).CopyToAsync(Stream.Null, cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException or IOException)
        {
            // Stopped by the test, or at the answer's limit.
        }
    }

    /// <summary>How far the sender was ahead of the receiver at most, in bytes.</summary>
    private sealed class Lead
    {
        private long _between;
        private long _most;

        public long Most => Volatile.Read(ref _most);

        public void Sent(int bytes)
        {
            // One sender: nobody else writes the maximum.
            var between = Interlocked.Add(ref _between, bytes);
            if (between > _most) Volatile.Write(ref _most, between);
        }

        public void Received(int bytes) => Interlocked.Add(ref _between, -bytes);
    }
}
