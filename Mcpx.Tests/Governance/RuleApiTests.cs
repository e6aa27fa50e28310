using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mcpx.Core.Identity;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.OAuth;
using Mcpx.Tests.Proxy;
using Mcpx.Tests.Proxy.Bridge;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

/// <summary>Rules with audiences and conditions by REST, and what they do at the front door.</summary>
public sealed class RuleApiTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static readonly object AtMost1000 = new { path = "$.amount", @operator = "lessOrEqual", value = 1000 };

    [Fact]
    public async Task Rules_are_saved_whole_and_the_answer_may_be_sent_back()
    {
        var (_, id) = await gateway.AddUpstreamAsync(new Uri("http://127.0.0.1:9/mcp"));
        Colleague ada = await Colleague.CreateAsync(gateway, Role.Admin);
        var saved = await SaveAsync(id, new
        {
            mode = "allowlist",
            enforce = false,
            rules = new object[]
            {
                new { tool = "get_*" },
                new { tool = "transfer", @for = new { kind = "role", role = "admin" }, conditions = new[] { AtMost1000, new { path = "$['currency']", @operator = "in", values = new[] { "EUR", "USD" } } }, logOnly = true },
                new { tool = "drop", @for = new { kind = "member", id = ada.User.Id.ToString() } },
            },
        });

        saved.Status.ShouldBe(HttpStatusCode.OK, saved.Body);
        var read = (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}/governance")).Body;
        read.ShouldBe(saved.Body);
        JsonNode.Parse(read)!["rules"]![1]!.ToJsonString().ShouldBe(
            """{"tool":"transfer","for":{"kind":"role","role":"admin","id":null},"conditions":[{"path":"$.amount","operator":"lessOrEqual","values":[1000]},{"path":"$[\u0027currency\u0027]","operator":"in","values":["EUR","USD"]}],"logOnly":true}""");
        (await gateway.SendAsync(HttpMethod.Put, $"/api/servers/{id}/governance", System.Text.Encoding.UTF8.GetBytes(read), gateway.Token)).Body.ShouldBe(read);
    }

    [Theory]
    [InlineData("$", "exists", null)]
    [InlineData("amount", "exists", null)]
    [InlineData("$..amount", "exists", null)]
    [InlineData("$.*", "exists", null)]
    [InlineData("$.a[*]", "exists", null)]
    [InlineData("$.a[-1]", "exists", null)]
    [InlineData("$.a[01]", "exists", null)]
    [InlineData("$.a[0:2]", "exists", null)]
    [InlineData("$.a[?@.b]", "exists", null)]
    [InlineData("$.a[", "exists", null)]
    [InlineData("$['a", "exists", null)]
    [InlineData("$['a'", "exists", null)]
    [InlineData("$.1a", "exists", null)]
    [InlineData("$.a b", "exists", null)]
    [InlineData("$.a", "exists", "1")]
    [InlineData("$.a", "less", "\"1\"")]
    [InlineData("$.a", "less", "1,2")]
    [InlineData("$.a", "equal", null)]
    [InlineData("$.a", "equal", "{}")]
    [InlineData("$.a", "in", null)]
    [InlineData("$.a", "matches", "7")]
    [InlineData("$.a", "matches", "\"(\"")]
    [InlineData("$.a", "matches", "\"a)|(?:b\"")]
    [InlineData("$.a", "matches", "\"(a)\\\\1\"")]
    [InlineData("$.a", "matches", "\"(?=a)b\"")]
    [InlineData("$.a", "matches", "\"a{1001}\"")]
    [InlineData("$.a", "matches", "\"a{1,99999}\"")]
    public async Task What_is_no_condition_is_refused(string path, string comparison, string? values)
    {
        string id = await ServerAsync();
        string body = $$$"""{"mode":"allowlist","rules":[{"tool":"t","conditions":[{"path":{{{JsonSerializer.Serialize(path)}}},"operator":"{{{comparison}}}","values":[{{{values}}}]}]}]}""";

        var answer = await gateway.SendAsync(HttpMethod.Put, $"/api/servers/{id}/governance", System.Text.Encoding.UTF8.GetBytes(body), gateway.Token);

        answer.Status.ShouldBe(HttpStatusCode.BadRequest, answer.Body);
        answer.Body.ShouldContain("rules[0].conditions");
        (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}/governance")).Json["mode"]!.GetValue<string>().ShouldBe("none");
    }

    [Fact]
    public async Task What_is_no_rule_is_refused()
    {
        string id = await ServerAsync();
        Colleague stranger = await Colleague.CreateAloneAsync(gateway, "Stranger");
        object[] wrong =
        [
            new { mode = "allowlist", rules = new[] { new { tool = "t", @for = new { kind = "member" } } } },
            new { mode = "allowlist", rules = new[] { new { tool = "t", @for = new { kind = "role" } } } },
            new { mode = "allowlist", rules = new[] { new { tool = "t", @for = new { kind = "everyone", role = "admin" } } } },
            new { mode = "allowlist", rules = new[] { new { tool = "t", @for = new { kind = "member", id = "x" } } } },
            new { mode = "allowlist", rules = new[] { new { tool = "t", @for = new { kind = "member", id = stranger.User.Id.ToString() } } } },
            new { mode = "allowlist", rules = new[] { new { tool = "t", @for = new { kind = "token", id = stranger.User.Id.ToString() } } } },
            new { mode = "allowlist", rules = new[] { new { tool = "t", logOnly = true } } },
            new { mode = "allowlist", tools = new[] { "t" }, rules = new[] { new { tool = "t" } } },
            new { mode = "allowlist", rules = new[] { new { tool = "" } } },
            new { mode = "none", enforce = false },
            new { mode = "none", rules = new[] { new { tool = "t" } } },
            new { mode = "blocklist", rules = Enumerable.Range(0, 33).Select(i => new { tool = "t", conditions = new[] { new { path = $"$.a{i}", @operator = "exists" } } }) },
            new { mode = "blocklist", rules = new[] { new { tool = "t", conditions = Enumerable.Range(0, 9).Select(_ => new { path = "$.a", @operator = "exists" }) } } },
        ];
        foreach (object body in wrong)
        {
            var answer = await SaveAsync(id, body);
            answer.Status.ShouldBe(HttpStatusCode.BadRequest, JsonSerializer.Serialize(body) + answer.Body);
        }

        (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}/governance")).Json["mode"]!.GetValue<string>().ShouldBe("none");
    }

    [Fact]
    public async Task Each_caller_sees_and_calls_what_is_theirs()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = Offering("get", "transfer", "drop", "secret");
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        Colleague admin = await Colleague.CreateAsync(gateway, Role.Admin), member = await Colleague.CreateAsync(gateway, Role.Member);
        var office = await gateway.AddGatewayAsync("office-" + slug, new { server = slug, prefix = "x_" });
        var account = await gateway.AddAccountAsync();
        string robot = await account.TokenAsync(("resource", gateway.EndpointOf(slug).ToString()), ("resource", office.ToString()));
        (await SaveAsync(id, new
        {
            mode = "allowlist",
            rules = new object[]
            {
                new { tool = "get" },
                new { tool = "transfer", @for = new { kind = "role", role = "admin" } },
                new { tool = "drop", @for = new { kind = "member", id = member.User.Id.ToString() } },
                new { tool = "secret", @for = new { kind = "serviceAccount", id = account.Id } },
            },
        })).Status.ShouldBe(HttpStatusCode.OK);

        foreach ((string token, string[] may) in new[] { (admin.Token, new[] { "get", "transfer" }), (member.Token, ["get", "drop"]), (robot, ["get", "secret"]) })
        {
            Names(await gateway.PostAsync(slug, Mcp.List, token)).ShouldBe(may);
            foreach (string tool in new[] { "get", "transfer", "drop", "secret" })
                ((await gateway.PostAsync(slug, Mcp.Call(tool), token)).Json["result"] is not null).ShouldBe(may.Contains(tool), tool);
            var client = new StatelessClient(gateway, office.AbsolutePath);
            (await client.SendAsync(StatelessClient.Message("tools/list"), token)).Json["result"]!["tools"]!.AsArray().Select(t => (string)t!["name"]!)
                .ShouldBe(may.Select(t => "x_" + t), ignoreOrder: true);
        }

        var shown = (await gateway.ApiAsync(HttpMethod.Get, $"/api/gateways/{await GatewayIdAsync("office-" + slug)}/catalog")).Json["tools"]!.AsArray();
        shown.Count(t => t!["dependsOnCaller"]!.GetValue<bool>()).ShouldBe(3);
        shown.ShouldAllBe(t => t!["blocked"] == null);
    }

    [Fact]
    public async Task A_rule_for_somebody_who_is_gone_is_for_nobody_and_stays_visible()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = Offering("get");
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        Colleague leaver = await Colleague.CreateAsync(gateway, Role.Member), stays = await Colleague.CreateAsync(gateway, Role.Member);
        object rules = new { mode = "allowlist", rules = new[] { new { tool = "get", @for = new { kind = "member", id = leaver.User.Id.ToString() } } } };
        (await SaveAsync(id, rules)).Status.ShouldBe(HttpStatusCode.OK);
        Names(await gateway.PostAsync(slug, Mcp.List, leaver.Token)).ShouldBe(["get"]);

        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/members/{leaver.User.Id}")).Status.ShouldBe(HttpStatusCode.NoContent);

        Names(await gateway.PostAsync(slug, Mcp.List, stays.Token)).ShouldBeEmpty();
        (await gateway.PostAsync(slug, Mcp.Call("get"), stays.Token)).Json["error"].ShouldNotBeNull();
        // What is there may stay and be saved again; it must not be entered anew.
        (await SaveAsync(id, rules)).Status.ShouldBe(HttpStatusCode.OK);
        (await SaveAsync(await ServerAsync(), rules)).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Arguments_are_looked_at_and_the_refusal_says_why()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = Offering("transfer");
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        (await SaveAsync(id, new { mode = "allowlist", rules = new[] { new { tool = "transfer", conditions = new[] { AtMost1000 } } } })).Status.ShouldBe(HttpStatusCode.OK);

        Names(await gateway.PostAsync(slug, Mcp.List)).ShouldBe(["transfer"]);
        (await gateway.PostAsync(slug, Mcp.Call("transfer", """{"amount":999.99}"""))).Json["result"].ShouldNotBeNull();
        var refused = await gateway.PostAsync(slug, Mcp.Call("transfer", """{"amount":31337}"""));
        var twice = await gateway.PostAsync(slug, Mcp.Call("transfer", """{"amount":1,"amount":31337}"""));

        JsonNode error = refused.Json["error"]!;
        error["message"]!.GetValue<string>().ShouldBe("The call was refused by a rule. “transfer” is allowed only when $.amount ≤ 1000; $.amount is another value.");
        error["data"]!["rule"]!.GetValue<string>().ShouldBe("allowlist:transfer");
        error["data"]!["reason"]!.GetValue<string>().ShouldBe("denied_by_rule");
        twice.Json["error"].ShouldNotBeNull();
        upstream.Requests.Count(r => r.Text.Contains("tools/call", StringComparison.Ordinal)).ShouldBe(1);
        JsonNode call = (await gateway.ApiAsync(HttpMethod.Get, $"/api/calls/{error["data"]!["call"]!.GetValue<string>()}")).Json["call"]!;
        ((string?)call["outcome"], (string?)call["rule"]).ShouldBe(("denied", "allowlist:transfer"));
        call["reason"]!.GetValue<string>().ShouldNotContain("31337");
    }

    [Fact]
    public async Task What_is_only_tried_out_passes_and_is_recorded()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = Offering("transfer", "drop");
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        (await SaveAsync(id, new { mode = "blocklist", rules = new[] { new { tool = "drop", logOnly = true } } })).Status.ShouldBe(HttpStatusCode.OK);
        Names(await gateway.PostAsync(slug, Mcp.List)).ShouldBe(["transfer", "drop"]);
        (await gateway.PostAsync(slug, Mcp.Call("drop"))).Json["result"].ShouldNotBeNull();
        (await gateway.PostAsync(slug, Mcp.Call("transfer"))).Json["result"].ShouldNotBeNull();
        (await SaveAsync(id, new { mode = "allowlist", enforce = false, tools = new[] { "transfer" } })).Status.ShouldBe(HttpStatusCode.OK);
        Names(await gateway.PostAsync(slug, Mcp.List)).ShouldBe(["transfer", "drop"]);
        (await gateway.PostAsync(slug, Mcp.Call("drop"))).Json["result"].ShouldNotBeNull();

        var would = (await gateway.CallsAsync($"&server={id}&wouldBeDenied=true")).Select(c => ((string?)c!["tool"], (string?)c["outcome"], (string?)c["rule"], (string?)c["wouldRule"]));

        would.ShouldBe([("drop", "ok", "log-only", "allowlist"), ("drop", "ok", "log-only", "blocklist:drop")]);
    }

    [Fact]
    public async Task What_the_organisation_decides_holds_for_new_servers_and_for_refusals()
    {
        (await gateway.ApiAsync(HttpMethod.Get, "/api/governance/settings")).Body.ShouldBe("""{"newServersClosed":false,"explainRefusals":true}""");
        (await gateway.ApiAsync(HttpMethod.Put, "/api/governance/settings", new { newServersClosed = true, explainRefusals = false })).Status.ShouldBe(HttpStatusCode.OK);
        try
        {
            await using var upstream = await FakeUpstream.StartAsync();
            upstream.Answer = Offering("get");
            var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
            (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}/governance")).Json["mode"]!.GetValue<string>().ShouldBe("allowlist");
            Names(await gateway.PostAsync(slug, Mcp.List)).ShouldBeEmpty();

            JsonNode error = (await gateway.PostAsync(slug, Mcp.Call("get"))).Json["error"]!;

            error["message"]!.GetValue<string>().ShouldBe("Unknown tool: get");
            error["data"]!.AsObject().Select(m => m.Key).ShouldBe(["call"]);
            (await SaveAsync(id, new { mode = "allowlist", rules = new[] { new { tool = "get", conditions = new[] { AtMost1000 } } } })).Status.ShouldBe(HttpStatusCode.OK);
            (await gateway.PostAsync(slug, Mcp.Call("get"))).Json["error"]!["message"]!.GetValue<string>().ShouldBe("The call was refused by a rule.");
        }
        finally
        {
            await gateway.ApiAsync(HttpMethod.Put, "/api/governance/settings", new { newServersClosed = false, explainRefusals = true });
        }
    }

    private Task<HttpAnswer> SaveAsync(string id, object body) => gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{id}/governance", body);

    private async Task<string> ServerAsync() => (await gateway.AddUpstreamAsync(new Uri("http://127.0.0.1:9/mcp"))).Id;

    private async Task<string> GatewayIdAsync(string slug) =>
        (await gateway.ApiAsync(HttpMethod.Get, "/api/gateways?size=200")).Json["items"]!.AsArray().First(g => (string?)g!["slug"] == slug)!["id"]!.GetValue<string>();

    private static string[] Names(HttpAnswer list) => [.. list.Json["result"]!["tools"]!.AsArray().Select(t => (string)t!["name"]!)];

    private static FakeUpstream.Script Offering(params string[] tools) => DashboardVisits.Offering(tools);
}
