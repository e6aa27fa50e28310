using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Redaction;

/// <summary>Rules by REST: what is taken, what is refused, and the trial.</summary>
public sealed class RedactionApiTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    public async ValueTask InitializeAsync() => (await gateway.ApiAsync(HttpMethod.Delete, "/api/redaction")).Status.ShouldBe(HttpStatusCode.NoContent);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task An_organisation_begins_with_built_in_rules_and_comes_back_to_them()
    {
        var first = await GetAsync();
        ((bool)first["builtIn"]!).ShouldBeTrue();
        var rules = first["rules"]!.AsArray().Select(r => $"{r!["kind"]} {r["value"]} {r["mode"]}").ToList();
        rules.ShouldContain("key *password mask");
        rules.ShouldContain("key authorization mask");
        rules.ShouldContain("detector card mask");
        rules.ShouldNotContain(r => r.Contains("email", StringComparison.Ordinal) || r.Contains("iban", StringComparison.Ordinal));

        var own = new { rules = new object[] { new { kind = "pattern", value = "\\bEMP-\\d+", mode = "drop", name = "employee" }, new { kind = "detector", value = "email", mode = "hash" } } };
        (await gateway.ApiAsync(HttpMethod.Put, "/api/redaction", own)).Status.ShouldBe(HttpStatusCode.OK);
        var saved = await GetAsync();
        ((bool)saved["builtIn"]!).ShouldBeFalse();
        saved["rules"]!.ToJsonString().ShouldBe("""[{"kind":"pattern","value":"\\bEMP-\\d\u002B","mode":"drop","name":"employee"},{"kind":"detector","value":"email","mode":"hash","name":null}]""");
        (await gateway.ApiAsync(HttpMethod.Delete, "/api/redaction")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await GetAsync()).ToJsonString().ShouldBe(first.ToJsonString());
    }

    [Theory]
    [InlineData("key", "", "Name a key")]
    [InlineData("key", " _ ", "Name a key")]
    [InlineData("key", "**", "every key")]
    [InlineData("path", "a.b", "A path leads")]
    [InlineData("path", "$", "A path leads")]
    [InlineData("path", "$..a", "A path leads")]
    [InlineData("path", "$.a[", "A path leads")]
    [InlineData("detector", "horoscope", "Use one of card")]
    [InlineData("pattern", "(a)\\1", "can't be used")]
    [InlineData("pattern", "(?=a)a", "can't be used")]
    [InlineData("pattern", "a*", "nothing at all")]
    [InlineData("pattern", "(a{1000}){1000}", "can't be used")]
    [InlineData("pattern", "[", "can't be used")]
    public async Task A_rule_that_can_not_be_followed_is_refused_beside_its_field(string kind, string value, string problem)
    {
        var wrong = await gateway.ApiAsync(HttpMethod.Put, "/api/redaction", new { rules = new object[] { new { kind = "key", value = "fine" }, new { kind, value } } });

        wrong.Status.ShouldBe(HttpStatusCode.BadRequest, wrong.Body);
        ((string?)wrong.Json["errors"]!["rules[1].value"]![0])!.ShouldContain(problem);
        ((bool)(await GetAsync())["builtIn"]!).ShouldBeTrue();
    }

    [Fact]
    public async Task Too_many_rules_are_refused()
    {
        async Task<HttpStatusCode> PutAsync(string kind, int count, Func<int, string> value) =>
            (await gateway.ApiAsync(HttpMethod.Put, "/api/redaction", new { rules = Enumerable.Range(0, count).Select(i => new { kind, value = value(i) }) })).Status;

        (await PutAsync("key", 201, i => $"k{i}")).ShouldBe(HttpStatusCode.BadRequest);
        (await PutAsync("path", 33, i => $"$.p{i}")).ShouldBe(HttpStatusCode.BadRequest);
        (await PutAsync("pattern", 21, i => $"x{i}")).ShouldBe(HttpStatusCode.BadRequest);
        (await PutAsync("pattern", 1, _ => new string('x', 1001))).ShouldBe(HttpStatusCode.BadRequest);
        (await PutAsync("path", 32, i => $"$.p{i}")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_trial_shows_what_unsaved_rules_do_and_saves_nothing()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (_, id) = await gateway.AddUpstreamAsync(upstream.Url);
        var sample = """{"a":"x","password":"y","e":"EMP-7"}""";

        var saved = await TryAsync(new { sample });
        ((string?)saved["kept"]).ShouldBe("""{"a":"x","password":"***","e":"EMP-7"}""");
        saved["found"]!.ToJsonString().ShouldBe("""[{"part":"request","rule":"key:*password","effect":"masked","count":1}]""");
        ((string?)(await TryAsync(new { sample, rules = new[] { new { kind = "key", value = "a", mode = "drop" } } }))["kept"]).ShouldBe("""{"password":"y","e":"EMP-7"}""");
        ((string?)(await TryAsync(new { sample, server = id, serverRules = new[] { new { kind = "pattern", value = "EMP-.", mode = "mask" } } }))["kept"]).ShouldBe("""{"a":"x","password":"***","e":"***"}""");
        var only = await TryAsync(new { sample, server = id, payloads = "metadataOnly" });
        only["kept"].ShouldBeNull();
        ((string?)(await TryAsync(new { sample, server = id, payloads = "full" }))["kept"]).ShouldBe(sample);
        ((string?)(await TryAsync(new { sample = "\0t\0e\0x\0t" }))["found"]![0]!["effect"]).ShouldBe("withheld");

        (await gateway.ApiAsync(HttpMethod.Post, "/api/redaction/try", new { sample = "" })).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/redaction/try", new { sample, server = Guid.CreateVersion7().ToString() })).Status.ShouldBe(HttpStatusCode.NotFound);
        ((bool)(await GetAsync())["builtIn"]!).ShouldBeTrue();
        (await GetAsync())["servers"]!.AsArray().ShouldNotContain(s => (string?)s!["server"] == id);
    }

    [Fact]
    public async Task A_server_is_recorded_redacted_until_somebody_says_otherwise()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}/redaction")).Body.ShouldBe($$"""{"server":"{{id}}","payloads":"redacted","rules":[]}""");

        var set = await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{id}/redaction", new { payloads = "metadataOnly" });
        set.Status.ShouldBe(HttpStatusCode.OK, set.Body);
        (await GetAsync())["servers"]!.AsArray().ShouldContain(s => (string?)s!["server"] == id && (string?)s["payloads"] == "metadataOnly");
        await gateway.PostAsync(slug, Mcp.Call("a"));
        var call = (await gateway.CallsOfAsync(slug))[0]["id"];
        ((string?)(await gateway.ApiAsync(HttpMethod.Get, $"/api/calls/{call}")).Json["payloads"]).ShouldBe("metadataOnly");

        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/servers/{id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}/redaction")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await GetAsync())["servers"]!.AsArray().ShouldNotContain(s => (string?)s!["server"] == id);
    }

    private async Task<JsonNode> GetAsync()
    {
        var answer = await gateway.ApiAsync(HttpMethod.Get, "/api/redaction");
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return answer.Json;
    }

    private async Task<JsonNode> TryAsync(object body)
    {
        var answer = await gateway.ApiAsync(HttpMethod.Post, "/api/redaction/try", body);
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return answer.Json;
    }
}
