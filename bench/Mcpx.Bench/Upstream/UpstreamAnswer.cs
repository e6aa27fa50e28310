using System.Buffers;
using System.Text;
using Mcpx.Bench.Wire;
using Microsoft.AspNetCore.Http;

namespace Mcpx.Bench.Upstream;

/// <summary>Answers put together from bytes, without a serializer.</summary>
internal static class UpstreamAnswer
{
    private const string ServerInfo = """{"name":"mcpx-bench-upstream","version":"1"}""";

    private const string StatelessMembers = $$""","resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{{ServerInfo}}}""";
    private const string CacheMembers = ""","cacheScope":"public","ttlMs":60000""";

    /// <summary>The result of every method but <c>tools/call</c>; null when the method is unknown.</summary>
    /// <param name="tools">How many tools are listed.</param>
    public static string? ResultOf(string method, bool stateless, int tools)
    {
        var tail = stateless ? CacheMembers + StatelessMembers : "";
        return method switch
        {
            "initialize" => $$"""{"protocolVersion":"{{McpWire.SessionVersion}}","capabilities":{"tools":{} },"serverInfo":{{ServerInfo}} }""",
            "server/discover" when stateless =>
                $$"""{"capabilities":{"tools":{} },"supportedVersions":["{{McpWire.StatelessVersion}}"]{{tail}} }""",
            "tools/list" => $$"""{"tools":[{{string.Join(',', Enumerable.Range(0, tools).Select(Tool))}}]{{tail}} }""",
            "ping" => "{}",
            _ => null,
        };
    }

    public static Task WriteResultAsync(HttpContext context, byte[] id, string result, bool sse) =>
        WriteAsync(context, "{\"jsonrpc\":\"2.0\",\"id\":"u8, id, Encoding.UTF8.GetBytes($",\"result\":{result}}}"), sse);

    public static Task WriteErrorAsync(HttpContext context, int status, byte[] id, int code, string message)
    {
        context.Response.StatusCode = status;
        var error = $$""","error":{"code":{{code}},"message":"{{message}}"} }""";
        return WriteAsync(
            context, "{\"jsonrpc\":\"2.0\",\"id\":"u8, id.Length == 0 ? "null"u8 : id, Encoding.UTF8.GetBytes(error), sse: false);
    }

    /// <summary>Progress, each event sent when it is written, and the answer as the last of them.</summary>
    public static async Task WriteEventsAsync(HttpContext context, UpstreamRequest request)
    {
        BeginStream(context);
        for (var step = 1; step < request.Events; step++)
        {
            Encoding.ASCII.GetBytes(Progress(step), context.Response.BodyWriter);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
        await WriteEchoAsync(context, request, sse: true);
    }

    public static Task WriteEchoAsync(HttpContext context, in UpstreamRequest request, bool sse)
    {
        var padding = Math.Max(0, request.AnswerBytes - McpWire.SmallestAnswer);
        var tail = request.Stateless ? "\"}],\"isError\":false" + StatelessMembers + "}}" : "\"}],\"isError\":false}}";
        var writer = context.Response.BodyWriter;
        var head = ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\""u8;
        Begin(context, sse, "{\"jsonrpc\":\"2.0\",\"id\":"u8.Length + request.Id.Length + head.Length
            + (2 * request.Nonce!.Length) + padding + tail.Length);
        writer.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        writer.Write(request.Id);
        writer.Write(head);
        writer.Write(request.Nonce);
        for (var left = padding; left > 0;)
        {
            var piece = writer.GetSpan(Math.Min(left, 4096));
            var length = Math.Min(left, piece.Length);
            piece[..length].Fill((byte)'x');
            writer.Advance(length);
            left -= length;
        }
        writer.Write(request.Nonce);
        Encoding.ASCII.GetBytes(tail, writer);
        return EndAsync(context, sse);
    }

    private static string Tool(int index) =>
        $$$"""{"name":"{{{McpWire.ToolName}}}{{{(index == 0 ? "" : $"_{index}")}}}","description":"Answers with the nonce of the call, as often as it takes to fill the text.","""
        + """ "inputSchema":{"type":"object","properties":{"nonce":{"type":"string","description":"Sixteen hexadecimal digits."},"bytes":{"type":"integer","description":"The length of the text."}},"required":["nonce"]}}""";

    private static Task WriteAsync(
        HttpContext context, ReadOnlySpan<byte> head, ReadOnlySpan<byte> id, ReadOnlySpan<byte> tail, bool sse)
    {
        Begin(context, sse, head.Length + id.Length + tail.Length);
        var writer = context.Response.BodyWriter;
        writer.Write(head);
        writer.Write(id);
        writer.Write(tail);
        return EndAsync(context, sse);
    }

    private static void BeginStream(HttpContext context)
    {
        if (context.Response.HasStarted) return;
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
    }

    private static void Begin(HttpContext context, bool sse, long length)
    {
        if (sse)
        {
            BeginStream(context);
            context.Response.BodyWriter.Write("event: message\ndata: "u8);
            return;
        }
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = length;
    }

    private static string Progress(int step) =>
        $$$"""event: message{{{'\n'}}}data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"{{{McpWire.ProgressToken}}}","progress":{{{step}}},"message":"Still at it"}}{{{"\n\n"}}}""";

    private static Task EndAsync(HttpContext context, bool sse)
    {
        if (sse) context.Response.BodyWriter.Write("\n\n"u8);
        return context.Response.BodyWriter.FlushAsync().AsTask();
    }
}
