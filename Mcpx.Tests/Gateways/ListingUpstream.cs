using System.Text.Json.Nodes;
using System.Threading.Channels;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace Mcpx.Tests.Gateways;

/// <summary>An upstream that lists what the test says, in one era, and tells changes when the test says so.</summary>
internal sealed class ListingUpstream : IAsyncDisposable
{
    public const string Everything = """{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"listChanged":true}}""";

    private readonly FakeUpstream _upstream;
    private readonly bool _isStateless;
    private readonly Channel<string> _notices = Channel.CreateUnbounded<string>();
    private CancellationTokenSource _breaking = new();

    private ListingUpstream(FakeUpstream upstream, bool isStateless)
    {
        (_upstream, _isStateless) = (upstream, isStateless);
        upstream.Answer = AnswerAsync;
    }

    public Uri Url => _upstream.Url;

    public IEnumerable<SeenRequest> Requests => _upstream.Requests;

    public string Capabilities { get; set; } = """{"tools":{}}""";

    /// <summary>The result of a list by its method and cursor; null answers that the method is unknown.</summary>
    public Func<string, string?, string?> Lists { get; set; } = (method, _) => method == "tools/list" ? Tools("get") : Empty(method);

    /// <summary>Answers instead of the lists.</summary>
    public FakeUpstream.Script? Instead { get; set; }

    public int OpenStreams { get; private set; }

    public int StreamsSoFar { get; private set; }

    public int Listings => _upstream.Requests.Count(r => r.Text.Contains("tools/list", StringComparison.Ordinal));

    public static async Task<ListingUpstream> StartAsync(bool isStateless = false) => new(await FakeUpstream.StartAsync(), isStateless);

    public static string Tools(params string[] names) => "{\"tools\":[" + string.Join(',', names.Select(n => $"{{\"name\":\"{n}\"}}")) + "]}";

    public static string Empty(string method) => method switch
    {
        "prompts/list" => """{"prompts":[]}""",
        "resources/list" => """{"resources":[]}""",
        "resources/templates/list" => """{"resourceTemplates":[]}""",
        _ => """{"tools":[]}""",
    };

    public void Tell(string what) => _notices.Writer.TryWrite($$"""{"jsonrpc":"2.0","method":"notifications/{{what}}/list_changed"}""");

    public void BreakStreams() => Interlocked.Exchange(ref _breaking, new CancellationTokenSource()).Cancel();

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    private Task AnswerAsync(HttpContext http, SeenRequest request)
    {
        if (Instead is not null) return Instead(http, request);
        if (request.Method == "GET") return StreamAsync(http, first: null);
        if (request.Method == "DELETE") return Task.CompletedTask;
        var body = JsonNode.Parse(request.Body)!;
        var id = FakeUpstream.IdOf(request);
        var method = (string)body["method"]!;
        if (id == "null")
        {
            http.Response.StatusCode = 202;
            return Task.CompletedTask;
        }

        if (method == "subscriptions/listen")
            return StreamAsync(http, $$$"""{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":{{{id}}}},"notifications":{{{body["params"]!["notifications"]!.ToJsonString()}}}}}""");
        var result = method switch
        {
            "server/discover" => _isStateless ? $$"""{"supportedVersions":["2026-07-28"],"capabilities":{{Capabilities}},"instructions":"Be kind.","ttlMs":60000,"cacheScope":"private"}""" : null,
            "initialize" => _isStateless ? null : $$$"""{"protocolVersion":"2025-11-25","capabilities":{{{Capabilities}}},"serverInfo":{"name":"fake","version":"1"},"instructions":"Be kind."}""",
            _ => Lists(method, (string?)body["params"]?["cursor"]),
        };
        if (method == "initialize") http.Response.Headers["Mcp-Session-Id"] = "session";
        return FakeUpstream.JsonAsync(http, result is null
            ? $$$"""{"jsonrpc":"2.0","id":{{{id}}},"error":{"code":-32601,"message":"Method not found"}}"""
            : $$"""{"jsonrpc":"2.0","id":{{id}},"result":{{result}}}""");
    }

    private async Task StreamAsync(HttpContext http, string? first)
    {
        http.Response.ContentType = "text/event-stream";
        await SendAsync(http, first is null ? ": open" : $"data: {first}");
        OpenStreams++;
        StreamsSoFar++;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, _breaking.Token);
        try
        {
            await foreach (var notice in _notices.Reader.ReadAllAsync(end.Token)) await SendAsync(http, $"data: {notice}");
        }
        catch (OperationCanceledException)
        {
            // The client is gone, or the test breaks the stream.
        }
        finally
        {
            OpenStreams--;
        }
    }

    internal static async Task SendAsync(HttpContext http, string @event)
    {
        await http.Response.WriteAsync(@event + "\n\n", http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }
}
