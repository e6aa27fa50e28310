using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mcpx.Core.Proxy.Repeat;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Mcpx.Tests.Proxy.Gateways;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>Recorded calls that are run again, by REST.</summary>
public sealed class CallRepeaterTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static readonly Dictionary<string, string> Methods = new(StringComparer.Ordinal) { ["tools/call"] = "name", ["prompts/get"] = "name", ["resources/read"] = "uri" };

    [Theory]
    [InlineData("session")]
    [InlineData("stateless")]
    [InlineData("both")]
    public async Task A_call_is_sent_as_it_was_or_with_other_arguments_whatever_its_server_speaks(string eras)
    {
        await using var member = await Member.StartAsync(gateway, eras, "pay");
        await StatelessClient.Of(gateway, member.Slug).CallAsync("pay", """{"amount":12.50,"to":"Zoë"}""");
        var call = await LastAsync(member.Slug);

        var same = await AgainAsync(call);
        var other = await AgainAsync(call, new { arguments = new { amount = 13 } });

        foreach (var (answer, sent) in new[] { (same, """{"amount":12.50,"to":"Zoë"}"""), (other, """{"amount":13}""") })
        {
            answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
            answer.Json["status"]!.GetValue<int>().ShouldBe(200);
            JsonNode.Parse((string)answer.Json["answer"]!["body"]!)!["result"]!["asked"]!.GetValue<string>().ShouldBe("pay");
            var record = (await gateway.ApiAsync(HttpMethod.Get, $"/api/calls/{answer.Json["call"]}")).Json;
            ((string?)record["call"]!["clientName"], (string?)record["call"]!["outcome"], (string?)record["call"]!["tokenName"]).ShouldBe((CallRepeater.ClientName, "ok", "tests"));
            JsonNode.DeepEquals(JsonNode.Parse((string)record["request"]!["body"]!)!["params"]!["arguments"], JsonNode.Parse(sent)).ShouldBeTrue();
        }

        member.Calls.Select(r => JsonNode.Parse(r.Body)!["params"]!["arguments"]!.ToJsonString()).TakeLast(2).ShouldBe(["""{"amount":12.50,"to":"Zo\u00EB"}""", """{"amount":13}"""]);
    }

    [Theory]
    [InlineData("prompts/get")]
    [InlineData("resources/read")]
    public async Task So_are_prompts_and_resources_also_through_a_virtual_gateway(string method)
    {
        await using var member = await Member.StartAsync(gateway, "both");
        member.Prompts.Add("""{"name":"greet"}""");
        member.Resources.Add("""{"name":"r","uri":"file:///r"}""");
        var slug = $"again-{method.Split('/')[0]}";
        await gateway.AddGatewayAsync(slug, new { server = member.Slug, prefix = "m_" });
        var target = method == "prompts/get" ? "m_greet" : "file:///r";
        var first = await new StatelessClient(gateway, $"/mcp/{gateway.Organization}/gateway/{slug}").SendAsync(StatelessClient.Message(method, $"\"{Methods[method]}\":\"{target}\""));
        first.Json["result"].ShouldNotBeNull(first.Body);

        var again = await AgainAsync((string)(await gateway.CallsAsync($"&method={Uri.EscapeDataString(method)}"))[0]!["id"]!);

        JsonNode.Parse((string)again.Json["answer"]!["body"]!)!["result"]!["by"]!.GetValue<string>().ShouldBe(member.Slug, again.Body);
        member.Calls.Count().ShouldBe(2);
    }

    [Theory]
    [InlineData("stateless", false)]
    [InlineData("stateless", true)]
    [InlineData("session", false)]
    public async Task Parameters_that_a_tool_wants_as_headers_too_are_there(string eras, bool throughGateway)
    {
        await using var member = await Member.StartAsync(gateway, eras);
        member.Tools.Add("""{"name":"find","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"deep":{"type":"object","properties":{"count":{"type":"integer","x-mcp-header":"Count"}}}}}}""");
        // As a server of the stateless era must (MCP 2026-07-28, "Custom Headers from Tool Parameters").
        member.Before = message => eras == "stateless" && (string?)message["method"] == "tools/call" ? (http, request) => IsMirrored(message, http) ? PassAsync(http, request) : RefuseAsync(http, request) : null;
        var path = $"/mcp/{gateway.Organization}/server/{member.Slug}";
        var tool = "find";
        if (throughGateway)
        {
            (path, tool) = ($"/mcp/{gateway.Organization}/gateway/mirrored", "m_find");
            await gateway.AddGatewayAsync("mirrored", new { server = member.Slug, prefix = "m_" });
        }

        var first = await gateway.SendAsync(HttpMethod.Post, path, System.Text.Encoding.UTF8.GetBytes(StatelessClient.Message("tools/call", $$$"""
            "name":"{{{tool}}}","arguments":{"region":"größe","deep":{"count":42} }
            """)), gateway.Token, [.. Mcp.StatelessHeaders(tool), ("Mcp-Param-Region", "=?base64?Z3LDtsOfZQ==?="), ("Mcp-Param-Count", "42")]);
        first.Status.ShouldBe(HttpStatusCode.OK, first.Body);
        var call = await LastAsync(member.Slug);

        var same = await AgainAsync(call);
        var other = await AgainAsync(call, new { arguments = new { region = "eu", deep = new { count = 7 } } });

        foreach (var answer in new[] { same, other }) answer.Json["status"]!.GetValue<int>().ShouldBe(200, answer.Body);
        member.Calls.Count().ShouldBe(3);
    }

    private static bool IsMirrored(JsonNode message, Microsoft.AspNetCore.Http.HttpContext http)
    {
        var arguments = message["params"]!["arguments"]!;
        var region = http.Request.Headers["Mcp-Param-Region"].ToString();
        if (region.StartsWith("=?base64?", StringComparison.Ordinal)) region = System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(region[9..^2]));
        return region == (string)arguments["region"]! && http.Request.Headers["Mcp-Param-Count"] == arguments["deep"]!["count"]!.ToJsonString();
    }

    private static Task RefuseAsync(Microsoft.AspNetCore.Http.HttpContext http, SeenRequest request) =>
        FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{FakeUpstream.IdOf(request)}}},"error":{"code":-32020,"message":"HeaderMismatch"} }""", 400);

    private static Task PassAsync(Microsoft.AspNetCore.Http.HttpContext http, SeenRequest request) =>
        FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{FakeUpstream.IdOf(request)}}},"result":{"content":[],"resultType":"complete"} }""");

    [Fact]
    public async Task It_goes_by_the_rules_of_now_and_as_whoever_asks()
    {
        await using var member = await Member.StartAsync(gateway, "both", "pay");
        await StatelessClient.Of(gateway, member.Slug).CallAsync("pay");
        var call = await LastAsync(member.Slug);
        var colleague = await Colleague.CreateAsync(gateway, Mcpx.Core.Identity.Role.Admin);
        await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{member.Id}/governance", new { mode = "blocklist", rules = new[] { new { tool = "pay", @for = new { kind = "role", role = "admin" } } } });

        var mine = await AgainAsync(call);
        var theirs = await AgainAsync(call, token: colleague.Token);

        mine.Json["status"]!.GetValue<int>().ShouldBe(200);
        theirs.Body.ShouldContain("blocklist");
        var record = (await gateway.ApiAsync(HttpMethod.Get, $"/api/calls/{theirs.Json["call"]}")).Json["call"]!;
        ((string?)record["outcome"], (string?)record["user"]).ShouldBe(("denied", colleague.User.Id.ToString()));
        member.Calls.Count().ShouldBe(2);
    }

    [Fact]
    public async Task What_is_masked_on_record_is_not_sent_as_if_it_had_been_said()
    {
        await using var member = await Member.StartAsync(gateway, "both", "login");
        await StatelessClient.Of(gateway, member.Slug).CallAsync("login", """{"password":"hunter2"}""");
        var call = await LastAsync(member.Slug);

        (await AgainAsync(call)).ShouldSatisfyAllConditions(a => a.Status.ShouldBe(HttpStatusCode.BadRequest), a => a.Body.ShouldContain("masked"));
        member.Calls.Count().ShouldBe(1);

        (await AgainAsync(call, new { arguments = new { password = "hunter3" } })).Status.ShouldBe(HttpStatusCode.OK);
        member.Calls.Last().Text.ShouldContain("hunter3");
    }

    [Fact]
    public async Task A_token_gets_no_further_by_it_than_by_calling()
    {
        await using var member = await Member.StartAsync(gateway, "both", "pay");
        await using var other = await Member.StartAsync(gateway, "both", "pay");
        await StatelessClient.Of(gateway, member.Slug).CallAsync("pay");
        var call = await LastAsync(member.Slug);
        var noCalls = await TokenAsync(new { name = "no calls", scopes = new[] { "api:read", "api:write" } });
        var elsewhere = await TokenAsync(new { name = "elsewhere", scopes = new[] { "mcp", "api:read", "api:write" }, endpoints = new[] { $"server/{other.Slug}" } });

        (await AgainAsync(call, token: noCalls)).Status.ShouldBe(HttpStatusCode.Forbidden);
        var limited = await AgainAsync(call, token: elsewhere);

        if (limited.Status is HttpStatusCode.OK) limited.Json["status"]!.GetValue<int>().ShouldBe(403, limited.Body);
        else limited.Status.ShouldBe(HttpStatusCode.Forbidden);
        member.Calls.Count().ShouldBe(1);
    }

    [Fact]
    public async Task What_others_sent_is_not_theirs_to_send_who_may_not_see_it()
    {
        await using var member = await Member.StartAsync(gateway, "both", "pay");
        await StatelessClient.Of(gateway, member.Slug).CallAsync("pay", """{"amount":1}""");
        var call = await LastAsync(member.Slug);
        var colleague = await Colleague.CreateAsync(gateway, Mcpx.Core.Identity.Role.Member);

        (await AgainAsync(call, token: colleague.Token)).ShouldSatisfyAllConditions(a => a.Status.ShouldBe(HttpStatusCode.BadRequest), a => a.Body.ShouldContain("not for you to see"));
        (await AgainAsync(call, new { arguments = new { amount = 2 } }, colleague.Token)).Status.ShouldBe(HttpStatusCode.OK);
        member.Calls.Count().ShouldBe(2);
    }

    [Theory]
    [InlineData("""{"arguments":[1]}""", "one JSON object")]
    [InlineData("""{"arguments":"x"}""", "one JSON object")]
    [InlineData("""{"argument":{}}""", "argument")]
    [InlineData("[]", "")]
    public async Task Other_input_is_refused_and_nothing_is_sent(string body, string says)
    {
        await using var member = await Member.StartAsync(gateway, "both", "pay");
        await StatelessClient.Of(gateway, member.Slug).CallAsync("pay");
        var call = await LastAsync(member.Slug);

        var answer = await AgainAsync(call, JsonSerializer.Deserialize<JsonElement>(body));

        answer.ShouldSatisfyAllConditions(a => a.Status.ShouldBe(HttpStatusCode.BadRequest), a => a.Body.ShouldContain(says));
        member.Calls.Count().ShouldBe(1);
    }

    [Fact]
    public async Task Arguments_that_two_readers_may_read_otherwise_are_refused_as_a_clients_are()
    {
        await using var member = await Member.StartAsync(gateway, "both", "pay");
        await StatelessClient.Of(gateway, member.Slug).CallAsync("pay");
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 70)) + "1" + new string('}', 70);

        var answer = await gateway.SendAsync(HttpMethod.Post, $"/api/calls/{await LastAsync(member.Slug)}/again", System.Text.Encoding.UTF8.GetBytes($"{{\"arguments\":{deep}}}"), gateway.Token);

        answer.Status.ShouldBe(HttpStatusCode.BadRequest);
        member.Calls.Count().ShouldBe(1);
    }

    [Fact]
    public async Task What_names_nothing_of_a_server_or_whose_server_is_gone_can_not_be_run_again()
    {
        await using var member = await Member.StartAsync(gateway, "both", "pay");
        await StatelessClient.Of(gateway, member.Slug).SendAsync(StatelessClient.Message("tools/list"));
        var list = await LastAsync(member.Slug);
        await StatelessClient.Of(gateway, member.Slug).CallAsync("pay");
        var call = await LastAsync(member.Slug);
        await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{member.Id}", new { slug = member.Slug + "-renamed" });

        (await AgainAsync(list)).Status.ShouldBe(HttpStatusCode.Conflict);
        await Eventually.TrueAsync(async () => (await AgainAsync(call)) is { Status: HttpStatusCode.OK } a && a.Json["status"]!.GetValue<int>() == 200, "it is found under its new name", null, TestContext.Current.CancellationToken);
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/servers/{member.Id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        await Eventually.TrueAsync(async () => (await AgainAsync(call)).Status is HttpStatusCode.Conflict, "its server is gone", null, TestContext.Current.CancellationToken);
        (await AgainAsync(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString())).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Of_a_long_answer_the_beginning_is_told_and_its_length()
    {
        await using var member = await Member.StartAsync(gateway, "both", "dump");
        var text = new string('x', 600 << 10);
        member.Before = message => (string?)message["params"]?["name"] != "dump" ? null : (http, request) =>
            FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{FakeUpstream.IdOf(request)}}},"result":{"content":[{"type":"text","text":"{{{text}}}"}],"resultType":"complete"} }""");
        await StatelessClient.Of(gateway, member.Slug).CallAsync("dump");

        var answer = await AgainAsync(await LastAsync(member.Slug));

        answer.Json["truncated"]!.GetValue<bool>().ShouldBeTrue();
        ((string)answer.Json["answer"]!["body"]!).Length.ShouldBe(256 << 10);
    }

    private Task<HttpAnswer> AgainAsync(string call, object? body = null, string? token = null) => gateway.ApiAsync(HttpMethod.Post, $"/api/calls/{call}/again", body ?? new { }, token);

    private async Task<string> LastAsync(string slug) => (string)(await gateway.CallsOfAsync(slug)).First(c => (string?)c["method"] is "tools/call" or "tools/list")["id"]!;

    private async Task<string> TokenAsync(object token)
    {
        var made = await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", token);
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        return (string)made.Json["token"]!;
    }
}
