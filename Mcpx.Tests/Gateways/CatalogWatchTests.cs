using Mcpx.ConformanceServer;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using ModelContextProtocol.Client;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Gateways;

/// <summary>The connection on which a server tells that its lists changed.</summary>
public sealed class CatalogWatchTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, "tools")]
    [InlineData(false, "prompts")]
    [InlineData(false, "resources")]
    [InlineData(true, "tools")]
    [InlineData(true, "prompts")]
    [InlineData(true, "resources")]
    public async Task It_hears_each_change_until_it_is_stopped(bool isStateless, string what)
    {
        await using var upstream = await ListingUpstream.StartAsync(isStateless);
        upstream.Capabilities = ListingUpstream.Everything;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var heard = 0;

        var watching = CatalogReaderTests.Reader().WatchAsync(Catalogs.Server(upstream.Url).Server, null, () => Interlocked.Increment(ref heard), stop.Token);
        await Eventually.TrueAsync(() => heard == 1 && upstream.OpenStreams == 1, "the stream is open and told so", Cancelled);
        upstream.Tell(what);
        await Eventually.TrueAsync(() => heard == 2, "the change is heard", Cancelled);
        upstream.Tell(what);
        await Eventually.TrueAsync(() => heard == 3, "the next change is heard", Cancelled);
        await stop.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(watching);
        await Eventually.TrueAsync(() => upstream.OpenStreams == 0, "the stream is closed", Cancelled);
        if (isStateless) upstream.Requests.Single(r => r.Text.Contains("subscriptions/listen", StringComparison.Ordinal)).Headers["Mcp-Method"].ShouldBe("subscriptions/listen");
    }

    [Fact]
    public async Task A_real_server_is_read_and_heard_too()
    {
        await using var server = await ConformanceServerApp.StartAsync(["--port", "0"], Cancelled);
        var url = new Uri(new Uri(server.Urls.Single()), ConformanceServerApp.Path);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var heard = 0;
        var catalog = await CatalogReaderTests.Reader().ReadAsync(Catalogs.Server(url).Server, null, Cancelled);
        catalog.Tools.Select(t => t.Key).ShouldContain("test_trigger_tool_change");
        catalog.Prompts.Select(p => p.Key).ShouldContain("test_simple_prompt");
        catalog.Resources.Select(r => r.Key).ShouldContain("test://static-text");
        catalog.ResourceTemplates.Select(r => r.Key).ShouldBe(["test://template/{id}/data"]);
        catalog.TimeToLive.ShouldBe(TimeSpan.FromMinutes(5));
        var watching = CatalogReaderTests.Reader().WatchAsync(Catalogs.Server(url).Server, null, () => Interlocked.Increment(ref heard), stop.Token);
        await Eventually.TrueAsync(() => heard == 1, "the subscription stands", Cancelled);

        await using var client = await McpClient.CreateAsync(new HttpClientTransport(new HttpClientTransportOptions { Endpoint = url }), cancellationToken: Cancelled);
        await client.CallToolAsync("test_trigger_tool_change", cancellationToken: Cancelled);

        await Eventually.TrueAsync(() => heard >= 2, "the change is heard", Cancelled);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(watching);
    }

    [Fact]
    public async Task A_server_that_tells_nothing_is_not_held_on_to()
    {
        await using var upstream = await ListingUpstream.StartAsync();

        (await CatalogReaderTests.Reader().WatchAsync(Catalogs.Server(upstream.Url).Server, null, () => { }, Cancelled)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_stream_that_breaks_or_a_server_that_is_gone_is_an_end_to_try_again_after()
    {
        var upstream = await ListingUpstream.StartAsync();
        upstream.Capabilities = ListingUpstream.Everything;
        var server = Catalogs.Server(upstream.Url).Server;
        var watching = CatalogReaderTests.Reader().WatchAsync(server, null, () => { }, Cancelled);
        // The stream may open before the handshake's last message is out, and a server that goes then was never connected.
        await Eventually.TrueAsync(() => upstream.OpenStreams == 1 && upstream.Requests.Any(r => r.Text.Contains("notifications/initialized", StringComparison.Ordinal)), "the stream is open", Cancelled);

        await upstream.DisposeAsync();

        (await watching).ShouldBeTrue();
        (await Should.ThrowAsync<CatalogException>(CatalogReaderTests.Reader().WatchAsync(server, null, () => { }, Cancelled))).Reason.ShouldBe(CatalogReasons.Unreachable);
    }
}
