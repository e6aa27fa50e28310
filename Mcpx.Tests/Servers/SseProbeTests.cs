using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Servers;

/// <summary>The transport of 2024-11-05, found where nothing newer answers.</summary>
public sealed class SseProbeTests : IAsyncLifetime
{
    private readonly TestClock _clock = new();
    private SseUpstream _upstream = null!;

    public async ValueTask InitializeAsync() => _upstream = await SseUpstream.StartAsync();

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    [Fact]
    public async Task It_is_found_and_its_stream_closed_again()
    {
        (await ProbeAsync()).ShouldBe(new UpstreamProtocol(UpstreamEras.Session, OverSse: true, "2024-11-05", _clock.GetUtcNow()));

        _upstream.Requests.Select(r => (r.Method, r.Path.Split('?')[0])).ShouldBe([("POST", "/sse"), ("POST", "/sse"), ("GET", "/sse"), ("POST", "/messages")]);
        _upstream.Requests.ShouldAllBe(r => r.Headers["X-Key"] == "the-secret-key");
        await Eventually.TrueAsync(() => _upstream.Streams == 0, "the stream is closed", TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("http://localhost:{port}/messages")]
    [InlineData("http://127.0.0.1:9/messages")]
    [InlineData("https://127.0.0.1:{port}/messages")]
    [InlineData("//evil.example/messages")]
    [InlineData("http://127.0.0.1:{port}@evil.example/messages")]
    [InlineData("http://user:pass@127.0.0.1:{port}/messages")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://[")]
    public async Task An_address_of_another_origin_is_not_posted_to(string endpoint)
    {
        _upstream.Endpoint = _ => endpoint.Replace("{port}", _upstream.Url.Port.ToString());

        ConnectionFailure.Explain(await Should.ThrowAsync<NotMcpException>(ProbeAsync)).ShouldNotBeNull().ShouldStartWith("The server's event stream names");

        _upstream.Requests.ShouldNotContain(r => r.Path.StartsWith("/messages"));
    }

    [Fact]
    public async Task A_whole_address_of_the_same_origin_is_posted_to()
    {
        _upstream.Endpoint = id => new Uri(_upstream.Url, $"/messages?sessionId={id}").AbsoluteUri;

        (await ProbeAsync()).OverSse.ShouldBeTrue();
    }

    [Fact]
    public async Task A_stream_that_names_no_endpoint_in_time_is_not_this_transport()
    {
        var opened = new TaskCompletionSource();
        _upstream.Open = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync(": welcome\n\n");
            await http.Response.Body.FlushAsync();
            opened.SetResult();
            await FakeUpstream.HangAsync(http, null!);
            return true;
        };

        var probing = ProbeAsync();
        await opened.Task.WaitAsync(TestContext.Current.CancellationToken);
        _clock.Advance(TimeSpan.FromSeconds(5));

        ConnectionFailure.Explain(await Should.ThrowAsync<HttpRequestException>(probing)).ShouldBe("The server answered 405. Is this the address of its MCP endpoint?");
    }

    [Fact]
    public async Task A_stream_that_then_keeps_silent_is_left_after_the_limit()
    {
        var asked = new TaskCompletionSource();
        _upstream.Answer = (_, _) =>
        {
            asked.SetResult();
            return Task.CompletedTask;
        };

        var probing = ProbeAsync();
        await asked.Task.WaitAsync(TestContext.Current.CancellationToken);
        _clock.Advance(TimeSpan.FromSeconds(10));

        await Should.ThrowAsync<TimeoutException>(probing);
        await Eventually.TrueAsync(() => _upstream.Streams == 0, "the stream is closed", TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_stream_that_ends_or_refuses_says_so()
    {
        _upstream.Answer = (_, _) =>
        {
            _upstream.CloseStreams();
            return Task.CompletedTask;
        };
        ConnectionFailure.Explain(await Should.ThrowAsync<NotMcpException>(ProbeAsync)).ShouldBe("The server's event stream ended without an answer.");

        _upstream.Answer = (session, _) =>
        {
            session.Send("""{"jsonrpc":"2.0","id":"mcpx-probe","error":{"code":-32000,"message":"Closed for today"}}""");
            return Task.CompletedTask;
        };
        ConnectionFailure.Explain(await Should.ThrowAsync<NotMcpException>(ProbeAsync)).ShouldBe("The server refuses to initialize: Closed for today (-32000).");
    }

    private Task<UpstreamProtocol> ProbeAsync() =>
        Probes.ProbeAsync(_upstream.Url, _clock, new CredentialInput(CredentialKind.ApiKey, "X-Key", new Secret("the-secret-key")));
}
