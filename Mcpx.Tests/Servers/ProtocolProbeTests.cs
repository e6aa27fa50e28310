using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Servers;

/// <summary>One row of the compatibility matrix each, by a server that answers as the row says.</summary>
public sealed class ProtocolProbeTests : IAsyncLifetime
{
    private const string Modern = """{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{} }""";
    private const string Unknown = """{"code":-32601,"message":"Method not found"}""";

    private static readonly CredentialInput Key = new(CredentialKind.ApiKey, "X-Key", new Secret("the-secret-key"));

    private readonly TestClock _clock = new();
    private FakeUpstream _upstream = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _upstream.Probe = null;
    }

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    [Fact]
    public async Task A_server_of_the_stateless_era_only()
    {
        Answers(discover: Result(Modern), initialize: Error(400, """{"code":-32022,"message":"Unsupported","data":{"supported":["2026-07-28"]}}"""));

        (await ProbeAsync()).ShouldBe(new UpstreamProtocol(UpstreamEras.Stateless, OverSse: false, SessionVersion: null, _clock.GetUtcNow()));

        var asked = _upstream.Requests.First();
        (asked.Headers["MCP-Protocol-Version"], asked.Headers["Mcp-Method"], asked.Headers["X-Key"]).ShouldBe(("2026-07-28", "server/discover", "the-secret-key"));
        asked.Text.ShouldContain("\"name\":\"mcpx\"");
    }

    [Theory]
    [InlineData("2025-11-25")]
    [InlineData("2025-06-18")]
    [InlineData("2025-03-26")]
    [InlineData("2024-11-05")]
    public async Task A_server_of_the_session_era_only_with_its_revision(string version)
    {
        Answers(discover: Error(400, Unknown), initialize: Result($$"""{"protocolVersion":"{{version}}","capabilities":{} }"""));

        (await ProbeAsync()).ShouldBe(new UpstreamProtocol(UpstreamEras.Session, OverSse: false, version, _clock.GetUtcNow()));
    }

    [Fact]
    public async Task A_server_of_both_eras()
    {
        _upstream.Answer = FakeUpstream.BothErasAsync;

        (await ProbeAsync()).ShouldBe(new UpstreamProtocol(UpstreamEras.Session | UpstreamEras.Stateless, OverSse: false, "2025-11-25", _clock.GetUtcNow()));
    }

    [Theory]
    [InlineData("""{"code":-32020,"message":"m"}""", true)]
    [InlineData("""{"code":-32021,"message":"m","data":{"requiredCapabilities":{}}}""", true)]
    [InlineData("""{"code":-32022,"message":"m","data":{"supported":["2027-01-01","2026-07-28"]}}""", true)]
    [InlineData("""{"code":-32022,"message":"m","data":{"supported":["2027-01-01"]}}""", false)]
    [InlineData("""{"code":-32022,"message":"m","data":{"supported":"2026-07-28"}}""", false)]
    [InlineData("""{"code":-32022,"message":"m"}""", false)]
    [InlineData("""{"code":-32601,"message":"m"}""", false)]
    [InlineData("""{"code":"-32020","message":5,"data":[]}""", false)]
    [InlineData("""{"code":1e99,"message":"\ud800"}""", false)]
    public async Task An_error_tells_the_stateless_era_when_its_data_allows_it(string error, bool stateless)
    {
        Answers(discover: Error(400, error), initialize: Result("""{"protocolVersion":"2025-06-18"}"""));

        (await ProbeAsync()).SpeaksStateless.ShouldBe(stateless);
    }

    [Theory]
    [InlineData("""{"supportedVersions":["2025-11-25"]}""")]
    [InlineData("""{"supportedVersions":"2026-07-28"}""")]
    [InlineData("""{"supportedVersions":[null,{},"\ud800"]}""")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    public async Task A_result_that_does_not_name_the_revision_is_no_stateless_server(string result)
    {
        Answers(discover: Result(result), initialize: Result("""{"protocolVersion":"2025-06-18"}"""));

        (await ProbeAsync()).Eras.ShouldBe(UpstreamEras.Session);
    }

    [Fact]
    public async Task Answers_may_be_event_streams_with_other_messages_before()
    {
        _upstream.Answer = (http, request) => FakeUpstream.EventsAsync(http,
            """{"jsonrpc":"2.0","method":"notifications/message","params":{}}""", "not json", "{}",
            request.Text.Contains("server/discover")
                ? $$"""{"jsonrpc":"2.0","id":{{FakeUpstream.IdOf(request)}},"error":{"code":-32020,"message":"m"} }"""
                : $$"""{"jsonrpc":"2.0","id":{{FakeUpstream.IdOf(request)}},"result":{"protocolVersion":"2025-03-26"} }""");

        var found = await ProbeAsync();

        (found.Eras, found.SessionVersion).ShouldBe((UpstreamEras.Session | UpstreamEras.Stateless, "2025-03-26"));
    }

    [Fact]
    public async Task The_session_that_a_probe_opened_is_ended()
    {
        _upstream.Answer = (http, request) =>
        {
            if (request.Method == "DELETE") return Task.CompletedTask;
            if (request.Text.Contains("initialize")) http.Response.Headers["Mcp-Session-Id"] = "s-1";
            return request.Text.Contains("initialize") ? Result("""{"protocolVersion":"2025-06-18"}""")(http, request) : Error(400, Unknown)(http, request);
        };

        await ProbeAsync();

        var ended = _upstream.Requests.Last();
        (ended.Method, ended.Headers["Mcp-Session-Id"], ended.Headers["MCP-Protocol-Version"], ended.Headers["X-Key"]).ShouldBe(("DELETE", "s-1", "2025-06-18", "the-secret-key"));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task A_refused_credential_is_told_after_one_request(int status)
    {
        _upstream.Answer = (http, _) => FakeUpstream.JsonAsync(http, "{}", status);

        (await FailureAsync()).ShouldBe($"The server refuses the credential ({status}). Check its kind, header and secret.");
        _upstream.Requests.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(200, "text/html", "<html>Welcome</html>", "The answer is not MCP: it is no JSON-RPC message.")]
    [InlineData(200, "application/json", "{\"id\":\"other\",\"result\":{}}", "The answer is not MCP: it is no JSON-RPC message.")]
    [InlineData(200, "application/json", "[[[", "The answer is not MCP: it is no JSON-RPC message.")]
    [InlineData(200, "application/json", "{\"jsonrpc\":\"2.0\",\"id\":\"mcpx-probe\",\"error\":{\"code\":-32601,\"message\":\"No\\u001b[2J\"}}", "The server refuses to initialize: No [2J (-32601).")]
    [InlineData(200, "application/json", "{\"jsonrpc\":\"2.0\",\"id\":\"mcpx-probe\",\"result\":{\"protocolVersion\":\"1999-01-01\\r\\nX: y\"}}", "The server speaks a revision of MCP that is not known here.")]
    [InlineData(404, "text/plain", "not here", "The server answered 404. Is this the address of its MCP endpoint?")]
    [InlineData(302, "text/plain", "", "The server answered 302. Is this the address of its MCP endpoint?")]
    [InlineData(500, "application/json", "{}", "The server answered 500. Is this the address of its MCP endpoint?")]
    public async Task What_is_not_MCP_is_said_in_plain_words(int status, string type, string body, string words)
    {
        _upstream.Answer = (http, _) => FakeUpstream.BytesAsync(http, System.Text.Encoding.UTF8.GetBytes(body), type, status);

        (await FailureAsync()).ShouldBe(words);
    }

    [Fact]
    public async Task An_endless_answer_is_cut()
    {
        _upstream.Answer = async (http, _) =>
        {
            http.Response.ContentType = "application/json";
            var blanks = new byte[64 << 10];
            Array.Fill(blanks, (byte)' ');
            while (!http.RequestAborted.IsCancellationRequested) await http.Response.Body.WriteAsync(blanks);
        };

        (await FailureAsync()).ShouldBe("The server's answer is longer than 1 MiB.");
    }

    [Fact]
    public async Task A_server_that_keeps_silent_is_left_after_the_limit()
    {
        _upstream.Answer = FakeUpstream.HangAsync;

        var probing = ProbeAsync();
        await SeenAsync(1);
        _clock.Advance(TimeSpan.FromSeconds(4));
        await SeenAsync(2);
        _clock.Advance(TimeSpan.FromSeconds(10));

        ConnectionFailure.Explain(await Should.ThrowAsync<TimeoutException>(probing)).ShouldBe("No answer within 10 seconds.");
    }

    [Fact]
    public async Task Silence_at_an_unknown_method_does_not_hide_the_session_era()
    {
        _upstream.Answer = (http, request) => request.Text.Contains("server/discover") ? FakeUpstream.HangAsync(http, request) : Result("""{"protocolVersion":"2025-06-18"}""")(http, request);

        var probing = ProbeAsync();
        await SeenAsync(1);
        _clock.Advance(TimeSpan.FromSeconds(4));

        (await probing).Eras.ShouldBe(UpstreamEras.Session);
    }

    [Fact]
    public async Task Nobody_at_the_address_and_an_address_that_is_not_opened_are_told()
    {
        (await FailureAsync(new Uri("http://127.0.0.1:9/mcp"))).ShouldStartWith("The connection failed:");
        (await FailureAsync(new Uri("http://10.0.0.1/mcp"))).ShouldNotBeNull().ShouldContain("EGRESS_ALLOW");
    }

    private static FakeUpstream.Script Result(string result) => (http, request) =>
        FakeUpstream.JsonAsync(http, $$"""{"jsonrpc":"2.0","id":{{FakeUpstream.IdOf(request)}},"result":{{result}}}""");

    private static FakeUpstream.Script Error(int status, string error) => (http, request) =>
        FakeUpstream.JsonAsync(http, $$"""{"jsonrpc":"2.0","id":{{FakeUpstream.IdOf(request)}},"error":{{error}}}""", status);

    private void Answers(FakeUpstream.Script discover, FakeUpstream.Script initialize) => _upstream.Answer = (http, request) =>
        request.Text.Contains("server/discover") ? discover(http, request) : request.Text.Contains("initialize") ? initialize(http, request) : GoneAsync(http);

    private static Task GoneAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        return Task.CompletedTask;
    }

    private Task SeenAsync(int requests) => Eventually.TrueAsync(() => _upstream.Requests.Count == requests, $"the upstream saw request {requests}", TestContext.Current.CancellationToken);

    private async Task<string?> FailureAsync(Uri? url = null) => ConnectionFailure.Explain(await Should.ThrowAsync<Exception>(ProbeAsync(url)));

    private Task<UpstreamProtocol> ProbeAsync(Uri? url = null) => Probes.ProbeAsync(url ?? _upstream.Url, _clock, Key);
}
