using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

/// <summary>How a server is spoken to, and what it may cost, as the API takes and tells it.</summary>
public sealed class ServerProtocolApiTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task A_new_server_is_probed_beside_the_save()
    {
        await using var upstream = await FakeUpstream.StartAsync();

        var (_, id) = await gateway.AddUpstreamAsync(upstream.Url);

        var protocol = await KnownAsync(id);
        protocol["eras"]!.AsArray().Select(e => (string?)e).ShouldBe(["session", "stateless"]);
        ((string?)protocol["transport"], (string?)protocol["sessionVersion"]).ShouldBe(("streamableHttp", "2025-11-25"));
        protocol["probedAt"]!.GetValue<DateTimeOffset>().ShouldBe(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_server_that_is_down_is_saved_at_once_and_unknown()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Probe = FakeUpstream.HangAsync;

        var created = await gateway.ApiAsync(HttpMethod.Post, "/api/servers", new { name = "x", slug = "hanging", url = upstream.Url });

        created.Status.ShouldBe(HttpStatusCode.Created);
        created.Json.AsObject().ContainsKey("protocol").ShouldBeTrue();
        created.Json["protocol"].ShouldBeNull();
    }

    [Fact]
    public async Task Another_address_or_credential_makes_a_server_unknown_and_is_probed_and_other_changes_do_not()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (_, id) = await gateway.AddUpstreamAsync(upstream.Url);
        var known = await KnownAsync(id);

        JsonNode.DeepEquals((await PatchAsync(id, new { name = "renamed", limits = new { concurrentCalls = 5 } }))["protocol"], known).ShouldBeTrue();
        (await PatchAsync(id, new { url = new Uri(upstream.Url, "/elsewhere") }))["protocol"].ShouldBeNull();
        await KnownAsync(id);
        (await PatchAsync(id, new { credential = new { kind = "bearer", secret = "a-new-secret" } }))["protocol"].ShouldBeNull();
        await KnownAsync(id);

        upstream.Probes.Last().Path.ShouldBe("/elsewhere");
        upstream.Probes.Last().Headers["Authorization"].ShouldBe("Bearer a-new-secret");
    }

    [Fact]
    public async Task A_server_that_is_switched_off_is_left_alone_until_it_is_switched_on()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var id = (await gateway.ApiAsync(HttpMethod.Post, "/api/servers", new { name = "x", slug = "off", url = upstream.Url, enabled = false })).Json["id"]!.ToString();
        await PatchAsync(id, new { name = "still off" });
        upstream.Probes.ShouldBeEmpty();

        await PatchAsync(id, new { enabled = true });

        await KnownAsync(id);
    }

    [Fact]
    public async Task A_test_tells_what_it_found_and_the_server_remembers_it()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance");
        upstream.Probe = (http, _) => FakeUpstream.JsonAsync(http, "{}", 500);
        var (_, id) = await gateway.AddUpstreamAsync(upstream.Url);
        await Eventually.TrueAsync(() => upstream.Probes.Count == 2, "the first probe failed", TestContext.Current.CancellationToken);
        upstream.Probe = FakeUpstream.BothErasAsync;

        var report = (await gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/test")).Json;

        report["ok"]!.GetValue<bool>().ShouldBeTrue(report.ToJsonString());
        report["eras"]!.AsArray().Select(e => (string?)e).ShouldBe(["session", "stateless"]);
        report["transport"]!.GetValue<string>().ShouldBe("streamableHttp");
        Step(report, "protocol").ShouldBe("It speaks MCP 2025-11-25 with sessions and 2026-07-28 without.");
        (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}")).Json["protocol"].ShouldNotBeNull();
    }

    [Fact]
    public async Task A_server_of_the_old_transport_is_found_and_its_tools_are_listed()
    {
        await using var upstream = await SseUpstream.StartAsync();
        var (_, id) = await gateway.AddUpstreamAsync(upstream.Url, new { kind = "apiKey", header = "X-Key", secret = "the-secret-key" });

        var report = (await gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/test")).Json;

        report["ok"]!.GetValue<bool>().ShouldBeTrue(report.ToJsonString());
        report["eras"]!.AsArray().Select(e => (string?)e).ShouldBe(["session"]);
        report["transport"]!.GetValue<string>().ShouldBe("sse");
        Step(report, "protocol").ShouldBe("It speaks the old HTTP+SSE transport (2024-11-05).");
        report["toolNames"]!.AsArray().Select(t => (string?)t).ShouldBe(["echo", "ask", "steps"]);
        (await KnownAsync(id))["transport"]!.GetValue<string>().ShouldBe("sse");
        // Who answers there is asked without the credential first.
        var bare = upstream.Requests.Where(r => !r.Headers.ContainsKey("X-Key")).ShouldHaveSingleItem();
        upstream.Requests.Where(r => r != bare).ShouldAllBe(r => r.Headers["X-Key"] == "the-secret-key");
    }

    [Theory]
    [InlineData(401, "authentication", "The server wants a credential (401).")]
    [InlineData(404, "protocol", "The server answered 404. Is this the address of its MCP endpoint?")]
    public async Task A_test_that_fails_says_why_and_nothing_is_remembered(int status, string step, string why)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Probe = null;
        upstream.Answer = (http, _) => FakeUpstream.BytesAsync(http, [], "text/plain", status);
        var (_, id) = await gateway.AddUpstreamAsync(upstream.Url);

        var report = (await gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/test")).Json;

        (report["ok"]!.GetValue<bool>(), (string?)report["transport"], report["eras"]!.AsArray().Count).ShouldBe((false, null, 0));
        Step(report, step).ShouldBe(why);
        (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}")).Json["protocol"].ShouldBeNull();
    }

    [Fact]
    public async Task Limits_have_defaults_and_are_changed_one_by_one()
    {
        var created = (await gateway.ApiAsync(HttpMethod.Post, "/api/servers", new { name = "x", slug = "limits", url = "https://mcp.example.com/mcp", limits = new { answerMebibytes = 100 } })).Json;
        LimitsOf(created).ShouldBe((30, 100, 256));

        var changed = await PatchAsync(created["id"]!.ToString(), new { limits = new { firstByteSeconds = 300, concurrentCalls = 10_000 } });
        LimitsOf(changed).ShouldBe((300, 100, 10_000));

        LimitsOf(await PatchAsync(created["id"]!.ToString(), new { name = "y", limits = new { } })).ShouldBe((300, 100, 10_000));
        LimitsOf((await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{created["id"]}")).Json).ShouldBe((300, 100, 10_000));
    }

    [Theory]
    [InlineData("""{"firstByteSeconds":0}""", "limits.firstByteSeconds", "1 to 300 seconds")]
    [InlineData("""{"firstByteSeconds":301}""", "limits.firstByteSeconds", "1 to 300 seconds")]
    [InlineData("""{"answerMebibytes":-1}""", "limits.answerMebibytes", "1 to 1,024 MiB")]
    [InlineData("""{"answerMebibytes":1025}""", "limits.answerMebibytes", "1 to 1,024 MiB")]
    [InlineData("""{"concurrentCalls":0}""", "limits.concurrentCalls", "1 to 10,000 calls")]
    [InlineData("""{"concurrentCalls":2147483647}""", "limits.concurrentCalls", "1 to 10,000 calls")]
    [InlineData("""{"concurrentCalls":2147483648}""", "limits.concurrentCalls", "")]
    [InlineData("""{"concurrentCalls":"5"}""", "limits.concurrentCalls", "")]
    [InlineData("""{"concurrentCalls":1.5}""", "limits.concurrentCalls", "")]
    [InlineData("""{"calls":5}""", "calls", "")]
    [InlineData("5", "limits", "")]
    [InlineData("[]", "limits", "")]
    public async Task A_wrong_limit_is_named_and_nothing_is_written(string limits, string field, string message)
    {
        var body = $$"""{"name":"x","slug":"bad-limits","url":"https://mcp.example.com/mcp","limits":{{limits}} }""";

        var answer = await gateway.SendAsync(HttpMethod.Post, "/api/servers", Encoding.UTF8.GetBytes(body), gateway.Token);

        ServersApiTests.ShouldBeProblem(answer, 400);
        if (message.Length > 0) answer.Json["errors"]![field]![0]!.GetValue<string>().ShouldContain(message);
        else answer.Body.ShouldContain(field);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/servers")).Body.ShouldNotContain("bad-limits");
    }

    [Fact]
    public async Task What_is_known_of_the_protocol_can_not_be_written_from_outside()
    {
        var body = """{"name":"x","slug":"claims","url":"https://mcp.example.com/mcp","protocol":{"eras":["stateless"]}}"""u8.ToArray();

        ServersApiTests.ShouldBeProblem(await gateway.SendAsync(HttpMethod.Post, "/api/servers", body, gateway.Token), 400);
    }

    private static string? Step(JsonNode report, string name) => (string?)report["steps"]!.AsArray().Single(s => (string?)s!["name"] == name)!["detail"];

    private static (int, int, int) LimitsOf(JsonNode server) =>
        (server["limits"]!["firstByteSeconds"]!.GetValue<int>(), server["limits"]!["answerMebibytes"]!.GetValue<int>(), server["limits"]!["concurrentCalls"]!.GetValue<int>());

    private async Task<JsonNode> PatchAsync(string id, object change)
    {
        var answer = await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", change);
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return answer.Json;
    }

    private async Task<JsonNode> KnownAsync(string id)
    {
        JsonNode? protocol = null;
        await Eventually.TrueAsync(async () => (protocol = (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}")).Json["protocol"]) is not null,
            "the server was probed", within: null, TestContext.Current.CancellationToken);
        return protocol!;
    }
}
