using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Mcpx.Tests.Proxy.Bridge;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

/// <summary>An organisation's own decision point, by a stand-in that speaks the contract of OPA's Data API.</summary>
public sealed class PolicyEngineTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private FakeUpstream _engine = null!;
    private FakeUpstream _upstream = null!;
    private string _slug = "";
    private string _says = """{"result":true}""";

    private int Asked => _engine.Requests.Count;

    private int Called => _upstream.Requests.Count(r => r.Text.Contains("tools/call", StringComparison.Ordinal));

    public async ValueTask InitializeAsync()
    {
        await gateway.ApiAsync(HttpMethod.Delete, "/api/policy-engine");
        _engine = await FakeUpstream.StartAsync();
        _engine.Answer = (http, _) => FakeUpstream.JsonAsync(http, _says);
        _upstream = await FakeUpstream.StartAsync();
        (_slug, _) = await gateway.AddUpstreamAsync(_upstream.Url, null, "blocklist", "drop");
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task It_is_asked_about_calls_that_the_rules_allow_and_about_nothing_else()
    {
        await SetAsync(new { url = _engine.Url, cacheSeconds = 0, token = "a-token-for-the-engine" });

        await gateway.PostAsync(_slug, Mcp.List);
        await gateway.PostAsync(_slug, Mcp.Call("drop"));
        Asked.ShouldBe(0);
        (await CallAsync("get")).Json["error"].ShouldBeNull();

        var asked = _engine.Requests.ShouldHaveSingleItem();
        (asked.Method, asked.Path, asked.Headers["Authorization"], asked.Headers["Content-Type"]).ShouldBe(("POST", "/mcp", "Bearer a-token-for-the-engine", "application/json"));
        var input = JsonNode.Parse(asked.Body)!["input"]!;
        ((string?)input["organization"]!["slug"], (string?)input["endpoint"], (string?)input["server"]!["slug"], (string?)input["tool"], (string?)input["upstreamTool"])
            .ShouldBe((gateway.Organization, $"/mcp/{gateway.Organization}/server/{_slug}", _slug, "get", "get"));
        ((string?)input["caller"]!["kind"], (string?)input["caller"]!["role"], (string?)input["caller"]!["name"]).ShouldBe(("person", "owner", gateway.Owner.Name));
        input["caller"]!["scopes"]!.AsArray().Select(s => (string?)s).ShouldContain("mcp");
        input.AsObject().ContainsKey("arguments").ShouldBeFalse();
        Called.ShouldBe(1);
    }

    [Theory]
    [InlineData("""{"result":false}""", "policy-engine", "refuses")]
    [InlineData("""{}""", "policy-engine", "no answer to this question")]
    [InlineData("""{"result":{}}""", "policy-engine", "no answer to this question")]
    [InlineData("""{"result":{"allow":false,"reason":"not on\u202e Fridays\n\u0000 ever"}}""", "policy-engine", "not on  Fridays   ever")]
    [InlineData("""{"result":{"allow":false,"reason":["x"]}}""", "policy-engine", "refuses")]
    [InlineData("""{"result":"true"}""", "policy-engine-unavailable", "does not answer")]
    [InlineData("""{"result":1}""", "policy-engine-unavailable", "does not answer")]
    [InlineData("""{"result":{"allow":"yes"}}""", "policy-engine-unavailable", "does not answer")]
    [InlineData("""{"result":true,"result":false}""", "policy-engine-unavailable", "does not answer")]
    [InlineData("""{"result":{"allow":false,"allow":true}}""", "policy-engine-unavailable", "does not answer")]
    [InlineData("""{"result":true""", "policy-engine-unavailable", "does not answer")]
    [InlineData("""[true]""", "policy-engine-unavailable", "does not answer")]
    [InlineData("", "policy-engine-unavailable", "does not answer")]
    public async Task Anything_but_a_yes_refuses_the_call_and_says_why(string says, string rule, string reason)
    {
        await SetAsync(new { url = _engine.Url });
        _says = says;

        var answer = await CallAsync("get");

        answer.Status.ShouldBe(HttpStatusCode.OK);
        ((string?)answer.Json["error"]!["data"]!["reason"]).ShouldBe(rule.Replace('-', '_'));
        Called.ShouldBe(0);
        var call = (await gateway.CallsOfAsync(_slug))[0];
        ((string?)call["outcome"], (string?)call["rule"]).ShouldBe(("denied", rule));
        ((string?)call["reason"])!.ShouldContain(reason);
    }

    [Fact]
    public async Task A_reason_is_cut()
    {
        await SetAsync(new { url = _engine.Url });
        _says = $$$"""{"result":{"allow":false,"reason":"{{{new string('x', 60_000)}}}"}}""";
        await CallAsync("get");
        ((string?)(await gateway.CallsOfAsync(_slug))[0]["reason"])!.Length.ShouldBe(300);

        _says = $$$"""{"result":true,"more":"{{{new string('x', 70_000)}}}"}""";
        await CallAsync("other");
        ((string?)(await gateway.CallsOfAsync(_slug))[0]["rule"]).ShouldBe("policy-engine-unavailable");
    }

    [Fact]
    public async Task The_same_question_is_asked_once_until_the_setting_changes()
    {
        await SetAsync(new { url = _engine.Url, cacheSeconds = 300 });
        for (var i = 0; i < 3; i++) (await CallAsync("get", $$"""{"n":{{i}}}""")).Json["error"].ShouldBeNull();
        Asked.ShouldBe(1);
        await CallAsync("other");
        Asked.ShouldBe(2);

        await SetAsync(new { url = _engine.Url, cacheSeconds = 300, includeArguments = true });
        for (var i = 0; i < 3; i++) await CallAsync("get", """{"n":1.0}""");
        Asked.ShouldBe(5);
        JsonNode.Parse(_engine.Requests.Last().Body)!["input"]!["arguments"]!.ToJsonString().ShouldBe("""{"n":1.0}""");

        await SetAsync(new { url = _engine.Url, cacheSeconds = 300, includeArguments = true, cacheArguments = true });
        for (var i = 0; i < 3; i++) await CallAsync("get", """{"n":1.0}""");
        await CallAsync("get", """{"n":2}""");
        Asked.ShouldBe(7);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_dead_engine_is_left_alone_after_three_calls(bool failOpen)
    {
        await SetAsync(new { url = _engine.Url, timeoutMilliseconds = 5000, cacheSeconds = 0, failOpen });
        _engine.Answer = (http, _) => FakeUpstream.JsonAsync(http, "{}", 500);

        for (var i = 0; i < 8; i++) ((await CallAsync("get")).Json["error"] is null).ShouldBe(failOpen);

        Asked.ShouldBeInRange(3, 7);
        Called.ShouldBe(failOpen ? 8 : 0);
        // Another setting is another engine.
        _engine.Answer = (http, _) => FakeUpstream.JsonAsync(http, """{"result":true}""");
        await SetAsync(new { url = _engine.Url, cacheSeconds = 0 });
        (await CallAsync("get")).Json["error"].ShouldBeNull();
    }

    [Fact]
    public async Task A_slow_engine_costs_its_time_limit_and_no_more()
    {
        _engine.Answer = FakeUpstream.HangAsync;
        await SetAsync(new { url = _engine.Url, timeoutMilliseconds = 50 });

        ((string?)(await CallAsync("get")).Json["error"]!["data"]!["reason"]).ShouldBe("policy_engine_unavailable");
    }

    [Fact]
    public async Task Stateless_clients_and_members_ofgateways_are_asked_about_too()
    {
        _says = """{"result":false}""";
        await SetAsync(new { url = _engine.Url, cacheSeconds = 0 });

        var stateless = await StatelessClient.Of(gateway, _slug).CallAsync("get");

        stateless.Status.ShouldBe(HttpStatusCode.Forbidden);
        ((string?)stateless.Json["error"]!["data"]!["reason"]).ShouldBe("policy_engine");
        Called.ShouldBe(0);
    }

    [Fact]
    public async Task It_goes_through_the_egress_guard_and_follows_nobody()
    {
        _engine.Answer = (http, _) =>
        {
            http.Response.StatusCode = 307;
            http.Response.Headers.Location = "/elsewhere";
            return Task.CompletedTask;
        };
        await SetAsync(new { url = _engine.Url });
        ((string?)(await CallAsync("get")).Json["error"]!["data"]!["reason"]).ShouldBe("policy_engine_unavailable");
        Asked.ShouldBe(1);

        await SetAsync(new { url = "http://10.0.0.1/v1/data/x" });
        var trial = await gateway.ApiAsync(HttpMethod.Post, "/api/policy-engine/try", new { });
        ((bool)trial.Json["answered"]!).ShouldBeFalse();
        ((string?)trial.Json["problem"])!.ShouldContain("does not open");
    }

    [Fact]
    public async Task It_is_not_asked_at_a_host_that_the_organisation_does_not_list()
    {
        // Named by its name, so that the server beside it stays on the list.
        await SetAsync(new { url = $"http://localhost:{_engine.Url.Port}/mcp", cacheSeconds = 0 });
        (await gateway.ApiAsync(HttpMethod.Put, "/api/organization/egress", new { hosts = new[] { "127.0.0.1" } })).Status.ShouldBe(HttpStatusCode.OK);
        try
        {
            ((string?)(await CallAsync("get")).Json["error"]!["data"]!["reason"]).ShouldBe("policy_engine_unavailable");
            ((string?)(await gateway.ApiAsync(HttpMethod.Post, "/api/policy-engine/try", new { })).Json["problem"])!.ShouldContain("allowed hosts");
            (Asked, Called).ShouldBe((0, 0));
        }
        finally
        {
            (await gateway.ApiAsync(HttpMethod.Put, "/api/organization/egress", new { hosts = Array.Empty<string>() })).Status.ShouldBe(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task The_setting_is_checked_and_its_token_never_comes_back_nor_travels()
    {
        var wrong = await gateway.ApiAsync(HttpMethod.Put, "/api/policy-engine", new { url = "ftp://x", timeoutMilliseconds = 49, cacheSeconds = 301, token = "line\nbreak" });
        wrong.Status.ShouldBe(HttpStatusCode.BadRequest);
        wrong.Json["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["url", "timeoutMilliseconds", "cacheSeconds", "token"], ignoreOrder: true);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/policy-engine")).Status.ShouldBe(HttpStatusCode.NotFound);

        var set = await SetAsync(new { url = _engine.Url, token = "a-very-secret-token" });
        set.Body.ShouldNotContain("a-very-secret-token");
        ((string?)set.Json["tokenHint"]).ShouldBe("••••oken");
        (await SetAsync(new { url = _engine.Url, failOpen = true })).Json["hasToken"]!.GetValue<bool>().ShouldBeTrue();
        (await gateway.ApiAsync(HttpMethod.Put, "/api/policy-engine", new { url = "http://127.0.0.1:1/" })).Json["errors"]!.AsObject().ContainsKey("token").ShouldBeTrue();
        (await SetAsync(new { url = _engine.Url, token = "" })).Json["hasToken"]!.GetValue<bool>().ShouldBeFalse();

        _says = """{"result":{"allow":true,"reason":"fine"}}""";
        var trial = await gateway.ApiAsync(HttpMethod.Post, "/api/policy-engine/try", new { server = _slug, tool = "get" });
        ((bool)trial.Json["allow"]!, (string?)trial.Json["reason"]).ShouldBe((true, "fine"));
        (await gateway.ApiAsync(HttpMethod.Post, "/api/policy-engine/try", new { server = "nothing" })).Status.ShouldBe(HttpStatusCode.NotFound);
        (await gateway.ApiAsync(HttpMethod.Delete, "/api/policy-engine")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await gateway.ApiAsync(HttpMethod.Delete, "/api/policy-engine")).Status.ShouldBe(HttpStatusCode.NotFound);
        var before = Asked;
        (await CallAsync("get")).Json["error"].ShouldBeNull();
        Asked.ShouldBe(before);
    }

    [Fact]
    public async Task One_that_is_off_is_not_asked()
    {
        _says = """{"result":false}""";
        await SetAsync(new { url = _engine.Url, enabled = false });

        (await CallAsync("get")).Json["error"].ShouldBeNull();
        Asked.ShouldBe(0);
    }

    private async Task<HttpAnswer> SetAsync(object setting)
    {
        var answer = await gateway.ApiAsync(HttpMethod.Put, "/api/policy-engine", setting);
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return answer;
    }

    private Task<HttpAnswer> CallAsync(string tool, string arguments = "{}") => gateway.PostAsync(_slug, Mcp.Call(tool, arguments));
}
