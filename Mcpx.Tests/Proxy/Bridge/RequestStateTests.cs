using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy.Bridge;

/// <summary>A server's <c>requestState</c> comes back only from whom it was given to, for what it was given for.</summary>
public sealed class RequestStateTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private FakeUpstream _upstream = null!;
    private StatelessClient _client = null!;
    private string _slug = "";

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _upstream.Answer = AnswerAsync;
        _slug = (await gateway.AddUpstreamAsync(_upstream.Url)).Slug;
        _client = StatelessClient.Of(gateway, _slug);
    }

    public async ValueTask DisposeAsync() => await _upstream.DisposeAsync();

    [Theory]
    [InlineData("json")]
    [InlineData("events")]
    public async Task The_server_gets_back_what_it_gave_and_the_client_never_sees_it(string form)
    {
        var asked = await _client.CallAsync(form, """{"a":1,"b":[2]}""");
        asked.Json["result"]!["resultType"]!.GetValue<string>().ShouldBe("input_required");
        asked.Body.ShouldNotContain("the servers own state");
        asked.Json["result"]!["inputRequests"]!["q"]!["params"]!["x"]!.ToJsonString().ShouldBe("1.50");

        var done = await RepeatAsync(asked, form, """{ "b" : [2], "a" : 1 }""");

        done.Json["result"]!["content"]![0]!["text"]!.GetValue<string>().ShouldBe("the servers own state \"ü\"");
    }

    [Fact]
    public async Task The_rounds_of_a_call_are_found_together()
    {
        var asked = await _client.CallAsync("json", """{"a":1}""");
        await RepeatAsync(asked, "json", """{"a":1}""");
        await RepeatAsync(asked, "json", """{"a":1}""");
        await _client.CallAsync("json", """{"a":1}""");

        var calls = (await gateway.CallsOfAsync(_slug)).Reverse().ToList();
        var first = (string)calls[0]["id"]!;
        calls.Select(c => (string?)c["firstRound"]).ShouldBe([null, first, first, null]);
        foreach (var round in calls.Take(3))
        {
            (await gateway.CallsAsync($"&firstRound={first}")).Select(c => (string)c!["id"]!).ShouldContain((string)round["id"]!);
        }

        (await gateway.CallsAsync($"&firstRound={first}")).Count.ShouldBe(3);
    }

    [Fact]
    public async Task Other_arguments_another_tool_and_a_changed_state_are_refused()
    {
        var asked = await _client.CallAsync("json", """{"a":1}""");
        var before = _upstream.Requests.Count;

        (await RepeatAsync(asked, "json", """{"a":2}""")).ErrorCode.ShouldBe(-32602);
        (await RepeatAsync(asked, "events", """{"a":1}""")).ErrorCode.ShouldBe(-32602);
        (await RepeatAsync(asked, "json", """{"a":1}""", s => s[..^3] + (s[^3] == 'A' ? "B" : "A") + s[^2..])).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await RepeatAsync(asked, "json", """{"a":1}""", _ => "the servers own state")).ErrorCode.ShouldBe(-32602);

        _upstream.Requests.Count.ShouldBe(before);
        (await gateway.CallsOfAsync(_slug)).Count(c => (string?)c["outcome"] == "denied").ShouldBe(4);
    }

    [Fact]
    public async Task A_state_of_one_server_is_none_of_another()
    {
        var asked = await _client.CallAsync("json", "{}");
        var other = StatelessClient.Of(gateway, (await gateway.AddUpstreamAsync(_upstream.Url)).Slug);

        var state = asked.Json["result"]!["requestState"]!.ToJsonString();
        (await other.CallAsync("json", "{}", more: $",\"inputResponses\":{{}},\"requestState\":{state}")).ErrorCode.ShouldBe(-32602);
    }

    private async Task<HttpAnswer> RepeatAsync(HttpAnswer asked, string tool, string arguments, Func<string, string>? change = null)
    {
        var state = asked.Json["result"]!["requestState"]!.GetValue<string>();
        return await _client.CallAsync(tool, arguments, id: "2", more: $",\"inputResponses\":{{\"q\":{{}}}},\"requestState\":\"{change?.Invoke(state) ?? state}\"");
    }

    private static Task AnswerAsync(HttpContext http, SeenRequest request)
    {
        var message = JsonNode.Parse(request.Body)!;
        var id = message["id"]!.ToJsonString();
        var answer = message["params"]!["requestState"] is { } state
            ? new JsonObject { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = state.GetValue<string>() }) }.ToJsonString()
            : "{\"resultType\":\"input_required\",\"inputRequests\":{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"x\":1.50}}},\"requestState\":\"the servers own state \\\"\\u00fc\\\"\"}";
        var body = "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":" + answer + "}";
        return (string?)message["params"]!["name"] == "events" ? FakeUpstream.EventsAsync(http, body) : FakeUpstream.JsonAsync(http, body);
    }
}
