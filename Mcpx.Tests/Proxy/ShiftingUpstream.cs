using System.Text.Json;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Shouldly;

namespace Mcpx.Tests.Proxy;

/// <summary>A server that may say something else about its tools at any time, and to the gateway something else than to clients.</summary>
internal sealed class ShiftingUpstream : IAsyncDisposable
{
    private readonly GatewayFixture _gateway;
    private readonly FakeUpstream _upstream;

    private ShiftingUpstream(GatewayFixture gateway, FakeUpstream upstream, string[] tools)
    {
        (_gateway, _upstream) = (gateway, upstream);
        Tools = [.. tools];
        upstream.Answer = (http, request) => AnswerAsync(http, request, ToClients ?? Tools);
        upstream.Reading = (http, request) => AnswerAsync(http, request, Tools);
    }

    public string Slug { get; private set; } = "";

    public string Id { get; private set; } = "";

    /// <summary>Raw definitions.</summary>
    public string[] Tools { get; set; }

    /// <summary>What clients are shown instead; null shows them the same.</summary>
    public string[]? ToClients { get; set; }

    /// <summary>Lists come as a stream of events.</summary>
    public bool InEvents { get; set; }

    public int Calls => _upstream.Requests.Count(r => r.Text.Contains("tools/call", StringComparison.Ordinal));

    public Uri Url => _upstream.Url;

    /// <param name="eras">What the server speaks: both unless said.</param>
    public static async Task<ShiftingUpstream> StartAsync(GatewayFixture gateway, string[] tools, FakeUpstream.Script? eras = null, string? mode = null)
    {
        var fake = await FakeUpstream.StartAsync();
        if (eras is not null) fake.Probe = eras;
        ShiftingUpstream upstream = new(gateway, fake, tools);
        (upstream.Slug, upstream.Id) = await gateway.AddUpstreamAsync(fake.Url);
        if (mode is not null) await upstream.ModeAsync(mode);
        return upstream;
    }

    /// <summary>The same, after its first list was taken in.</summary>
    public static async Task<ShiftingUpstream> PinnedAsync(GatewayFixture gateway, string[] tools, FakeUpstream.Script? eras = null)
    {
        var upstream = await StartAsync(gateway, tools, eras);
        (await upstream.RefreshAsync())["baselineAt"].ShouldNotBeNull();
        return upstream;
    }

    public static string Tool(string name, string description = "of the server", string schema = """{"type":"object"}""") =>
        $$"""{"name":{{JsonSerializer.Serialize(name)}},"description":{{JsonSerializer.Serialize(description)}},"inputSchema":{{schema}}}""";

    /// <summary>The gateway asks the server now.</summary>
    public async Task<JsonNode> RefreshAsync() => await ApiAsync(HttpMethod.Post, "/refresh", null);

    public async Task<JsonNode> ReportAsync() => await ApiAsync(HttpMethod.Get, "", null);

    public Task<JsonNode> ModeAsync(string mode, bool reviewFirst = false) => ApiAsync(HttpMethod.Put, "", new { mode, reviewFirst });

    public async Task<JsonNode> PinAsync(string tool) => (await ReportAsync())["tools"]!.AsArray().Single(t => (string?)t!["tool"] == tool)!;

    public Task<JsonNode> ApproveAllAsync() => ApiAsync(HttpMethod.Post, "/approve", new { all = true });

    public async Task<JsonNode> DecideAsync(string tool, string what)
    {
        var hash = (string)(await PinAsync(tool))["hash"]!;
        return await ApiAsync(HttpMethod.Post, "/" + what, new { tools = new[] { new { tool, hash } } });
    }

    public async Task<string[]> ListedAsync()
    {
        var answer = await _gateway.PostAsync(Slug, Mcp.List);
        return [.. answer.Json["result"]!["tools"]!.AsArray().Select(t => (string)t!["name"]!)];
    }

    /// <summary>The rule that refused the call; null when it went through.</summary>
    public async Task<string?> RuleAgainstAsync(string tool)
    {
        var before = Calls;
        var answer = await _gateway.PostAsync(Slug, Mcp.Call(tool));
        var call = (await _gateway.CallsOfAsync(Slug))[0];
        var isThrough = answer.Json["error"] is null;
        Calls.ShouldBe(isThrough ? before + 1 : before);
        if (isThrough) return null;
        answer.Json["error"]!["message"]!.GetValue<string>().ShouldBe($"Unknown tool: {tool}");
        ((string?)call["outcome"]).ShouldBe("denied");
        ((string?)call["reason"]).ShouldNotBeNullOrEmpty();
        return (string?)call["rule"];
    }

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    private async Task<JsonNode> ApiAsync(HttpMethod method, string path, object? body)
    {
        var answer = await _gateway.ApiAsync(method, $"/api/servers/{Id}/tool-definitions{path}", body);
        ((int)answer.Status).ShouldBe(200, answer.Body);
        return answer.Json;
    }

    private Task AnswerAsync(HttpContext http, SeenRequest request, string[] tools)
    {
        if (request.Method != "POST")
        {
            http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return Task.CompletedTask;
        }

        var message = JsonNode.Parse(request.Body)!;
        if (message["id"] is null)
        {
            http.Response.StatusCode = StatusCodes.Status202Accepted;
            return Task.CompletedTask;
        }

        var isStateless = message["params"]?["_meta"]?["io.modelcontextprotocol/protocolVersion"] is not null;
        var more = isStateless ? ",\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\"" : "";
        var result = (string)message["method"]! switch
        {
            "initialize" => """{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"fake","version":"1"}}""",
            "server/discover" => """{"resultType":"complete","supportedVersions":["2026-07-28","2025-11-25"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}""",
            "tools/list" => "{\"tools\":[" + string.Join(',', tools) + "]" + more + "}",
            _ => "{\"content\":[]" + more + "}",
        };
        var json = "{\"jsonrpc\":\"2.0\",\"id\":" + message["id"]!.ToJsonString() + ",\"result\":" + result + "}";
        return InEvents && (string?)message["method"] == "tools/list" ? FakeUpstream.EventsAsync(http, json) : FakeUpstream.JsonAsync(http, json);
    }
}
