using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mcpx.Tests.Fixtures;

/// <summary>
/// An upstream of the transport of 2024-11-05: a standing stream at <c>/sse</c> that names <c>/messages?sessionId=…</c>,
/// where messages are posted; every answer comes over the stream. Its tools: <c>echo</c> returns its <c>message</c>,
/// <c>ask</c> asks the client by <c>elicitation/create</c> and returns what it chose, <c>steps</c> reports progress thrice.
/// </summary>
public sealed class SseUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Session> _sessions = new();

    private SseUpstream(WebApplication app) => _app = app;

    /// <summary>Does what the upstream would do with one message; the session sends answers.</summary>
    public delegate Task Script(Session session, JsonNode message);

    /// <summary>Every request: the streams' GETs and the messages' POSTs.</summary>
    public ConcurrentQueue<SeenRequest> Requests { get; } = new();

    /// <summary>Replace it to answer otherwise; fall back to <see cref="DefaultAsync"/> for the rest.</summary>
    public Script Answer { get; set; } = DefaultAsync;

    /// <summary>Replaces the answer to the stream's GET, e.g. to refuse it; false goes on as usual.</summary>
    public Func<HttpContext, Task<bool>> Open { get; set; } = _ => Task.FromResult(false);

    /// <summary>What the endpoint event says for a session's id.</summary>
    public Func<string, string> Endpoint { get; set; } = id => $"/messages?sessionId={id}";

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/sse");

    /// <summary>The streams that are open now.</summary>
    public int Streams => _sessions.Count;

    public static async Task<SseUpstream> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var upstream = new SseUpstream(app);
        app.Run(upstream.HandleAsync);
        await app.StartAsync();
        return upstream;
    }

    /// <summary>One message to every open stream.</summary>
    public void SendToAll(string message)
    {
        foreach (var session in _sessions.Values) session.Send(message);
    }

    public void ToolsChanged() => SendToAll("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");

    /// <summary>Ends every stream, as a server that restarts does.</summary>
    public void CloseStreams()
    {
        foreach (var session in _sessions.Values) session.Close();
    }

    public static Task DefaultAsync(Session session, JsonNode message)
    {
        if (message["id"] is not { } id) return Task.CompletedTask;
        switch ((string?)message["method"])
        {
            case null:
                session.TakeAnswer(id.ToString(), message);
                break;
            case "initialize":
                session.Result(id, """{"protocolVersion":"2024-11-05","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"sse","version":"1"}}""");
                break;
            case "ping":
                session.Result(id, "{}");
                break;
            case "tools/list":
                session.Result(id, """{"tools":[{"name":"echo","inputSchema":{"type":"object"}},{"name":"ask","inputSchema":{"type":"object"}},{"name":"steps","inputSchema":{"type":"object"}}]}""");
                break;
            case "tools/call":
                return CallAsync(session, id, message["params"]!);
            default:
                session.Send($$$"""{"jsonrpc":"2.0","id":{{{id.ToJsonString()}}},"error":{"code":-32601,"message":"Method not found"}}""");
                break;
        }

        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        CloseStreams();
        await _app.DisposeAsync();
    }

    private static async Task CallAsync(Session session, JsonNode id, JsonNode call)
    {
        switch ((string?)call["name"])
        {
            case "echo":
                session.Text(id, (string?)call["arguments"]?["message"] ?? "");
                break;
            case "ask":
                var answer = await session.AskAsync("elicitation/create", """{"message":"Sure?","requestedSchema":{"type":"object","properties":{}}}""");
                session.Text(id, (string?)answer["result"]?["action"] ?? answer.ToJsonString());
                break;
            case "steps":
                for (var step = 1; step <= 3 && call["_meta"]?["progressToken"] is { } token; step++)
                    session.Send($$$"""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{{{token.ToJsonString()}}},"progress":{{{step}}},"total":3}}""");
                session.Text(id, "done");
                break;
            default:
                session.Send($$$"""{"jsonrpc":"2.0","id":{{{id.ToJsonString()}}},"error":{"code":-32602,"message":"Unknown tool"}}""");
                break;
        }
    }

    private async Task HandleAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var headers = http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var request = new SeenRequest(http.Request.Method, http.Request.Path + http.Request.QueryString, headers, body.ToArray());
        Requests.Enqueue(request);
        if (request.Method == "GET" && http.Request.Path == "/sse") await StreamAsync(http);
        else if (request.Method == "POST" && http.Request.Path == "/messages") await TakeAsync(http, request);
        else http.Response.StatusCode = http.Request.Path == "/sse" ? 405 : 404;
    }

    private async Task StreamAsync(HttpContext http)
    {
        if (await Open(http)) return;
        var session = new Session(RandomNumberGenerator.GetHexString(16, lowercase: true));
        _sessions[session.Id] = session;
        try
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync($"event: endpoint\ndata: {Endpoint(session.Id)}\n\n");
            await http.Response.Body.FlushAsync();
            await foreach (var message in session.Outgoing.ReadAllAsync(http.RequestAborted))
            {
                await http.Response.WriteAsync($"event: message\ndata: {message}\n\n");
                await http.Response.Body.FlushAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The client closed the stream.
        }
        finally
        {
            _sessions.TryRemove(session.Id, out _);
        }
    }

    private async Task TakeAsync(HttpContext http, SeenRequest request)
    {
        if (!_sessions.TryGetValue(http.Request.Query["sessionId"].ToString(), out var session))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        http.Response.StatusCode = StatusCodes.Status202Accepted;
        await http.Response.WriteAsync("Accepted");
        // Beside the POST: a tool may wait for what the client posts next, perhaps on this connection.
        _ = Task.Run(() => Answer(session, JsonNode.Parse(request.Body)!));
    }

    /// <summary>One client's stream.</summary>
    public sealed class Session(string id)
    {
        private readonly Channel<string> _outgoing = Channel.CreateUnbounded<string>();
        private readonly ConcurrentDictionary<string, TaskCompletionSource<JsonNode>> _asked = new();
        private int _questions;

        public string Id => id;

        internal ChannelReader<string> Outgoing => _outgoing.Reader;

        public void Send(string message) => _outgoing.Writer.TryWrite(message);

        public void Result(JsonNode id, string result) => Send($$"""{"jsonrpc":"2.0","id":{{id.ToJsonString()}},"result":{{result}}}""");

        public void Text(JsonNode id, string text) =>
            Result(id, new JsonObject { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }) }.ToJsonString());

        /// <summary>A request of the server's; returns the client's whole answer.</summary>
        public Task<JsonNode> AskAsync(string method, string parameters)
        {
            var question = $"ask-{Interlocked.Increment(ref _questions)}";
            var answer = _asked[question] = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
            Send($$"""{"jsonrpc":"2.0","id":"{{question}}","method":"{{method}}","params":{{parameters}}}""");
            return answer.Task;
        }

        internal void TakeAnswer(string question, JsonNode answer)
        {
            if (_asked.TryRemove(question, out var waiting)) waiting.SetResult(answer);
        }

        internal void Close()
        {
            _outgoing.Writer.TryComplete();
            foreach (var waiting in _asked.Values) waiting.TrySetCanceled();
        }
    }
}
