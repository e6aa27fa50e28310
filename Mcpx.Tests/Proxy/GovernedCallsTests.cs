using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>What may be seen and called, at the front door.</summary>
public sealed class GovernedCallsTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    [Theory]
    [InlineData("none", new string[0], new[] { "get_a", "get_b", "drop" })]
    [InlineData("allowlist", new[] { "get_*" }, new[] { "get_a", "get_b" })]
    [InlineData("allowlist", new string[0], new string[0])]
    [InlineData("blocklist", new[] { "get_a", "d*p" }, new[] { "get_b" })]
    [InlineData("blocklist", new string[0], new[] { "get_a", "get_b", "drop" })]
    public async Task What_is_listed_is_what_may_be_called(string mode, string[] rules, string[] visible)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = (http, request) => FakeUpstream.JsonAsync(http, request.Text.Contains("tools/list") ? Mcp.Tools("get_a", "get_b", "drop") : Mcp.Result("{}"));
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url, null, mode, rules);

        var listed = (await gateway.PostAsync(slug, Mcp.List)).Json["result"]!["tools"]!.AsArray().Select(t => t!["name"]!.GetValue<string>());
        listed.ShouldBe(visible);
        foreach (var tool in new[] { "get_a", "get_b", "drop" })
        {
            var answer = await gateway.PostAsync(slug, Mcp.Call(tool));
            (answer.Json["error"] is null).ShouldBe(visible.Contains(tool), answer.Body);
        }

        upstream.Requests.Count(r => r.Text.Contains("tools/call")).ShouldBe(visible.Length);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/event-stream")]
    public async Task A_list_is_filtered_however_it_comes(string type)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var list = Mcp.Tools(["keep", .. Enumerable.Range(0, 1000).Select(i => $"hide_{i}_{new string('x', 100)}"), "keep_too"]);
        upstream.Answer = (http, _) => type == "application/json" ? FakeUpstream.JsonAsync(http, list) : FakeUpstream.EventsAsync(http, list);
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url, null, "blocklist", "hide*");

        var answer = await gateway.PostAsync(slug, Mcp.List);

        answer.ContentType.ShouldBe(type);
        answer.Body.ShouldNotContain("hide");
        answer.Json["result"]!["tools"]!.AsArray().Select(t => (string?)t!["name"]).ShouldBe(["keep", "keep_too"]);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"tools":{"a":{"name":"hide"}}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"hide"}""")]
    public async Task A_list_that_cannot_be_filtered_is_not_shown(string list)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = (http, _) => FakeUpstream.JsonAsync(http, list);
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url, null, "blocklist", "hide");

        var answer = await gateway.PostAsync(slug, Mcp.List);

        answer.Body.ShouldNotContain("hide");
        ((string?)answer.Json["error"]!["data"]!["reason"]).ShouldBe("upstream_protocol_error");
    }

    [Fact]
    public async Task A_blocked_tool_answers_exactly_like_one_that_does_not_exist()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url, null, "allowlist", "get");

        var blocked = await gateway.PostAsync(slug, Mcp.Call("drop"));
        var unknown = await gateway.PostAsync(slug, Mcp.Call("nope"));

        blocked.Status.ShouldBe(HttpStatusCode.OK);
        blocked.ErrorCode.ShouldBe(-32602);
        WithoutCall(blocked).Replace("drop", "nope").ShouldBe(WithoutCall(unknown));
        Names(blocked).ShouldBe(Names(unknown));
        upstream.Requests.ShouldBeEmpty();
        var calls = await gateway.CallsOfAsync(slug);
        calls.ShouldAllBe(c => (string?)c["outcome"] == "denied" && (string?)c["rule"] == "allowlist" && ((string?)c["reason"])!.Contains("allowlist"));

        static string WithoutCall(HttpAnswer answer) => answer.Body.Replace(answer.Json["error"]!["data"]!["call"]!.GetValue<string>(), "");
        static List<string> Names(HttpAnswer answer) => [.. answer.Headers.Select(h => h.Key).Order()];
    }

    [Fact]
    public async Task The_name_is_decided_on_as_the_upstream_will_read_it()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url, null, "blocklist", "drop", "löschen");

        (await gateway.PostAsync(slug, Mcp.Call("drop").Replace("drop", "d\\u0072op"))).ErrorCode.ShouldBe(-32602);
        (await gateway.PostAsync(slug, Mcp.Call("l\u00f6schen"))).ErrorCode.ShouldBe(-32602);
        (await gateway.PostAsync(slug, Mcp.Call("get").Replace("\"name\"", "\"name\":\"get\",\"n\\u0061me\""))).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await gateway.PostAsync(slug, """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}""")).ErrorCode.ShouldBe(-32602);
        upstream.Requests.ShouldBeEmpty();

        (await gateway.PostAsync(slug, Mcp.Call("größe_日本"))).Status.ShouldBe(HttpStatusCode.OK);
        upstream.Requests.Count.ShouldBe(1);
        (await gateway.CallsOfAsync(slug)).ShouldContain(c => (string?)c["tool"] == "größe_日本");
    }

    [Fact]
    public async Task A_server_that_is_switched_off_or_deleted_is_closed_at_once()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        (await gateway.PostAsync(slug, Mcp.Call("get"))).Json["result"].ShouldNotBeNull();

        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { enabled = false })).Status.ShouldBe(HttpStatusCode.OK);
        var off = await gateway.PostAsync(slug, Mcp.Call("get"));
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/servers/{id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        var gone = await gateway.PostAsync(slug, Mcp.Call("get"));

        ((string?)off.Json["error"]!["data"]!["reason"]).ShouldBe("server_disabled");
        gone.Status.ShouldBe(HttpStatusCode.NotFound);
        ((string?)gone.Json["error"]!["data"]!["reason"]).ShouldBe("unknown_endpoint");
        upstream.Requests.Count.ShouldBe(1);
        (await gateway.CallsOfAsync(slug)).Select(c => ((string?)c["outcome"], (string?)c["rule"])).ShouldBe([("denied", null), ("denied", "server-disabled"), ("ok", "mode:none")]);
    }

    [Fact]
    public async Task New_rules_count_from_the_answer_to_their_saving_on()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);

        for (var i = 0; i < 5; i++)
        {
            await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{id}/governance", new { mode = "blocklist", tools = new[] { "get" } });
            (await gateway.PostAsync(slug, Mcp.Call("get"))).Json["error"].ShouldNotBeNull();
            await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{id}/governance", new { mode = "none", tools = Array.Empty<string>() });
            (await gateway.PostAsync(slug, Mcp.Call("get"))).Json["error"].ShouldBeNull();
        }
    }

    [Fact]
    public async Task An_answer_refused_by_rule_repeats_the_id_of_the_call()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url, null, "allowlist");

        var answer = await gateway.PostAsync(slug, Mcp.Call("get").Replace("\"id\":1", "\"id\":\"ä-1\""));

        JsonNode.Parse(answer.Body)!["id"]!.GetValue<string>().ShouldBe("ä-1");
    }
}
