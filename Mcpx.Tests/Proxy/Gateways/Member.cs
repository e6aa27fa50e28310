using System.Text.Json;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Microsoft.AspNetCore.Http;

namespace Mcpx.Tests.Proxy.Gateways;

/// <summary>A server that can be a member of a virtual gateway: it lists what it is told and says what it was asked.</summary>
internal sealed class Member(FakeUpstream upstream, string slug, string id) : IAsyncDisposable
{
    public string Slug => slug;

    public string Id => id;

    public FakeUpstream Upstream => upstream;

    /// <summary>Raw descriptions.</summary>
    public List<string> Tools { get; } = [];

    public List<string> Prompts { get; } = [];

    public List<string> Resources { get; } = [];

    /// <summary>Answers instead of the member; null lets it go on.</summary>
    public Func<JsonNode, FakeUpstream.Script?> Before { get; set; } = _ => null;

    /// <summary>Calls, readings and gettings, without lists and openings.</summary>
    public IEnumerable<SeenRequest> Calls => upstream.Requests.Where(r => r.Method == "POST" && (string?)JsonNode.Parse(r.Body)!["method"] is "tools/call" or "prompts/get" or "resources/read" or "completion/complete" or "tasks/get");

    private int _sessions;

    public static async Task<Member> StartAsync(GatewayFixture gateway, string eras = "both", params string[] tools)
    {
        var upstream = await FakeUpstream.StartAsync();
        if (eras == "session") upstream.Probe = Eras.SessionOnlyAsync;
        if (eras == "stateless") upstream.Probe = Eras.StatelessOnlyAsync;
        Member? member = null;
        upstream.Answer = (http, request) => member!.AnswerAsync(http, request, eras);
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        member = new Member(upstream, slug, id);
        member.Tools.AddRange(tools.Select(Tool));
        return member;
    }

    public static string Tool(string name) => $$$"""{"name":{{{JsonSerializer.Serialize(name)}}},"description":"of the server","inputSchema":{"type":"object"},"x-own":[ 1.0 ]}""";

    /// <summary>Lets it change its tools without anybody's approval.</summary>
    public Task TrustAsync(GatewayFixture gateway) => gateway.TrustDefinitionsAsync(id);

    public ValueTask DisposeAsync() => upstream.DisposeAsync();

    private async Task AnswerAsync(HttpContext http, SeenRequest request, string eras)
    {
        if (request.Method == "GET")
        {
            http.Response.StatusCode = 405;
            return;
        }

        if (request.Method != "POST") return;
        var message = JsonNode.Parse(request.Body)!;
        if (Before(message) is { } instead)
        {
            await instead(http, request);
            return;
        }

        if (message["id"] is null || message["method"] is null)
        {
            http.Response.StatusCode = 202;
            return;
        }

        var isStateless = message["params"]?["_meta"]?["io.modelcontextprotocol/protocolVersion"] is not null;
        var method = (string)message["method"]!;
        if (isStateless && eras == "session") await FakeUpstream.JsonAsync(http, """{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request"}}""", 400);
        else if (!isStateless && eras == "stateless") await FakeUpstream.JsonAsync(http, """{"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"no _meta"}}""", 400);
        else await FakeUpstream.JsonAsync(http, "{\"jsonrpc\":\"2.0\",\"id\":" + message["id"]!.ToJsonString() + ",\"result\":" + ResultOf(http, method, message, isStateless) + "}");
    }

    private string ResultOf(HttpContext http, string method, JsonNode message, bool isStateless)
    {
        var more = isStateless ? ",\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\"" : "";
        switch (method)
        {
            case "initialize":
                http.Response.Headers["Mcp-Session-Id"] = $"session-{Interlocked.Increment(ref _sessions)}";
                return """{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"prompts":{},"resources":{"subscribe":true},"completions":{},"logging":{}},"serverInfo":{"name":"m","version":"1"},"instructions":"Own words."}""";
            case "server/discover":
                return """{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"prompts":{},"resources":{"subscribe":true},"completions":{},"logging":{}},"instructions":"Own words.","ttlMs":0,"cacheScope":"private"}""";
            case "tools/list":
                return $"{{\"tools\":[{string.Join(',', Tools)}]{more}}}";
            case "prompts/list":
                return $"{{\"prompts\":[{string.Join(',', Prompts)}]{more}}}";
            case "resources/list":
                return $"{{\"resources\":[{string.Join(',', Resources)}]{more}}}";
            case "resources/templates/list":
                return $"{{\"resourceTemplates\":[]{more}}}";
            default:
                return $"{{\"by\":\"{slug}\",\"asked\":{(message["params"]!["name"] ?? message["params"]!["uri"] ?? message["params"]!["ref"])?.ToJsonString() ?? "null"},\"content\":[]{(isStateless ? ",\"resultType\":\"complete\"" : "")}}}";
        }
    }
}
