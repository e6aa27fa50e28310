using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy.Gateways;

/// <summary>Several servers behind one address.</summary>
public sealed class GatewayTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private readonly List<Member> _members = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members) await member.DisposeAsync();
    }

    public static TheoryData<string, bool> EveryLeg => new()
    {
        { "session", true }, { "session", false }, { "stateless", true }, { "stateless", false }, { "both", true }, { "both", false },
    };

    [Theory]
    [MemberData(nameof(EveryLeg))]
    public async Task A_tool_is_called_by_its_shown_name_and_reached_by_its_own(string eras, bool isSession)
    {
        var hr = await MemberAsync(eras, "get_user", "öffnen");
        var crm = await MemberAsync(eras, "get_user");
        var slug = await GatewayAsync(
            new { server = hr.Slug, prefix = "hr_", overrides = new[] { new { tool = "öffnen", name = "open", description = "Opens \"it\"." } } },
            new { server = crm.Slug, prefix = "crm_" });

        var list = await ListAsync(slug, isSession);
        var opened = await CallAsync(slug, isSession, "hr_open");
        var got = await CallAsync(slug, isSession, "crm_get_user");

        list["tools"]!.AsArray().Select(t => (string)t!["name"]!).ShouldBe(["hr_get_user", "hr_open", "crm_get_user"]);
        list["tools"]![1]!.ToJsonString().ShouldBe(JsonNode.Parse("""{"name":"hr_open","description":"Opens \"it\".","inputSchema":{"type":"object"},"x-own":[ 1.0 ]}""")!.ToJsonString());
        list["_meta"]!["mcpx/upstreams"]!.AsArray().Select(m => $"{m!["server"]} {m["status"]}").ShouldBe([$"{hr.Slug} ok", $"{crm.Slug} ok"]);
        opened["result"]!["by"]!.GetValue<string>().ShouldBe(hr.Slug);
        opened["result"]!["asked"]!.GetValue<string>().ShouldBe("öffnen");
        got["result"]!["by"]!.GetValue<string>().ShouldBe(crm.Slug);
        (opened["result"]!["resultType"] is null).ShouldBe(isSession);
        var recorded = (await gateway.CallsAsync("&tool=hr_open")).First(c => (string?)c!["gatewaySlug"] == slug)!;
        recorded["upstreamTool"]!.GetValue<string>().ShouldBe("öffnen");
        recorded["serverSlug"]!.GetValue<string>().ShouldBe(hr.Slug);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_name_of_two_members_is_hidden_on_both_sides_until_one_gets_a_prefix(bool isSession)
    {
        var hr = await MemberAsync("both", "get_user", "one");
        var crm = await MemberAsync("both", "get_user", "two", "ｏne");
        var slug = await GatewayAsync(new { server = hr.Slug }, new { server = crm.Slug });

        (await ListAsync(slug, isSession))["tools"]!.AsArray().Select(t => (string)t!["name"]!).ShouldBe(["two"]);
        (await CallAsync(slug, isSession, "get_user"))["error"]!["code"]!.GetValue<int>().ShouldBe(-32602);
        (await CallAsync(slug, isSession, "one"))["error"]!["code"]!.GetValue<int>().ShouldBe(-32602);
        hr.Calls.ShouldBeEmpty();
        crm.Calls.ShouldBeEmpty();
        ((string?)(await gateway.CallsAsync("&tool=get_user")).First(c => (string?)c!["gatewaySlug"] == slug)!["reason"]).ShouldNotBeNull().ShouldContain("prefix");

        await ChangeAsync(slug, new { members = new object[] { new { server = hr.Slug }, new { server = crm.Slug, prefix = "crm." } } });

        (await CallAsync(slug, isSession, "get_user"))["result"]!["by"]!.GetValue<string>().ShouldBe(hr.Slug);
        (await CallAsync(slug, isSession, "crm.get_user"))["result"]!["by"]!.GetValue<string>().ShouldBe(crm.Slug);
    }

    [Fact]
    public async Task A_new_member_brings_its_tools_into_an_open_session()
    {
        var hr = await MemberAsync("both", "one");
        var crm = await MemberAsync("both", "two");
        var slug = await GatewayAsync(new { server = hr.Slug });
        var client = await SessionClient.OpenAtAsync(gateway, PathOf(slug));
        await using var stream = await client.ListenAsync();
        JsonNode.Parse(await client.SendAsync(Mcp.List))!["result"]!["tools"]!.AsArray().Count.ShouldBe(1);

        await ChangeAsync(slug, new { members = new object[] { new { server = hr.Slug }, new { server = crm.Slug } } });

        (await stream.NextAsync())["method"]!.GetValue<string>().ShouldBe("notifications/tools/list_changed");
        JsonNode.Parse(await client.SendAsync(Mcp.List))!["result"]!["tools"]!.AsArray().Count.ShouldBe(2);
        JsonNode.Parse(await client.SendAsync(Mcp.Call("two")))!["result"]!["by"]!.GetValue<string>().ShouldBe(crm.Slug);
    }

    [Fact]
    public async Task A_new_rule_changes_the_list_and_says_so()
    {
        var hr = await MemberAsync("both", "one", "two");
        var slug = await GatewayAsync(new { server = hr.Slug });
        var client = new StatelessClient(gateway, PathOf(slug));
        (await client.SendAsync(StatelessClient.Message("tools/list"))).Json["result"]!["tools"]!.AsArray().Count.ShouldBe(2);
        await using var stream = await client.StartAsync(StatelessClient.Message("subscriptions/listen", "\"notifications\":{\"toolsListChanged\":true}", "9"));
        (await stream.NextAsync())["params"]!["notifications"]!.ToJsonString().ShouldBe("""{"toolsListChanged":true}""");

        await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{hr.Id}/governance", new { mode = "blocklist", tools = new[] { "two" } });

        var told = await stream.NextAsync();
        told["method"]!.GetValue<string>().ShouldBe("notifications/tools/list_changed");
        told["params"]!["_meta"]!["io.modelcontextprotocol/subscriptionId"]!.GetValue<int>().ShouldBe(9);
        (await client.SendAsync(StatelessClient.Message("tools/list"))).Json["result"]!["tools"]!.AsArray().Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rules_hold_for_the_servers_own_names(bool isSession)
    {
        var hr = await MemberAsync("both", "open", "secret");
        await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{hr.Id}/governance", new { mode = "blocklist", tools = new[] { "secret" } });
        var slug = await GatewayAsync(new { server = hr.Slug, prefix = "x_", overrides = new[] { new { tool = "secret", name = "harmless" } } });

        (await ListAsync(slug, isSession))["tools"]!.AsArray().Select(t => (string)t!["name"]!).ShouldBe(["x_open"]);
        (await CallAsync(slug, isSession, "x_harmless"))["error"]!["message"]!.GetValue<string>().ShouldBe("Unknown tool: x_harmless");
        (await CallAsync(slug, isSession, "x_nothing"))["error"]!["message"]!.GetValue<string>().ShouldBe("Unknown tool: x_nothing");
        hr.Calls.ShouldBeEmpty();
        (await gateway.CallsAsync("&tool=x_harmless")).First(c => (string?)c!["gatewaySlug"] == slug)!["rule"]!.GetValue<string>().ShouldBe("blocklist:secret");
    }

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
        await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{off.Id}", new { enabled = false });
        var slug = await GatewayAsync(new { server = good.Slug }, new { server = off.Slug });
        await ChangeAsync(slug, new { failureMode = "closed" });

        var list = await RawAsync(slug, isSession: true, Mcp.List);
        var call = await CallAsync(slug, isSession: false, "one");

        list["error"]!["data"]!["reason"]!.GetValue<string>().ShouldBe("member_missing");
        call["error"]!["data"]!["missingServers"]!.AsArray().Select(m => (string)m!).ShouldBe([$"{off.Slug}: server_disabled"]);
        good.Calls.ShouldBeEmpty();
        await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{off.Id}", new { enabled = true });
        (await CallAsync(slug, isSession: false, "one"))["result"].ShouldNotBeNull();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Prompts_resources_and_completions_go_to_the_member_that_has_them(bool isSession)
    {
        var hr = await MemberAsync("both");
        var crm = await MemberAsync(isSession ? "stateless" : "session");
        hr.Prompts.Add("""{"name":"greet"}""");
        crm.Prompts.Add("""{"name":"greet"}""");
        hr.Resources.Add("""{"uri":"hr://people","name":"people"}""");
        crm.Resources.Add("""{"uri":"crm://deals","name":"deals"}""");
        var slug = await GatewayAsync(new { server = hr.Slug }, new { server = crm.Slug, prefix = "crm_" });

        var prompts = await RawAsync(slug, isSession, Message(isSession, "prompts/list"));
        var got = await RawAsync(slug, isSession, Message(isSession, "prompts/get", "\"name\":\"crm_greet\""));
        var read = await RawAsync(slug, isSession, Message(isSession, "resources/read", "\"uri\":\"crm://deals\""));
        var completed = await RawAsync(slug, isSession, Message(isSession, "completion/complete", """ "ref":{"type":"ref/prompt","name":"crm_greet"},"argument":{"name":"a","value":"b"} """));
        var unknown = await RawAsync(slug, isSession, Message(isSession, "resources/read", "\"uri\":\"else://where\""));

        prompts["result"]!["prompts"]!.AsArray().Select(p => (string)p!["name"]!).ShouldBe(["greet", "crm_greet"]);
        got["result"]!["by"]!.GetValue<string>().ShouldBe(crm.Slug);
        got["result"]!["asked"]!.GetValue<string>().ShouldBe("greet");
        read["result"]!["by"]!.GetValue<string>().ShouldBe(crm.Slug);
        completed["result"]!["asked"]!["name"]!.GetValue<string>().ShouldBe("greet");
        unknown["error"]!["code"]!.GetValue<int>().ShouldBe(-32602);
    }

    [Fact]
    public async Task A_task_of_a_member_is_found_again_by_its_own_caller_only()
    {
        var hr = await MemberAsync("stateless", "work");
        hr.Before = message => (string?)message["method"] switch
        {
            "tools/call" => (http, _) => FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{message["id"]}}},"result":{"resultType":"task","taskId":"own-1","status":"working"} }"""),
            "tasks/get" => (http, _) => FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{message["id"]}}},"result":{"resultType":"complete","taskId":"{{{message["params"]!["taskId"]}}}","status":"completed"} }"""),
            _ => null,
        };
        var slug = await GatewayAsync(new { server = hr.Slug });
        var client = new StatelessClient(gateway, PathOf(slug));

        var task = (await client.CallAsync("work")).Json["result"]!["taskId"]!.GetValue<string>();
        var status = (await client.SendAsync(StatelessClient.Message("tasks/get", $"\"taskId\":\"{task}\"", "2"))).Json;
        var forged = await client.SendAsync(StatelessClient.Message("tasks/get", "\"taskId\":\"own-1\"", "3"));

        task.ShouldNotContain("own-1");
        status["result"]!["status"]!.GetValue<string>().ShouldBe("completed");
        hr.Upstream.Requests.Last().Text.ShouldContain("own-1");
        hr.Upstream.Requests.Last().Headers["Mcp-Name"].ShouldBe("own-1");
        forged.ErrorCode.ShouldBe(-32602);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_tool_that_was_swapped_between_list_and_call_gets_the_servers_own_answer_and_the_list_is_read_again(bool isSession)
    {
        var hr = await MemberAsync("both", "old");
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

    [Fact]
    public async Task Long_lists_come_in_pages_that_hold_together_while_the_list_changes()
    {
        var big = await MemberAsync("both", [.. Enumerable.Range(0, 1500).Select(n => $"tool-{n:0000}")]);
        var slug = await GatewayAsync(new { server = big.Slug });
        var client = new StatelessClient(gateway, PathOf(slug));

        var first = (await client.SendAsync(StatelessClient.Message("tools/list"))).Json["result"]!;
        var second = (await client.SendAsync(StatelessClient.Message("tools/list", $"\"cursor\":{first["nextCursor"]!.ToJsonString()}"))).Json["result"]!;

        first["tools"]!.AsArray().Concat(second["tools"]!.AsArray()).Select(t => (string)t!["name"]!).ShouldBe(Enumerable.Range(0, 1500).Select(n => $"tool-{n:0000}"));
        second["nextCursor"].ShouldBeNull();
        (await client.SendAsync(StatelessClient.Message("tools/list", "\"cursor\":\"nonsense\""))).ErrorCode.ShouldBe(-32602);
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
        var stranger = await Stranger.CreateAsync(gateway);

        (await gateway.SendAsync(HttpMethod.Post, PathOf(slug), System.Text.Encoding.UTF8.GetBytes(Mcp.Initialize), stranger.Token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await gateway.SendAsync(HttpMethod.Post, PathOf("nowhere"), System.Text.Encoding.UTF8.GetBytes(Mcp.Initialize), gateway.Token)).Status.ShouldBe(HttpStatusCode.NotFound);
        (await gateway.SendAsync(HttpMethod.Post, $"/mcp/gateway/{slug}", System.Text.Encoding.UTF8.GetBytes(Mcp.Initialize), gateway.Token)).Status.ShouldBe(HttpStatusCode.OK);
        await ChangeAsync(slug, new { enabled = false });
        (await RawAsync(slug, isSession: false, StatelessClient.Message("tools/list")))["error"]!["data"]!["reason"]!.GetValue<string>().ShouldBe("gateway_disabled");
    }

    private async Task<Member> MemberAsync(string eras, params string[] tools)
    {
        var member = await Member.StartAsync(gateway, eras, tools);
        _members.Add(member);
        return member;
    }

    private string PathOf(string slug) => $"/mcp/{gateway.Organization}/gateway/{slug}";

    private async Task<string> GatewayAsync(params object[] members)
    {
        var slug = "g" + System.Security.Cryptography.RandomNumberGenerator.GetHexString(12, lowercase: true);
        var made = await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = slug, slug, members });
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        return slug;
    }

    private async Task ChangeAsync(string slug, object change)
    {
        var id = (await gateway.ApiAsync(HttpMethod.Get, "/api/gateways")).Json["items"]!.AsArray().Single(g => (string?)g!["slug"] == slug)!["id"]!;
        var changed = await gateway.ApiAsync(HttpMethod.Patch, $"/api/gateways/{id}", change);
        changed.Status.ShouldBe(HttpStatusCode.OK, changed.Body);
    }

    private static string Message(bool isSession, string method, string parameters = "") => isSession
        ? "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + method + "\",\"params\":{" + parameters + "}}"
        : StatelessClient.Message(method, parameters);

    private async Task<JsonNode> RawAsync(string slug, bool isSession, string message) => isSession
        ? JsonNode.Parse(await (await SessionClient.OpenAtAsync(gateway, PathOf(slug))).SendAsync(message))!
        : (await new StatelessClient(gateway, PathOf(slug)).SendAsync(message)).Json;

    private async Task<JsonNode> ListAsync(string slug, bool isSession) => (await RawAsync(slug, isSession, Message(isSession, "tools/list")))["result"]!;

    private Task<JsonNode> CallAsync(string slug, bool isSession, string tool) =>
        RawAsync(slug, isSession, Message(isSession, "tools/call", $"\"name\":{System.Text.Json.JsonSerializer.Serialize(tool)},\"arguments\":{{}}"));

    private async Task<JsonNode> OpeningAsync(string slug, bool isSession) => isSession
        ? (await SessionClient.OpenAtAsync(gateway, PathOf(slug))).Opening
        : (await RawAsync(slug, isSession, Message(isSession, "server/discover")))["result"]!;
}
