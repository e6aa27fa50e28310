using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Fixtures;

/// <summary>The test upstream is the old transport as the official client knows it.</summary>
public sealed class SseUpstreamTests
{
    [Fact]
    public async Task The_official_client_is_asked_hears_progress_and_of_changes()
    {
        await using var upstream = await SseUpstream.StartAsync();
        var changed = new TaskCompletionSource();
        var options = new McpClientOptions { ProtocolVersion = "2024-11-05" };
        options.Handlers.ElicitationHandler = (_, _) => ValueTask.FromResult(new ElicitResult { Action = "decline" });
        var steps = 0;
        options.Handlers.NotificationHandlers =
        [
            new(NotificationMethods.ToolListChangedNotification, (_, _) => { changed.TrySetResult(); return ValueTask.CompletedTask; }),
            // Not the call's own listener: it is gone when the answer overtakes a step inside the client.
            new(NotificationMethods.ProgressNotification, (_, _) => { Interlocked.Increment(ref steps); return ValueTask.CompletedTask; }),
        ];
        await using (var client = await ConnectAsync(upstream.Url, options))
        {
            (await client.ListToolsAsync(cancellationToken: Cancelled)).Select(t => t.Name).ShouldBe(["echo", "ask", "steps"]);
            (await CallAsync(client, "echo", new() { ["message"] = "hi" })).ShouldBe("hi");
            (await CallAsync(client, "ask")).ShouldBe("decline");
            (await CallAsync(client, "steps", progress: new Unheard())).ShouldBe("done");
            await Eventually.TrueAsync(() => Volatile.Read(ref steps) == 3, "three steps were heard of", Cancelled);
            upstream.ToolsChanged();
            await changed.Task.WaitAsync(Cancelled);
            upstream.Streams.ShouldBe(1);
        }

        await Eventually.TrueAsync(() => upstream.Streams == 0, "the stream of a client that left is closed", Cancelled);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static Task<McpClient> ConnectAsync(Uri url, McpClientOptions options) => McpClient.CreateAsync(
        new HttpClientTransport(new HttpClientTransportOptions { Endpoint = url, TransportMode = HttpTransportMode.Sse }), options, cancellationToken: Cancelled);

    private static async Task<string> CallAsync(McpClient client, string tool, Dictionary<string, object?>? arguments = null, IProgress<ProgressNotificationValue>? progress = null) =>
        (await client.CallToolAsync(tool, arguments, progress, cancellationToken: Cancelled)).Content.OfType<TextContentBlock>().Single().Text;

    /// <summary>Has the client send a token.</summary>
    private sealed class Unheard : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value)
        {
        }
    }
}
