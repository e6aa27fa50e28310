using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Samples;

/// <summary>The clauses of the transport that the SDK's well-behaved client never touches.</summary>
public sealed class DemoServersWireTests(DemoServersFixture demo) : IClassFixture<DemoServersFixture>
{
    private const string GetUser = """
        "name":"get_user","arguments":{"id":"U-7"},
        """;
    private const string Initialize = """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}""";
    private const string List = """{"jsonrpc":"2.0","id":2,"method":"tools/list"}""";

    private static readonly (string, string) Stateless = ("MCP-Protocol-Version", "2026-07-28");

    private Task<DemoServersFixture.Answer> PostAsync(string body, params (string, string)[] headers) => demo.SendAsync(HttpMethod.Post, "/crm/mcp", body, headers);

    private static string Modern(string method, string parameters = "") => $$"""
        {"jsonrpc":"2.0","id":"a","method":"{{method}}","params":{ {{parameters}} "_meta":{
            "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{} } } }
        """;

    [Fact]
    public async Task A_session_lives_from_initialize_to_delete_and_belongs_to_one_server()
    {
        var opened = await PostAsync(Initialize);
        opened.Message["result"]!["protocolVersion"]!.GetValue<string>().ShouldBe("2025-11-25");
        var session = ("Mcp-Session-Id", opened.Headers.GetValues("Mcp-Session-Id").Single());

        (await PostAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""", session)).Status.ShouldBe(HttpStatusCode.Accepted);
        var listed = await PostAsync(List, session);
        listed.Message["result"]!["tools"]!.AsArray().Count.ShouldBe(3);
        // Clients of this era validate strictly and do not know the newer members.
        listed.Message["result"]!["ttlMs"].ShouldBeNull();
        listed.Message["result"]!["resultType"].ShouldBeNull();

        (await demo.SendAsync(HttpMethod.Post, "/finance/mcp", List, session, ("X-API-Key", "demo-finance-key"))).Status.ShouldBe(HttpStatusCode.NotFound);
        (await demo.SendAsync(HttpMethod.Delete, "/crm/mcp", null, session)).Status.ShouldBe(HttpStatusCode.OK);
        (await PostAsync(List, session)).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task An_unknown_session_is_404_and_none_at_all_is_400()
    {
        foreach (var method in new[] { HttpMethod.Post, HttpMethod.Get, HttpMethod.Delete })
        {
            var body = method == HttpMethod.Post ? List : null;
            (await demo.SendAsync(method, "/crm/mcp", body, ("Mcp-Session-Id", "nobody"))).Status.ShouldBe(HttpStatusCode.NotFound);
            (await demo.SendAsync(method, "/crm/mcp", body)).Status.ShouldBe(HttpStatusCode.BadRequest);
        }
    }

    [Fact]
    public async Task A_version_that_this_server_does_not_open_sessions_with_is_answered_with_one_that_it_does()
    {
        foreach (var version in new[] { "2024-11-05", "2026-07-28", "soon" })
        {
            var answer = await PostAsync(Initialize.Replace("2025-11-25", version, StringComparison.Ordinal));
            answer.Message["result"]!["protocolVersion"]!.GetValue<string>().ShouldBe("2025-11-25");
        }
    }

    [Fact]
    public async Task The_stateless_era_has_post_only_and_ignores_a_session_header()
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Delete })
            (await demo.SendAsync(method, "/crm/mcp", null, Stateless)).Status.ShouldBe(HttpStatusCode.MethodNotAllowed);

        var body = Modern("tools/list");
        var listed = await PostAsync(body, Stateless, ("Mcp-Method", "tools/list"), ("Mcp-Session-Id", "nobody"));
        listed.Status.ShouldBe(HttpStatusCode.OK);
        listed.Headers.Contains("Mcp-Session-Id").ShouldBeFalse();
        listed.Message["result"]!["ttlMs"].ShouldNotBeNull();
        listed.Message["result"]!["cacheScope"]!.GetValue<string>().ShouldBe("private");
    }

    [Fact]
    public async Task An_initialize_after_a_successful_discover_opens_a_session()
    {
        var discover = Modern("server/discover");
        var discovered = await PostAsync(discover, Stateless, ("Mcp-Method", "server/discover"));
        discovered.Message["result"]!["supportedVersions"]!.AsArray().Select(version => version!.GetValue<string>()).ShouldBe(["2026-07-28"]);

        // The SDK's client keeps the version header of its discover when it falls back.
        var opened = await PostAsync(Initialize, Stateless, ("Mcp-Method", "initialize"));
        opened.Headers.Contains("Mcp-Session-Id").ShouldBeTrue();
        opened.Message["result"]!["protocolVersion"]!.GetValue<string>().ShouldBe("2025-11-25");
    }

    [Theory]
    [InlineData("2026-07-28", "tools/list", "get_user")]
    [InlineData("2026-07-28", "tools/call", "contacts")]
    [InlineData("2026-07-28", "tools/call", "=?base64?%%%?=")]
    [InlineData("2026-07-28", "tools/call", null)]
    [InlineData("2026-07-28", null, "get_user")]
    [InlineData("2025-11-25", "tools/call", "get_user")]
    [InlineData(null, "tools/call", "get_user")]
    public async Task Headers_that_disagree_with_the_body_are_a_mismatch(string? version, string? method, string? name)
    {
        (string Name, string? Value)[] headers = [("MCP-Protocol-Version", version), ("Mcp-Method", method), ("Mcp-Name", name)];
        var body = Modern("tools/call", GetUser);

        var answer = await PostAsync(body, [.. headers.Where(header => header.Value is not null).Select(header => (header.Name, header.Value!))]);
        answer.Status.ShouldBe(HttpStatusCode.BadRequest);
        answer.ErrorCode.ShouldBe(-32020);
        answer.Message["id"]!.GetValue<string>().ShouldBe("a");
    }

    [Fact]
    public async Task An_encoded_name_header_counts_as_the_name()
    {
        var body = Modern("tools/call", GetUser);
        var answer = await PostAsync(body, Stateless, ("Mcp-Method", "tools/call"), ("Mcp-Name", "=?base64?Z2V0X3VzZXI=?="));
        answer.Message["result"]!["structuredContent"]!["name"]!.GetValue<string>().ShouldBe("Rafael Ortega");
    }

    [Fact]
    public async Task An_unknown_version_is_refused_with_the_ones_that_are_spoken()
    {
        foreach (var version in new[] { "2099-01-01", "2024-11-05", "yes" })
        {
            var answer = await PostAsync(List, ("MCP-Protocol-Version", version));
            answer.Status.ShouldBe(HttpStatusCode.BadRequest);
            answer.ErrorCode.ShouldBe(-32022);
            var data = answer.Message["error"]!["data"]!;
            data["supported"]!.AsArray().Select(each => each!.GetValue<string>()).ShouldBe(["2025-06-18", "2025-11-25", "2026-07-28"]);
            data["requested"]!.GetValue<string>().ShouldBe(version);
        }
    }

    [Theory]
    [InlineData("ping")]
    [InlineData("initialize")]
    [InlineData("tools/burn")]
    public async Task A_method_that_the_stateless_era_does_not_have_is_404(string method)
    {
        var answer = await PostAsync(Modern(method), Stateless, ("Mcp-Method", method));
        answer.Status.ShouldBe(HttpStatusCode.NotFound);
        answer.ErrorCode.ShouldBe(-32601);
    }

    [Theory]
    [InlineData("[]", -32600)]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"method":"ping"}]""", -32600)]
    [InlineData("null", -32600)]
    [InlineData("{", -32700)]
    [InlineData("", -32700)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}""", -32700)]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"ping"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1.5,"method":"ping"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":7}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}""", -32602)]
    public async Task A_body_that_is_no_message_is_400(string body, int code)
    {
        var answer = await PostAsync(body);
        answer.Status.ShouldBe(HttpStatusCode.BadRequest);
        answer.ErrorCode.ShouldBe(code);
    }

    [Fact]
    public async Task A_body_over_one_mebibyte_is_413()
    {
        // Asking first: the server hangs up on what it will not read, and a client still writing would see the broken pipe only.
        var answer = await PostAsync(new JsonObject { ["pad"] = new string('x', 1024 * 1024) }.ToJsonString(), ("Expect", "100-continue"));
        answer.Status.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        answer.ErrorCode.ShouldBe(-32600);
    }

    [Fact]
    public async Task The_get_stream_opens_once_and_ends_with_its_session()
    {
        var session = (await PostAsync(Initialize)).Headers.GetValues("Mcp-Session-Id").Single();
        var streams = Enumerable.Range(0, 2).Select(_ => demo.SendAsync(HttpMethod.Get, "/crm/mcp", null, ("Mcp-Session-Id", session))).ToList();

        // Only the one that came later gets an answer now; the other stays open until its session ends.
        var later = await Task.WhenAny(streams);
        (await later).Status.ShouldBe(HttpStatusCode.Conflict);

        (await demo.SendAsync(HttpMethod.Delete, "/crm/mcp", null, ("Mcp-Session-Id", session))).Status.ShouldBe(HttpStatusCode.OK);
        (await streams.Single(stream => stream != later)).Status.ShouldBe(HttpStatusCode.OK);
    }
}
