using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy.Bridge;

/// <summary>A session-era client that shows a test every byte.</summary>
internal sealed class SessionClient(GatewayFixture gateway, string path, string handle, JsonNode opening)
{
    public string Handle => handle;

    /// <summary>The result of <c>initialize</c>.</summary>
    public JsonNode Opening => opening;

    public static string Initialize(string version, string capabilities) =>
        $$$"""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"{{{version}}}","capabilities":{{{capabilities}}},"clientInfo":{"name":"old","version":"1"} } }""";

    public static Task<SessionClient> OpenAsync(GatewayFixture gateway, string server, string capabilities = "{}", string version = "2025-11-25") =>
        OpenAtAsync(gateway, $"/mcp/{gateway.Organization}/server/{server}", capabilities, version);

    public static async Task<SessionClient> OpenAtAsync(GatewayFixture gateway, string path, string capabilities = "{}", string version = "2025-11-25")
    {
        var answer = await gateway.SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(Initialize(version, capabilities)), gateway.Token);
        answer.Status.ShouldBe(System.Net.HttpStatusCode.OK, answer.Body);
        answer.Json["error"].ShouldBeNull(answer.Body);
        var client = new SessionClient(gateway, path, answer.Headers.GetValues("Mcp-Session-Id").Single(), answer.Json["result"]!);
        (await client.PostAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""")).Status.ShouldBe(System.Net.HttpStatusCode.Accepted);
        return client;
    }

    public Task<HttpAnswer> PostAsync(string message) => gateway.SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(message), gateway.Token, ("Mcp-Session-Id", handle));

    /// <summary>The answer's message; the last one of a stream.</summary>
    public async Task<string> SendAsync(string message)
    {
        var answer = await PostAsync(message);
        return answer.ContentType == "text/event-stream" ? answer.Json.ToJsonString() : answer.Body;
    }

    public Task<HttpAnswer> EndAsync() => gateway.SendAsync(HttpMethod.Delete, path, null, gateway.Token, ("Mcp-Session-Id", handle));

    /// <summary>A call whose messages are read as they come.</summary>
    public Task<MessageStream> StartAsync(string message) => MessageStream.OpenAsync(new Uri(gateway.Url, path), HttpMethod.Post, message, gateway.Token, default, ("Mcp-Session-Id", handle));

    /// <summary>The standing stream.</summary>
    public Task<MessageStream> ListenAsync() => MessageStream.OpenAsync(new Uri(gateway.Url, path), HttpMethod.Get, null, gateway.Token, default, ("Mcp-Session-Id", handle));
}

/// <summary>An answer's messages, one after the other.</summary>
internal sealed class MessageStream(HttpMessageInvoker http, HttpResponseMessage response, StreamReader reader) : IAsyncDisposable
{
    public static async Task<MessageStream> OpenAsync(Uri url, HttpMethod method, string? message, string token, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        var http = new HttpMessageInvoker(new SocketsHttpHandler());
        using var request = new HttpRequestMessage(method, url);
        if (message is not null) request.Content = new StringContent(message, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        var response = await http.SendAsync(request, cancellationToken);
        return new MessageStream(http, response, new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)));
    }

    public HttpResponseMessage Response => response;

    /// <summary>Fails when the stream ends before.</summary>
    public async Task<JsonNode> NextAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        if (response.Content.Headers.ContentType?.MediaType == "application/json") return JsonNode.Parse(await reader.ReadToEndAsync(patience.Token))!;
        while (await reader.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith("data: {", StringComparison.Ordinal)) return JsonNode.Parse(line[6..])!;
        }

        throw new InvalidOperationException("The stream has ended.");
    }

    public ValueTask DisposeAsync()
    {
        reader.Dispose();
        response.Dispose();
        http.Dispose();
        return ValueTask.CompletedTask;
    }
}
