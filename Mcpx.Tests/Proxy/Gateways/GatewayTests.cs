using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy.Gateways;

/// <summary>Several servers behind one address.</summary>
public sealed class GatewayTests(GatewayFixture gateway) : GatewayTestBase(gateway)
{
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
        var recorded = (await Gateway.CallsAsync("&tool=hr_open")).First(c => (string?)c!["gatewaySlug"] == slug)!;
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
        ((string?)(await Gateway.CallsAsync("&tool=get_user")).First(c => (string?)c!["gatewaySlug"] == slug)!["reason"]).ShouldNotBeNull().ShouldContain("prefix");

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
        var client = await SessionClient.OpenAtAsync(Gateway, PathOf(slug));
        await using var stream = await client.ListenAsync();
        JsonNode.Parse(await client.SendAsync(Mcp.List))!["result"]!["tools"]!.AsArray().Count.ShouldBe(1);

        await ChangeAsync(slug, new { members = new object[] { new { server = hr.Slug }, new { server = crm.Slug } } });

        (await stream.NextAsync())["method"]!.GetValue<string>().ShouldBe("notifications/tools/list_changed");
        JsonNode.Parse(await client.SendAsync(Mcp.List))!["result"]!["tools"]!.AsArray().Count.ShouldBe(2);
        JsonNode.Parse(await client.SendAsync(Mcp.Call("two")))!["result"]!["by"]!.GetValue<string>().ShouldBe(crm.Slug);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_servers_prefix_reaches_members_that_have_none_and_clients_are_told(bool isSession)
    {
        var hr = await MemberAsync("both", "one");
        var crm = await MemberAsync("both", "one");
        var slug = await GatewayAsync(new { server = hr.Slug }, new { server = crm.Slug, prefix = "" });
        (await ListAsync(slug, isSession))["tools"]!.AsArray().ShouldBeEmpty();
        var client = await SessionClient.OpenAtAsync(Gateway, PathOf(slug));
        await using var stream = await client.ListenAsync();

        (await Gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{hr.Id}", new { toolPrefix = "hr_" })).Status.ShouldBe(HttpStatusCode.OK);

        (await stream.NextAsync())["method"]!.GetValue<string>().ShouldBe("notifications/tools/list_changed");
        (await ListAsync(slug, isSession))["tools"]!.AsArray().Select(t => (string)t!["name"]!).ShouldBe(["hr_one", "one"]);
        (await CallAsync(slug, isSession, "hr_one"))["result"]!["by"]!.GetValue<string>().ShouldBe(hr.Slug);
        (await CallAsync(slug, isSession, "one"))["result"]!["by"]!.GetValue<string>().ShouldBe(crm.Slug);
        (await OpeningAsync(slug, isSession)).ToJsonString().ShouldContain("tools that begin with hr_");
        // Named by its rules as before: they are about the server's own names.
        (await Gateway.CallsAsync("&tool=hr_one")).First(c => (string?)c!["gatewaySlug"] == slug)!["outcome"]!.GetValue<string>().ShouldBe("ok");
    }

    [Fact]
    public async Task A_new_rule_changes_the_list_and_says_so()
    {
        var hr = await MemberAsync("both", "one", "two");
        var slug = await GatewayAsync(new { server = hr.Slug });
        var client = new StatelessClient(Gateway, PathOf(slug));
        (await client.SendAsync(StatelessClient.Message("tools/list"))).Json["result"]!["tools"]!.AsArray().Count.ShouldBe(2);
        await using var stream = await client.StartAsync(StatelessClient.Message("subscriptions/listen", "\"notifications\":{\"toolsListChanged\":true}", "9"));
        (await stream.NextAsync())["params"]!["notifications"]!.ToJsonString().ShouldBe("""{"toolsListChanged":true}""");

        await Gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{hr.Id}/governance", new { mode = "blocklist", tools = new[] { "two" } });

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
        await Gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{hr.Id}/governance", new { mode = "blocklist", tools = new[] { "secret" } });
        var slug = await GatewayAsync(new { server = hr.Slug, prefix = "x_", overrides = new[] { new { tool = "secret", name = "harmless" } } });

        (await ListAsync(slug, isSession))["tools"]!.AsArray().Select(t => (string)t!["name"]!).ShouldBe(["x_open"]);
        (await CallAsync(slug, isSession, "x_harmless"))["error"]!["message"]!.GetValue<string>().ShouldBe("Unknown tool: x_harmless");
        (await CallAsync(slug, isSession, "x_nothing"))["error"]!["message"]!.GetValue<string>().ShouldBe("Unknown tool: x_nothing");
        hr.Calls.ShouldBeEmpty();
        (await Gateway.CallsAsync("&tool=x_harmless")).First(c => (string?)c!["gatewaySlug"] == slug)!["rule"]!.GetValue<string>().ShouldBe("blocklist:secret");
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
        var client = new StatelessClient(Gateway, PathOf(slug));

        var task = (await client.CallAsync("work")).Json["result"]!["taskId"]!.GetValue<string>();
        var status = (await client.SendAsync(StatelessClient.Message("tasks/get", $"\"taskId\":\"{task}\"", "2"))).Json;
        var forged = await client.SendAsync(StatelessClient.Message("tasks/get", "\"taskId\":\"own-1\"", "3"));

        task.ShouldNotContain("own-1");
        status["result"]!["status"]!.GetValue<string>().ShouldBe("completed");
        hr.Upstream.Requests.Last().Text.ShouldContain("own-1");
        hr.Upstream.Requests.Last().Headers["Mcp-Name"].ShouldBe("own-1");
        forged.ErrorCode.ShouldBe(-32602);
    }

    [Fact]
    public async Task Long_lists_come_in_pages_that_hold_together_while_the_list_changes()
    {
        var big = await MemberAsync("both", [.. Enumerable.Range(0, 1500).Select(n => $"tool-{n:0000}")]);
        var slug = await GatewayAsync(new { server = big.Slug });
        var client = new StatelessClient(Gateway, PathOf(slug));

        var first = (await client.SendAsync(StatelessClient.Message("tools/list"))).Json["result"]!;
        var second = (await client.SendAsync(StatelessClient.Message("tools/list", $"\"cursor\":{first["nextCursor"]!.ToJsonString()}"))).Json["result"]!;

        first["tools"]!.AsArray().Concat(second["tools"]!.AsArray()).Select(t => (string)t!["name"]!).ShouldBe(Enumerable.Range(0, 1500).Select(n => $"tool-{n:0000}"));
        second["nextCursor"].ShouldBeNull();
        (await client.SendAsync(StatelessClient.Message("tools/list", "\"cursor\":\"nonsense\""))).ErrorCode.ShouldBe(-32602);
    }
}
