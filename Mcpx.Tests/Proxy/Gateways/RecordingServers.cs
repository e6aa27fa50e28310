using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol.Protocol;

namespace Mcpx.Tests.Proxy.Gateways;

/// <summary>A call as it reached a server.</summary>
/// <param name="Server">The path that it came to.</param>
/// <param name="Call">The argument <c>call</c>, by which the test knows it again.</param>
/// <param name="Header">What <c>Mcp-Name</c> says; null where there is none.</param>
internal sealed record ReachedCall(string Server, int Call, string Name, string? Header, byte[] Body);

/// <summary>Many servers in one, each at a path of its own, that keep what calls reached them. They answer with their path and the name.</summary>
internal sealed class RecordingServers : IAsyncDisposable
{
    private readonly FakeUpstream _upstream;
    private readonly FakeUpstream.Script _openings;
    private readonly ConcurrentDictionary<string, string[]> _tools = new();

    private RecordingServers(FakeUpstream upstream, FakeUpstream.Script openings)
    {
        (_upstream, _openings) = (upstream, openings);
        upstream.Probe = openings;
        upstream.Answer = AnswerAsync;
    }

    public ConcurrentQueue<ReachedCall> Calls { get; } = new();

    /// <param name="eras"><c>session</c>, <c>stateless</c> or <c>both</c>.</param>
    public static async Task<RecordingServers> StartAsync(string eras) =>
        new(await FakeUpstream.StartAsync(), eras switch { "session" => Eras.SessionOnlyAsync, "stateless" => Eras.StatelessOnlyAsync, _ => FakeUpstream.BothErasAsync });

    public Uri Add(string name, params string[] tools)
    {
        _tools["/" + name] = tools;
        return new Uri(_upstream.Url, "/" + name);
    }

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    private Task AnswerAsync(HttpContext http, SeenRequest request)
    {
        // Nobody reads them here, and a hundred thousand would stay.
        _upstream.Requests.Clear();
        var message = request.Method == "POST" ? JsonNode.Parse(request.Body) : null;
        if (message?["id"] is null)
        {
            http.Response.StatusCode = request.Method switch { "POST" => 202, "DELETE" => 200, _ => 405 };
            return Task.CompletedTask;
        }

        var method = (string)message["method"]!;
        if (method is "initialize" or "server/discover") return _openings(http, request);
        var result = method switch
        {
            "tools/list" => Mcp.ToolList(_tools[request.Path]),
            "tools/call" => Reached(request, message),
            _ => "{}",
        };
        return FakeUpstream.JsonAsync(http, $$"""{"jsonrpc":"2.0","id":{{FakeUpstream.IdOf(request)}},"result":{{result}}}""");
    }

    private string Reached(SeenRequest request, JsonNode message)
    {
        var name = (string)message["params"]!["name"]!;
        var header = request.Headers.GetValueOrDefault("Mcp-Name");
        Calls.Enqueue(new ReachedCall(request.Path[1..], (int)message["params"]!["arguments"]!["call"]!, name, header is null ? null : McpHeaderEncoder.DecodeValue(header), request.Body));
        return JsonSerializer.Serialize(new { server = request.Path[1..], tool = name });
    }
}
