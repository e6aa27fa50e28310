using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Mcpx.Bench.Upstream;

/// <summary>A stream on which the server could speak unasked: opened, and held until the other side goes.</summary>
internal static class UpstreamStream
{
    public static async Task HoldAsync(HttpContext context, byte[] first, UpstreamCounters counters)
    {
        counters.StreamOpened();
        try
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-store";
            context.Response.BodyWriter.Write(first);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The only way in which it ends.
        }
        finally
        {
            counters.StreamClosed();
        }
    }

    /// <summary>The first event of <c>subscriptions/listen</c>, which says what is honoured.</summary>
    public static byte[] Acknowledgement(ReadOnlySpan<byte> id) =>
    [
        .. "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\",\"params\":{\"notifications\":{\"toolsListChanged\":true},"u8,
        .. "\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":"u8, .. id, .. "}}}\n\n"u8,
    ];
}
