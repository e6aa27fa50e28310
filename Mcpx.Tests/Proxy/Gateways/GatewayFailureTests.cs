using System.Net;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy.Gateways;

/// <summary>What a virtual gateway says when something is missing, swapped, odd or not for the caller.</summary>
public sealed class GatewayFailureTests(GatewayFixture gateway) : GatewayTestBase(gateway)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_member_that_is_down_does_not_take_the_others_with_it(bool isSession)
    {
        var good = await MemberAsync("both", "one");
        var bad = await MemberAsync("both", "two");
        bad.Upstream.Probe = null;
        bad.Before = _ => (http, _) => FakeUpstream.BytesAsync(http, "<html/>"u8.ToArray(), "text/html", 500);
        var slug = await GatewayAsync(new { server = good.Slug }, new { server = bad.Slug });

        var opening = await OpeningAsync(slug, isSession);
        var list = await ListAsync(slug, isSession);
        var missing = await CallAsync(slug, isSession, "two");

        opening["capabilities"]!["tools"].ShouldNotBeNull();
        list["tools"]!.AsArray().Select(t => (string)t!["name"]!).ShouldBe(["one"]);
        var state = list["_meta"]!["mcpx/upstreams"]![1]!;
        state["status"]!.GetValue<string>().ShouldBe("missing");
        state["reason"]!.GetValue<string>().ShouldBe("upstream_protocol_error");
        state["message"]!.GetValue<string>().ShouldNotBeNullOrEmpty();
        missing["error"]!["data"]!["missingServers"]![0]!.GetValue<string>().ShouldContain(bad.Slug);
        (await CallAsync(slug, isSession, "one"))["result"]!["by"]!.GetValue<string>().ShouldBe(good.Slug);
    }

    [Fact]
    public async Task A_gateway_that_fails_closed_refuses_while_a_member_is_missing_and_says_which()
    {
        var good = await MemberAsync("both", "one");
        var off = await MemberAsync("both", "two");
        await Gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{off.Id}", new { enabled = false });
        var slug = await GatewayAsync(new { server = good.Slug }, new { server = off.Slug });
        await ChangeAsync(slug, new { failureMode = "closed" });

        var list = await RawAsync(slug, isSession: true, Mcp.List);
        var call = await CallAsync(slug, isSession: false, "one");

        list["error"]!["data"]!["reason"]!.GetValue<string>().ShouldBe("member_missing");
        call["error"]!["data"]!["missingServers"]!.AsArray().Select(m => (string)m!).ShouldBe([$"{off.Slug}: server_disabled"]);
        good.Calls.ShouldBeEmpty();
        await Gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{off.Id}", new { enabled = true });
        (await CallAsync(slug, isSession: false, "one"))["result"].ShouldNotBeNull();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_tool_that_was_swapped_between_list_and_call_gets_the_servers_own_answer_and_the_list_is_read_again(bool isSession)
    {
        var hr = await MemberAsync("both", "old");
        await hr.TrustAsync(Gateway);
        var slug = await GatewayAsync(new { server = hr.Slug, prefix = "x_" });
        (await ListAsync(slug, isSession))["tools"]!.AsArray().Count.ShouldBe(1);
        hr.Tools.Clear();
        hr.Tools.Add(Member.Tool("new"));
        hr.Before = message => (string?)message["method"] == "tools/call" && (string?)message["params"]!["name"] == "old"
            ? (http, _) => FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{message["id"]!.ToJsonString()}}},"error":{"code":-32602,"message":"Unknown tool: old"} }""")
            : null;

        (await CallAsync(slug, isSession, "x_old"))["error"]!["message"]!.GetValue<string>().ShouldBe("Unknown tool: old");

        await Eventually.TrueAsync(async () => (string?)(await ListAsync(slug, isSession))["tools"]![0]!["name"] == "x_new", "the new list is shown", null, TestContext.Current.CancellationToken);
        (await CallAsync(slug, isSession, "x_new"))["result"]!["by"]!.GetValue<string>().ShouldBe(hr.Slug);
    }

    [Theory]
    [InlineData("tools/call", """ "name":"none" """)]
    [InlineData("tools/call", "")]
    [InlineData("prompts/get", """ "name":"" """)]
    [InlineData("resources/read", "")]
    [InlineData("completion/complete", "")]
    [InlineData("completion/complete", """ "ref":[1] """)]
    [InlineData("tasks/get", "")]
    [InlineData("tasks/get", """ "taskId":7 """)]
    [InlineData("tasks/list", "")]
    [InlineData("tools/list", """ "cursor":{"a":1} """)]
    [InlineData("unknown/method", "")]
    [InlineData("resources/subscribe", "")]
    public async Task Odd_requests_get_a_precise_error(string method, string parameters)
    {
        var hr = await MemberAsync("both", "one");
        var slug = await GatewayAsync(new { server = hr.Slug });

        foreach (var isSession in new[] { true, false })
        {
            var answer = await RawAsync(slug, isSession, Message(isSession, method, parameters));
            answer["error"]!["code"]!.GetValue<int>().ShouldBeOneOf(-32602, -32601, -32600, -32020);
        }

        hr.Calls.ShouldBeEmpty();
    }

    [Fact]
    public async Task Foreign_unknown_and_switched_off_gateways_serve_nobody()
    {
        var hr = await MemberAsync("both", "one");
        var slug = await GatewayAsync(new { server = hr.Slug });
        var stranger = await Stranger.CreateAsync(Gateway);

        (await Gateway.SendAsync(HttpMethod.Post, PathOf(slug), System.Text.Encoding.UTF8.GetBytes(Mcp.Initialize), stranger.Token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await Gateway.SendAsync(HttpMethod.Post, PathOf("nowhere"), System.Text.Encoding.UTF8.GetBytes(Mcp.Initialize), Gateway.Token)).Status.ShouldBe(HttpStatusCode.NotFound);
        (await Gateway.SendAsync(HttpMethod.Post, $"/mcp/gateway/{slug}", System.Text.Encoding.UTF8.GetBytes(Mcp.Initialize), Gateway.Token)).Status.ShouldBe(HttpStatusCode.OK);
        await ChangeAsync(slug, new { enabled = false });
        (await RawAsync(slug, isSession: false, StatelessClient.Message("tools/list")))["error"]!["data"]!["reason"]!.GetValue<string>().ShouldBe("gateway_disabled");
    }
}
