using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Identity;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.OAuth;
using Mcpx.Tests.Proxy;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

/// <summary>What is said of access is what calls get; and rules are tried before they are saved.</summary>
public sealed class AccessTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static readonly string[] Tools = ["get", "transfer", "drop"];

    [Fact]
    public async Task What_is_said_is_what_the_caller_gets()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering(Tools);
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        Colleague member = await Colleague.CreateAsync(gateway, Role.Member), admin = await Colleague.CreateAsync(gateway, Role.Admin);
        var robot = await gateway.AddAccountAsync(new { tools = new[] { "get" } });
        (await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{id}/governance", new
        {
            mode = "allowlist",
            rules = new object[]
            {
                new { tool = "get" },
                new { tool = "transfer", conditions = new[] { new { path = "$.amount", @operator = "lessOrEqual", value = 1000 } } },
                new { tool = "drop", @for = new { kind = "role", role = "admin" } },
            },
        })).Status.ShouldBe(HttpStatusCode.OK);
        var office = await gateway.AddGatewayAsync("access-" + slug, new { server = slug, prefix = "x_" });
        string gatewayId = (await gateway.ApiAsync(HttpMethod.Get, "/api/gateways?size=200")).Json["items"]!.AsArray().First(g => (string?)g!["endpoint"] == office.ToString())!["id"]!.GetValue<string>();

        foreach ((string who, string token) in new[] { ($"member={member.User.Id}", member.Token), ($"member={admin.User.Id}", admin.Token), ($"serviceAccount={robot.Id}", await robot.TokenForAsync(slug)) })
        {
            JsonArray said = await SaidAsync($"{who}&server={id}");
            string[] listed = [.. (await gateway.PostAsync(slug, Mcp.List, token)).Json["result"]!["tools"]!.AsArray().Select(t => (string)t!["name"]!)];
            said.Where(t => t!["shown"]!.GetValue<bool>()).Select(t => (string)t!["name"]!).ShouldBe(listed, who);
            foreach (string tool in Tools)
            {
                JsonNode one = said.First(t => (string?)t!["name"] == tool)!;
                await gateway.PostAsync(slug, Mcp.Call(tool, """{"amount":1}"""), token);
                JsonNode call = (await gateway.CallsOfAsync(slug))[0];
                ((string?)call["rule"]).ShouldBe((string?)one["rule"], $"{who} {tool}");
            }

            (await SaidAsync($"{who}&gateway={gatewayId}")).Count(t => t!["shown"]!.GetValue<bool>()).ShouldBe(who.StartsWith("service", StringComparison.Ordinal) ? 0 : listed.Length);
        }

        JsonNode conditional = (await SaidAsync($"member={member.User.Id}&server={id}")).First(t => (string?)t!["name"] == "transfer")!;
        conditional["conditions"]![0]!["conditions"]![0]!["path"]!.GetValue<string>().ShouldBe("$.amount");
    }

    [Fact]
    public async Task A_tool_whose_definition_waits_for_approval_is_said_to_be_hidden_by_that()
    {
        await using var upstream = await ShiftingUpstream.PinnedAsync(gateway, [ShiftingUpstream.Tool("get"), ShiftingUpstream.Tool("put")]);
        string owner = $"member={gateway.Owner.User!.Value}";
        (await SaidAsync($"{owner}&server={upstream.Id}")).Select(t => t!["shown"]!.GetValue<bool>()).ShouldBe([true, true]);

        upstream.Tools = [ShiftingUpstream.Tool("get", "another one"), ShiftingUpstream.Tool("put")];
        await upstream.RefreshAsync();

        JsonArray said = await SaidAsync($"{owner}&server={upstream.Id}");
        said.Select(t => ((string?)t!["name"], t["shown"]!.GetValue<bool>())).ShouldBe([("get", false), ("put", true)]);
        await gateway.PostAsync(upstream.Slug, Mcp.Call("get"));
        ((string?)said[0]!["rule"], (string?)said[0]!["reason"]).ShouldBe(((string?)(await gateway.CallsOfAsync(upstream.Slug))[0]["rule"], (string?)(await gateway.CallsOfAsync(upstream.Slug))[0]["reason"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?member={member}")]
    [InlineData("?server={server}")]
    [InlineData("?member={member}&serviceAccount={member}&server={server}")]
    [InlineData("?member={member}&server={server}&gateway={server}")]
    [InlineData("?member=x&server={server}")]
    public async Task A_question_that_is_none_is_refused(string query)
    {
        string id = (await gateway.AddUpstreamAsync(new Uri("http://127.0.0.1:9/mcp"))).Id;
        HttpAnswer answer = await gateway.ApiAsync(HttpMethod.Get, "/api/access" + query.Replace("{member}", gateway.Owner.User!.Value.ToString()).Replace("{server}", id));
        ((int)answer.Status).ShouldBeInRange(400, 404, answer.Body);
    }

    [Fact]
    public async Task Rules_are_shown_to_somebody_before_they_are_saved()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering(Tools);
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        object draft = new { mode = "blocklist", rules = new object[] { new { tool = "drop" }, new { tool = "transfer", @for = new { kind = "role", role = "member" } } } };
        Colleague member = await Colleague.CreateAsync(gateway, Role.Member);

        (await PreviewAsync(id, draft, null)).ShouldBe(["get", "transfer"]);
        (await PreviewAsync(id, draft, new { kind = "role", role = "admin" })).ShouldBe(["get", "transfer"]);
        (await PreviewAsync(id, draft, new { kind = "role", role = "member" })).ShouldBe(["get"]);
        (await PreviewAsync(id, draft, new { kind = "member", id = member.User.Id.ToString() })).ShouldBe(["get"]);

        // Nothing was saved.
        (await gateway.PostAsync(slug, Mcp.List)).Json["result"]!["tools"]!.AsArray().Count.ShouldBe(3);
        (await gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/governance/preview", new { governance = new { mode = "none", tools = new[] { "x" } } })).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Rules_are_tried_on_recorded_calls()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering(Tools);
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        Colleague member = await Colleague.CreateAsync(gateway, Role.Member);
        foreach (int amount in new[] { 1, 1000, 1001, 5000 }) await gateway.PostAsync(slug, Mcp.Call("transfer", $$"""{"amount":{{amount}}}"""), member.Token);
        await gateway.PostAsync(slug, Mcp.Call("transfer", $$"""{"amount":1,"note":"{{new string('x', 300_000)}}"}"""), member.Token);
        await gateway.PostAsync(slug, Mcp.Call("get"));
        (await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{id}/governance", new { mode = "blocklist", tools = new[] { "get" } })).Status.ShouldBe(HttpStatusCode.OK);
        await gateway.PostAsync(slug, Mcp.Call("get"));

        JsonNode report = await ReplayAsync(id, new { mode = "allowlist", rules = new object[] { new { tool = "get" }, new { tool = "transfer", conditions = new[] { new { path = "$.amount", @operator = "lessOrEqual", value = 1000 } } } } });

        // Four of them can be judged; the fifth was too long to be kept whole.
        (Figure(report, "judged"), Figure(report, "wouldDeny"), Figure(report, "wouldAllow"), Figure(report, "notJudged")).ShouldBe((6, 2, 1, 1));
        JsonNode group = report["denied"]!.AsArray().ShouldHaveSingleItem()!;
        ((string?)group["tool"], (string?)group["caller"], Figure(group, "calls"), (string?)group["rule"]).ShouldBe(("transfer", member.User.Name, 2, "allowlist:transfer"));

        JsonNode byRole = await ReplayAsync(id, new { mode = "allowlist", rules = new[] { new { tool = "*", @for = new { kind = "role", role = "member" } } } });
        (Figure(byRole, "wouldDeny"), Figure(byRole, "notJudged")).ShouldBe((1, 0));
        (await gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/governance/replay", new { governance = new { mode = "none" }, days = 31 })).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    private async Task<JsonArray> SaidAsync(string query)
    {
        HttpAnswer answer = await gateway.ApiAsync(HttpMethod.Get, $"/api/access?{query}");
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return answer.Json["tools"]!.AsArray();
    }

    private async Task<string[]> PreviewAsync(string id, object draft, object? who)
    {
        HttpAnswer answer = await gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/governance/preview", new { governance = draft, @for = who });
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return [.. answer.Json["tools"]!.AsArray().Where(t => t!["shown"]!.GetValue<bool>()).Select(t => (string)t!["name"]!)];
    }

    private async Task<JsonNode> ReplayAsync(string id, object draft)
    {
        HttpAnswer answer = await gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/governance/replay", new { governance = draft, days = 1 });
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return answer.Json;
    }

    private static int Figure(JsonNode node, string name) => node[name]!.GetValue<int>();
}
