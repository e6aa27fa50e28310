using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy.Gateways;

/// <summary>Sessions of the gateway's own need no memory that replicas share.</summary>
public sealed class GatewayReplicaTests(PostgresFixture postgres, GatewayFixture first) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task Sessions_with_bridges_and_gateways_go_on_at_another_replica_and_questions_find_their_server()
    {
        await using var second = new GatewayFixture(postgres);
        await second.StartAsync(first.ConnectionString);
        await using var hr = await Member.StartAsync(first, "session", "ask", "work");
        await using var modern = await Member.StartAsync(first, "stateless", "one");
        (await first.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = "both", slug = "both", members = new object[] { new { server = hr.Slug }, new { server = modern.Slug } } })).Status.ShouldBe(HttpStatusCode.Created);
        hr.Before = message => (string?)message["params"]?["name"] == "ask"
            ? async (http, request) =>
            {
                await FakeUpstream.EventsAsync(http, """{"jsonrpc":"2.0","id":"own","method":"elicitation/create","params":{"message":"?"} }""");
                await FakeUpstream.HangAsync(http, request);
            }
            : null;
        string gateway = $"/mcp/{first.Organization}/gateway/both", server = $"/mcp/{first.Organization}/server/{modern.Slug}";
        await Eventually.TrueAsync(async () => (await second.SendAsync(HttpMethod.Post, gateway, System.Text.Encoding.UTF8.GetBytes(Mcp.Initialize), first.Token)).Status == HttpStatusCode.OK,
            "the other replica knows the gateway", null, TestContext.Current.CancellationToken);

        var opened = await SessionClient.OpenAtAsync(first, gateway, """{"elicitation":{}}""");
        var moved = new SessionClient(second, gateway, opened.Handle, opened.Opening);
        JsonNode.Parse(await moved.SendAsync(Mcp.Call("work")))!["result"]!["by"]!.GetValue<string>().ShouldBe(hr.Slug);
        JsonNode.Parse(await moved.SendAsync(Mcp.Call("one")))!["result"]!["by"]!.GetValue<string>().ShouldBe(modern.Slug);
        var bridged = await SessionClient.OpenAtAsync(first, server);
        JsonNode.Parse(await new SessionClient(second, server, bridged.Handle, bridged.Opening).SendAsync(Mcp.Call("one")))!["result"]!["by"]!.GetValue<string>().ShouldBe(modern.Slug);

        await using var call = await opened.StartAsync(Mcp.Call("ask"));
        var question = await call.NextAsync();
        (await moved.PostAsync($$$"""{"jsonrpc":"2.0","id":{{{question["id"]!.ToJsonString()}}},"result":{"action":"accept"} }""")).Status.ShouldBe(HttpStatusCode.Accepted);

        await Eventually.TrueAsync(() => AnswerAtServer(hr) is not null, "the answer arrives under the server's own id", TestContext.Current.CancellationToken);
        AnswerAtServer(hr)!.Headers["Mcp-Session-Id"].ShouldBe(hr.Calls.Last().Headers["Mcp-Session-Id"]);
    }

    [Fact]
    public async Task A_servers_prefix_reaches_the_other_replica()
    {
        await using var second = new GatewayFixture(postgres);
        await second.StartAsync(first.ConnectionString);
        await using var hr = await Member.StartAsync(first, "both", "one");
        await first.AddGatewayAsync("prefixed", new { server = hr.Slug });
        await Eventually.TrueAsync(async () => await ListedAtAsync(second) == "one", "the other replica lists the tool", null, TestContext.Current.CancellationToken);

        (await first.ApiAsync(HttpMethod.Patch, $"/api/servers/{hr.Id}", new { toolPrefix = "hr." })).Status.ShouldBe(HttpStatusCode.OK);

        (await ListedAtAsync(first)).ShouldBe("hr.one");
        await Eventually.TrueAsync(async () => await ListedAtAsync(second) == "hr.one", "the other replica lists it under its new name", null, TestContext.Current.CancellationToken);

        async Task<string> ListedAtAsync(GatewayFixture replica)
        {
            var answer = await new StatelessClient(replica, $"/mcp/{first.Organization}/gateway/prefixed").SendAsync(StatelessClient.Message("tools/list"));
            return answer.Status is HttpStatusCode.OK ? string.Join(' ', answer.Json["result"]?["tools"]?.AsArray().Select(t => (string)t!["name"]!) ?? []) : "";
        }
    }

    private static SeenRequest? AnswerAtServer(Member member) =>
        member.Upstream.Requests.FirstOrDefault(r => r.Text.Contains("\"id\":\"own\"", StringComparison.Ordinal) && r.Text.Contains("accept", StringComparison.Ordinal));
}
