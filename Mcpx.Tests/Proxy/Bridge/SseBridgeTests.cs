using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy.Bridge;

/// <summary>Clients of both eras in front of a server of the transport of 2024-11-05.</summary>
public sealed class SseBridgeTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private SseUpstream _upstream = null!;

    public async ValueTask InitializeAsync() => _upstream = await SseUpstream.StartAsync();

    public async ValueTask DisposeAsync() => await _upstream.DisposeAsync();

    [Fact]
    public async Task A_session_client_calls_through_a_stream_of_its_own()
    {
        var client = await ClientAsync();

        var answer = JsonNode.Parse(await client.SendAsync("""{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"echo","arguments":{"message":"Grüße"}}}"""))!;

        answer["id"]!.GetValue<string>().ShouldBe("a");
        answer["result"]!["content"]![0]!["text"]!.GetValue<string>().ShouldBe("Grüße");
        client.Opening["protocolVersion"]!.GetValue<string>().ShouldBe("2024-11-05");
        _upstream.Requests.Count(r => r.Method == "GET").ShouldBeGreaterThanOrEqualTo(1);
    }

    [Fact]
    public async Task Progress_comes_as_it_happens()
    {
        var client = await ClientAsync();

        await using var call = await client.StartAsync("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"steps","arguments":{},"_meta":{"progressToken":"p"}}}""");
        for (var i = 0; i < 3; i++) (await call.NextAsync())["method"]!.GetValue<string>().ShouldBe("notifications/progress");
        (await call.NextAsync())["result"].ShouldNotBeNull();
    }

    [Fact]
    public async Task The_server_asks_the_client_and_gets_its_answer()
    {
        var client = await ClientAsync("""{"elicitation":{}}""");

        await using var call = await client.StartAsync("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask","arguments":{}}}""");
        var question = await call.NextAsync();
        question["method"]!.GetValue<string>().ShouldBe("elicitation/create");
        (await client.PostAsync($$$"""{"jsonrpc":"2.0","id":{{{question["id"]!.ToJsonString()}}},"result":{"action":"decline"} }""")).Status.ShouldBe(HttpStatusCode.Accepted);
        (await call.NextAsync())["result"]!["content"]![0]!["text"]!.GetValue<string>().ShouldContain("decline");
    }

    [Fact]
    public async Task An_answer_to_anothers_question_is_refused()
    {
        var client = await ClientAsync("""{"elicitation":{}}""");
        await using var call = await client.StartAsync("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask","arguments":{}}}""");
        var question = (await call.NextAsync())["id"]!.GetValue<string>();

        var other = await ClientAsync("""{"elicitation":{}}""");
        var answer = await other.PostAsync($$$"""{"jsonrpc":"2.0","id":"{{{question}}}","result":{"action":"accept"} }""");

        answer.Status.ShouldNotBe(HttpStatusCode.Accepted);
        var changed = question[..^2] + (question[^2] == 'A' ? 'B' : 'A') + question[^1];
        (await client.PostAsync($$$"""{"jsonrpc":"2.0","id":"{{{changed}}}","result":{"action":"accept"} }""")).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Changes_of_lists_come_in_the_standing_stream()
    {
        var client = await ClientAsync();
        await using var stream = await client.ListenAsync();
        var told = stream.NextAsync();

        await Eventually.TrueAsync(() =>
        {
            _upstream.ToolsChanged();
            return told.IsCompleted;
        }, "the client is told", TestContext.Current.CancellationToken);

        (await told)["method"]!.GetValue<string>().ShouldBe("notifications/tools/list_changed");
    }

    [Fact]
    public async Task A_stream_that_breaks_ends_its_calls_and_the_next_call_opens_another()
    {
        var client = await ClientAsync("""{"elicitation":{}}""");
        await using (var call = await client.StartAsync("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask","arguments":{}}}"""))
        {
            await call.NextAsync();
            _upstream.CloseStreams();
            await Should.ThrowAsync<Exception>(call.NextAsync);
        }

        var answer = JsonNode.Parse(await client.SendAsync("""{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"message":"again"}}}"""))!;

        answer["result"]!["content"]![0]!["text"]!.GetValue<string>().ShouldBe("again");
    }

    [Fact]
    public async Task A_stateless_client_is_served_too()
    {
        var client = StatelessClient.Of(gateway, (await gateway.AddUpstreamAsync(_upstream.Url)).Slug);

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => client.CallAsync("echo", $$"""{"message":"m{{n}}"}""")));

        answers.Select(a => a.Json["result"]!["content"]![0]!["text"]!.GetValue<string>()).ShouldBe(Enumerable.Range(0, 10).Select(n => $"m{n}"));
        answers.ShouldAllBe(a => (string?)a.Json["result"]!["resultType"] == "complete");
        (await client.CallAsync("ask")).ErrorCode.ShouldBe(-32021);
    }

    [Fact]
    public async Task The_end_of_the_clients_session_closes_the_servers_stream()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(_upstream.Url);
        var client = await SessionClient.OpenAsync(gateway, slug);
        await client.SendAsync("""{"jsonrpc":"2.0","id":1,"method":"tools/list"}""");
        var open = _upstream.Streams;
        open.ShouldBeGreaterThan(0);

        (await client.EndAsync()).Status.ShouldBe(HttpStatusCode.NoContent);

        await Eventually.TrueAsync(() => _upstream.Streams < open, "the stream is closed", TestContext.Current.CancellationToken);
    }

    private async Task<SessionClient> ClientAsync(string capabilities = "{}") =>
        await SessionClient.OpenAsync(gateway, (await gateway.AddUpstreamAsync(_upstream.Url)).Slug, capabilities, "2024-11-05");
}
