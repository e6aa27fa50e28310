using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Core.Calls;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Redaction;

/// <summary>What of calls reaches the database, seen from outside.</summary>
public sealed class RedactedCallsTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private FakeUpstream _upstream = null!;
    private string _slug = "";
    private string _id = "";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await gateway.ApiAsync(HttpMethod.Delete, "/api/redaction");
        _upstream = await FakeUpstream.StartAsync();
        (_slug, _id) = await gateway.AddUpstreamAsync(_upstream.Url);
    }

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    [Fact]
    public async Task Secrets_are_gone_from_both_payloads_and_the_record_says_so()
    {
        _upstream.Answer = (http, _) => FakeUpstream.JsonAsync(http, """{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"access_token\":\"out-1\"}"}]}}""");

        var answer = await gateway.PostAsync(_slug, Mcp.Call("login", """{"user":"ann","\u0070assword":"in-1","card":4111111111111111}"""));

        answer.Body.ShouldContain("out-1");
        var call = await NewestAsync();
        Body(call, "request").ShouldContain("""arguments":{"user":"ann","\u0070assword":"***","card":"***"}""");
        Body(call, "response").ShouldContain("""{\"access_token\":\"***\"}""");
        ((string?)call["payloads"]).ShouldBe("redacted");
        ((string?)call["requestDigest"])!.ShouldMatch("^[0-9a-f]{64}$");
        call["redactions"]!.ToJsonString().ShouldBe("""[{"part":"request","rule":"key:*password","effect":"masked","count":1},{"part":"request","rule":"detector:card","effect":"masked","count":1},{"part":"response","rule":"key:*access_token","effect":"masked","count":1}]""");
        ((int)call["call"]!["requestBytes"]!).ShouldBe(Encoding.UTF8.GetByteCount(Mcp.Call("login", """{"user":"ann","\u0070assword":"in-1","card":4111111111111111}""")));
        (await DumpAsync()).ShouldNotContain(line => line.Contains("in-1", StringComparison.Ordinal) || line.Contains(HexOf("out-1"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Streamed_answers_are_redacted_event_by_event()
    {
        _upstream.Answer = (http, _) => FakeUpstream.EventsAsync(http, """{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":{"token":"ev-1"}}}""",
            """{"jsonrpc":"2.0","id":1,"result":{"structuredContent":{"client_secret":"ev-2"},"content":[]}}""");

        await gateway.PostAsync(_slug, Mcp.Call("stream"));

        var response = Body(await NewestAsync(), "response");
        response.ShouldContain("\"token\":\"***\"");
        response.ShouldContain("\"client_secret\":\"***\"");
        response.ShouldNotContain("ev-");
    }

    [Fact]
    public async Task A_server_is_recorded_with_metadata_only_or_in_full()
    {
        await SetServerAsync(new { payloads = "metadataOnly" });
        await gateway.PostAsync(_slug, Mcp.Call("a", """{"x":"only-1"}"""));
        // Refused before the server is looked up: its name alone decides.
        await gateway.PostAsync(_slug, """{"jsonrpc":"2.0","id":1,"x":"only-2"}""");
        var only = await NewestAsync(2);
        only.ShouldAllBe(c => c["request"] == null && c["response"] == null && (string?)c["payloads"] == "metadataOnly" && c["requestDigest"] != null);

        await SetServerAsync(new { payloads = "full" });
        await gateway.PostAsync(_slug, Mcp.Call("a", """{"password":"full-1"}"""));
        var full = await NewestAsync();
        Body(full, "request").ShouldContain("full-1");
        full["redactions"]!.AsArray().ShouldBeEmpty();
        (await DumpAsync()).ShouldNotContain(line => line.Contains(HexOf("only-"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_rules_of_a_server_come_before_those_of_the_organisation()
    {
        (await gateway.ApiAsync(HttpMethod.Put, "/api/redaction", new { rules = new object[] { new { kind = "key", value = "customer", mode = "drop" }, new { kind = "key", value = "name" } } })).Status.ShouldBe(HttpStatusCode.OK);
        await SetServerAsync(new { payloads = "redacted", rules = new object[] { new { kind = "path", value = "$.params.arguments.customer", mode = "hash" }, new { kind = "pattern", value = @"\bEMP-\d+\b", name = "employee" } } });

        for (var i = 0; i < 2; i++) await gateway.PostAsync(_slug, Mcp.Call("a", """{"customer":"ann","b":{"customer":"bob"},"password":"kept","e":"EMP-77"}"""));

        var calls = await NewestAsync(2);
        Body(calls[0], "request").ShouldMatch("""\{"customer":"hash:[0-9a-f]{12}…","b":\{\},"password":"kept","e":"\*\*\*"\}""");
        Body(calls[0], "request").ShouldBe(Body(calls[1], "request"));
        ((string?)calls[0]["requestDigest"]).ShouldBe((string?)calls[1]["requestDigest"]);
        calls[0]["redactions"]!.AsArray().Select(r => (string?)r!["rule"]).ShouldContain("pattern:employee");
    }

    [Fact]
    public async Task What_describes_a_call_is_redacted_too()
    {
        await gateway.PostAsync(_slug, """{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"https://files.example/a?token=desc-1&b=2"}}""");
        await gateway.PostAsync(_slug, Mcp.Call("ghp_0123456789abcdefghijABCDEFGHIJ012345"));

        var calls = await NewestAsync(2);
        ((string?)calls[0]["call"]!["tool"]).ShouldBe("***");
        ((string?)calls[1]["call"]!["tool"]).ShouldBe("https://files.example/a?token=***&b=2");
        calls[1]["redactions"]!.AsArray().ShouldContain(r => (string?)r!["part"] == "details" && (string?)r!["rule"] == "key:token");
        (await DumpAsync()).ShouldNotContain(line => line.Contains("desc-1", StringComparison.Ordinal));
    }

    public static TheoryData<string, byte[]> Hostile { get; } = new()
    {
        { "NUL", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"password\":\"h-1\0\"}"u8.ToArray() },
        { "an escaped NUL", Encoding.UTF8.GetBytes(Mcp.Call("a", """{"n":"\u0000","password":"h-1\u0000"}""")) },
        { "lone surrogates", Encoding.UTF8.GetBytes(Mcp.Call("a", """{"\ud800":"\udfff","password":"h-1\ud83d"}""")) },
        { "no UTF-8", [.. "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"a\":\""u8, 0xff, 0xc0, 0x80, .. "\",\"password\":\"h-1\"}"u8] },
        { "UTF-16", Encoding.Unicode.GetBytes(Mcp.Call("a", """{"password":"h-1"}""")) },
        { "duplicate keys", Encoding.UTF8.GetBytes(Mcp.Call("a", """{"password":"h-1","password":"h-1","PASSWORD":"h-1"}""")) },
        { "64 levels", Encoding.UTF8.GetBytes(Mcp.Call("a", string.Concat(Enumerable.Repeat("{\"a\":", 60)) + "{\"password\":\"h-1\"}" + new string('}', 60))) },
        { "5,000 levels", Encoding.UTF8.GetBytes(Mcp.Call("a", string.Concat(Enumerable.Repeat("[", 5000)) + "{\"password\":\"h-1\"}" + new string(']', 5000))) },
        { "100,000 keys", Encoding.UTF8.GetBytes(Mcp.Call("a", "{\"password\":\"h-1\"," + string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"{i:x}\":1")) + "}")) },
        { "10,000 secrets", Encoding.UTF8.GetBytes(Mcp.Call("a", "{" + string.Join(',', Enumerable.Range(0, 10_000).Select(i => "\"password\":\"h-1\"")) + "}")) },
        { "cut in a secret", Encoding.UTF8.GetBytes(Mcp.Call("a", "{\"password\":\"" + string.Concat(Enumerable.Repeat("h-1 ", 80_000)) + "\"}")) },
        { "no JSON", "password=h-1&a=b"u8.ToArray() },
        { "broken JSON", "{\"password\":\"h-1\",,}"u8.ToArray() },
        { "JSON in strings", Encoding.UTF8.GetBytes(Mcp.Call("a", Nested(10))) },
        { "8 MB", Encoding.UTF8.GetBytes(Mcp.Call("a", "{\"password\":\"h-1\",\"a\":\"" + new string('x', 8 << 20) + "\"}")) },
    };

    [Theory]
    [MemberData(nameof(Hostile), DisableDiscoveryEnumeration = true)]
    public async Task Every_hostile_payload_has_its_record_and_no_secret(string name, byte[] body)
    {
        var answer = await gateway.SendAsync(HttpMethod.Post, $"/mcp/{gateway.Organization}/server/{_slug}", body, gateway.Token);

        ((int)answer.Status).ShouldBeLessThan(500, name);
        var call = await NewestAsync();
        // Of a body that is longer than any may be there is nothing to keep.
        if (answer.Status is HttpStatusCode.RequestEntityTooLarge)
        {
            call["request"].ShouldBeNull(name);
            return;
        }

        call["requestDigest"].ShouldNotBeNull(name);
        var kept = call["request"] is { } request ? Decode(request) : "";
        kept.ShouldNotContain("h-1", Case.Sensitive, name);
        if (call["request"] is null) call["redactions"]!.AsArray().ShouldContain(r => (string?)r!["effect"] == "withheld", name);
        (await DumpAsync()).ShouldNotContain(line => line.Contains(HexOf("h-1"), StringComparison.Ordinal), name);
    }

    [Fact]
    public async Task Canaries_are_nowhere_in_the_database()
    {
        List<string> canaries = [];
        string Plant(string shape)
        {
            var canary = "cnry" + System.Security.Cryptography.RandomNumberGenerator.GetHexString(20, lowercase: true);
            canaries.Add(canary);
            return shape.Replace("§", canary, StringComparison.Ordinal);
        }

        string[] shapes =
        [
            """{"password":"§"}""", """{"a":[{"clientSecret":"§"}]}""", """{"headers":{"Authorization":"Bearer §","Cookie":"s=§"}}""", """{"x":"Authorization: Bearer §"}""", """{"uri":"https://x/?api_key=§"}""",
            """{"t":"{\"token\":\"§\"}"}""", """{"t":"{\"u\":\"{\\\"token\\\":\\\"§\\\"}\"}"}""", """{"env":"SECRET=§\nDB_PASSWORD=§"}""", """{"private_key":{"pem":"§","list":["§"]}}""", """{"pem":"-----BEGIN PRIVATE KEY-----\n§\n-----END PRIVATE KEY-----"}""",
            """{"x":"ghp_§0123456789"}""", """{"cut":1,"secret":"§""",
        ];
        _upstream.Answer = (http, request) => FakeUpstream.JsonAsync(http, Mcp.Result("""{"content":[{"type":"text","text":"ok"}],"structuredContent":""" + Encoding.UTF8.GetString(request.Body) + "}"));
        foreach (var shape in shapes) await gateway.PostAsync(_slug, Mcp.Call("a", Plant(shape)));
        (await NewestAsync(shapes.Length)).Count.ShouldBe(shapes.Length);

        var dump = await DumpAsync();

        dump.ShouldNotBeEmpty();
        foreach (var canary in canaries)
        {
            string[] spellings = [canary, Convert.ToHexStringLower(Encoding.UTF8.GetBytes(canary)), Convert.ToBase64String(Encoding.UTF8.GetBytes(canary))[..^4]];
            dump.ShouldNotContain(line => spellings.Any(s => line.Contains(s, StringComparison.OrdinalIgnoreCase)), canary);
        }
    }

    [Fact]
    public async Task A_record_of_an_organisation_that_is_gone_keeps_no_payload()
    {
        OrganizationId gone = EntityId.New<OrganizationId>(TimeProvider.System);
        CallRecord call = Tests.Data.DataHost.NewCall(gone, Tests.Data.DataHost.Now) with { Request = "{\"a\":\"gone-1\"}"u8.ToArray(), Reason = "token=gone-1" };

        await gateway.Services.GetRequiredService<ICallStore>().WriteAsync([call], Cancelled);

        CallRecord kept = (await gateway.Services.GetRequiredService<ICallStore>().FindAsync(gone, call.Id, Cancelled)).ShouldNotBeNull();
        (kept.Request, kept.Reason).ShouldBe((null, "token=***"));
        kept.Redactions.ShouldContain(f => f.Rule == "unknown-rules");
    }

    [Fact]
    public async Task Rules_on_recorded_calls_do_not_take_a_mask_for_an_argument()
    {
        await gateway.PostAsync(_slug, Mcp.Call("pay", """{"amount":5,"token":"x"}"""));
        await gateway.PostAsync(_slug, Mcp.Call("pay", """{"amount":5,"note":"4111111111111111"}"""));

        (await ReplayAsync("$.amount")).ShouldBe((2, 0));
        (await ReplayAsync("$.token")).ShouldBe((0, 2));
        (await ReplayAsync("$.note")).ShouldBe((0, 2));
    }

    private async Task<(int Judged, int NotJudged)> ReplayAsync(string path)
    {
        var report = await gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{_id}/governance/replay", new
        {
            governance = new { mode = "allowlist", rules = new[] { new { tool = "pay", conditions = new[] { new { path, @operator = "equal", value = 5 } } } } },
        });
        report.Status.ShouldBe(HttpStatusCode.OK, report.Body);
        return ((int)report.Json["judged"]!, (int)report.Json["notJudged"]!);
    }

    private async Task SetServerAsync(object settings)
    {
        var set = await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{_id}/redaction", settings);
        set.Status.ShouldBe(HttpStatusCode.OK, set.Body);
    }

    private async Task<JsonNode> NewestAsync() => (await NewestAsync(1))[0];

    private async Task<IReadOnlyList<JsonNode>> NewestAsync(int count)
    {
        List<JsonNode> calls = [];
        foreach (var call in (await gateway.CallsOfAsync(_slug)).Take(count)) calls.Add((await gateway.ApiAsync(HttpMethod.Get, $"/api/calls/{call["id"]}")).Json);
        return calls;
    }

    private static string Body(JsonNode call, string part) => Decode(call[part].ShouldNotBeNull());

    private static string Decode(JsonNode payload) => (string?)payload["encoding"] == "utf-8" ? (string)payload["body"]! : Encoding.Latin1.GetString(Convert.FromBase64String((string)payload["body"]!));

    private static string Nested(int levels)
    {
        var json = """{"password":"h-1"}""";
        for (var i = 0; i < levels; i++) json = $"{{\"t\":{System.Text.Json.JsonSerializer.Serialize(json)}}}";
        return json;
    }

    /// <summary>Every row of the tables of calls, bytes in hex.</summary>
    private async Task<IReadOnlyList<string>> DumpAsync()
    {
        List<string> lines = [];
        await using var source = NpgsqlDataSource.Create(gateway.ConnectionString);
        foreach (var table in new[] { "calls", "call_payloads" })
        {
            await using var command = source.CreateCommand($"SELECT t::text FROM {table} t");
            await using var reader = await command.ExecuteReaderAsync(Cancelled);
            while (await reader.ReadAsync(Cancelled)) lines.Add(reader.GetString(0));
        }

        return lines;
    }

    private static string HexOf(string text) => Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(text));
}
