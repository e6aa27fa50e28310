using System.Threading.Channels;
using Mcpx.Tests.Fixtures;

namespace Mcpx.Tests.Gateways;

/// <summary>An upstream of 2024-11-05: one standing stream, and an address to POST to that it names there.</summary>
internal static class SseUpstream
{
    /// <param name="postTo">What the stream names, e.g. <c>/messages</c>.</param>
    public static FakeUpstream.Script Script(string postTo)
    {
        var answers = Channel.CreateUnbounded<string>();
        return async (http, request) =>
        {
            if (request.Method == "GET")
            {
                http.Response.ContentType = "text/event-stream";
                await ListingUpstream.SendAsync(http, $"event: endpoint\ndata: {postTo}");
                try
                {
                    await foreach (var answer in answers.Reader.ReadAllAsync(http.RequestAborted)) await ListingUpstream.SendAsync(http, $"event: message\ndata: {answer}");
                }
                catch (OperationCanceledException)
                {
                    // The client is gone.
                }

                return;
            }

            http.Response.StatusCode = request.Path == "/mcp" ? 405 : 202;
            var id = request.Path == "/mcp" ? "null" : FakeUpstream.IdOf(request);
            if (id == "null") return;
            var answered = request.Text switch
            {
                var t when t.Contains("\"initialize\"", StringComparison.Ordinal) => """ "result":{"protocolVersion":"2024-11-05","capabilities":{"tools":{}},"serverInfo":{"name":"old","version":"1"}}""",
                var t when t.Contains("tools/list", StringComparison.Ordinal) => """ "result":{"tools":[{"name":"old_tool"}]}""",
                _ => """ "error":{"code":-32601,"message":"Method not found"}""",
            };
            answers.Writer.TryWrite($$"""{"jsonrpc":"2.0","id":{{id}},{{answered}}}""");
        };
    }
}
