using System.Collections.Concurrent;
using System.Text;
using Mcpx.Core.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mcpx.Tests.Fixtures;

/// <summary>What an upstream saw.</summary>
public sealed record SeenRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>An upstream of the test's making: it keeps every request and answers as it is told.</summary>
public sealed class FakeUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeUpstream(WebApplication app) => _app = app;

    public delegate Task Script(HttpContext http, SeenRequest request);

    public ConcurrentQueue<SeenRequest> Requests { get; } = new();

    /// <summary>Echoes the id with an empty result until it is replaced.</summary>
    public Script Answer { get; set; } = (http, request) => JsonAsync(http, $$"""{"jsonrpc":"2.0","id":{{IdOf(request)}},"result":{} }""");

    /// <summary>
    /// Answers the requests by which the gateway finds out how a server is spoken to; in both eras until it is replaced.
    /// They are kept apart, so that a test sees its own; null leaves them to <see cref="Answer"/>.
    /// </summary>
    public Script? Probe { get; set; } = BothErasAsync;

    public ConcurrentQueue<SeenRequest> Probes { get; } = new();

    /// <summary>
    /// Answers the readings by which the gateway watches tool definitions: by default it is not available to them, so that
    /// nothing is pinned. Null leaves them to <see cref="Answer"/>.
    /// </summary>
    public Script? Reading { get; set; } = (http, _) => JsonAsync(http, "{}", StatusCodes.Status503ServiceUnavailable);

    public ConcurrentQueue<SeenRequest> Readings { get; } = new();

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/mcp");

    public static async Task<FakeUpstream> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var upstream = new FakeUpstream(app);
        app.Run(upstream.HandleAsync);
        await app.StartAsync();
        return upstream;
    }

    public static Task JsonAsync(HttpContext http, string json, int status = 200) => BytesAsync(http, Encoding.UTF8.GetBytes(json), "application/json", status);

    public static async Task BytesAsync(HttpContext http, byte[] body, string contentType, int status = 200)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body);
    }

    public static async Task EventsAsync(HttpContext http, params string[] messages)
    {
        http.Response.ContentType = "text/event-stream";
        foreach (var message in messages)
        {
            await http.Response.WriteAsync($"event: message\ndata: {message}\n\n");
            await http.Response.Body.FlushAsync();
        }
    }

    /// <summary>Sends this over and over until the caller hangs up.</summary>
    public static async Task FloodAsync(HttpContext http, byte[] piece)
    {
        http.Response.ContentType = "text/event-stream";
        while (!http.RequestAborted.IsCancellationRequested)
        {
            await http.Response.Body.WriteAsync(piece, CancellationToken.None);
            // On a connection that broke, Kestrel's writes return at once: without a turn for others, who is to tell of it?
            await Task.Yield();
        }
    }

    /// <summary>A stream without events, until the caller hangs up.</summary>
    public static async Task StandAsync(HttpContext http, SeenRequest request)
    {
        http.Response.ContentType = "text/event-stream";
        await http.Response.Body.FlushAsync();
        await HangAsync(http, request);
    }

    /// <summary>Answers nothing until the caller hangs up.</summary>
    public static Task HangAsync(HttpContext http, SeenRequest request)
    {
        var gone = new TaskCompletionSource();
        http.RequestAborted.Register(gone.SetResult);
        return gone.Task;
    }

    public static Task BothErasAsync(HttpContext http, SeenRequest request) => JsonAsync(http, request.Text.Contains("server/discover", StringComparison.Ordinal)
        ? $$$"""{"jsonrpc":"2.0","id":{{{IdOf(request)}}},"result":{"resultType":"complete","supportedVersions":["2026-07-28","2025-11-25"],"capabilities":{"tools":{} },"ttlMs":0,"cacheScope":"private"} }"""
        : $$$"""{"jsonrpc":"2.0","id":{{{IdOf(request)}}},"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{} },"serverInfo":{"name":"fake","version":"1"} } }""");

    public static string IdOf(SeenRequest request)
    {
        using var body = System.Text.Json.JsonDocument.Parse(request.Body);
        return body.RootElement.TryGetProperty("id", out var id) ? id.GetRawText() : "null";
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task HandleAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var headers = http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var request = new SeenRequest(http.Request.Method, http.Request.Path, headers, body.ToArray());
        if (Probe is { } probe && request.Body.Length < 1000 && request.Body.AsSpan().IndexOf("\"mcpx-probe\""u8) >= 0)
        {
            Probes.Enqueue(request);
            await probe(http, request);
            return;
        }

        if (headers.GetValueOrDefault("User-Agent") == CatalogReader.DefinitionAgent)
        {
            Readings.Enqueue(request);
            await (Reading ?? Answer)(http, request);
            return;
        }

        Requests.Enqueue(request);
        await Answer(http, request);
    }
}
