using System.Net;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy.Bridge;

/// <summary>What a stateless client repeats in headers, and the statuses of its errors, where a server of the session era can't see to it.</summary>
public sealed class ParameterHeaderTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private const string Schema = """{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"deep":{"type":"object","properties":{"count":{"type":"integer","x-mcp-header":"Count"}}}}}""";

    private FakeUpstream _upstream = null!;
    private string _slug = "";

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _upstream.Probe = Eras.SessionOnlyAsync;
        _upstream.Answer = AnswerAsync;
        (_slug, _) = await gateway.AddUpstreamAsync(_upstream.Url);
    }

    public async ValueTask DisposeAsync() => await _upstream.DisposeAsync();

    [Theory]
    [InlineData("""{"region":"eu"}""", "Mcp-Param-Region", "eu")]
    [InlineData("""{"region":"eu"}""", "MCP-PARAM-REGION", " eu ")]
    [InlineData("""{"region":"größe"}""", "Mcp-Param-Region", "=?base64?Z3LDtsOfZQ==?=")]
    [InlineData("""{"deep":{"count":42}}""", "Mcp-Param-Count", "42.0")]
    [InlineData("""{"region":null}""", "Mcp-Param-Other", "eu")]
    [InlineData("""{}""", "Mcp-Param-Other", "eu")]
    public async Task A_header_that_says_what_the_argument_says_passes(string arguments, string header, string value)
    {
        (await CallAsync(arguments, (header, value))).Status.ShouldBe(HttpStatusCode.OK);

        Calls().ShouldBe(1);
    }

    [Theory]
    [InlineData("""{"region":"eu"}""", "Mcp-Param-Region", "us")]
    [InlineData("""{"region":"eu"}""", "Mcp-Param-Region", "EU")]
    [InlineData("""{"region":"eu"}""", "Mcp-Param-Region", "")]
    [InlineData("""{"region":"eu"}""", "Mcp-Param-Region", "=?base64?ZXU?=")]
    [InlineData("""{"region":"eu"}""", "Mcp-Param-Region", "=?base64?***?=")]
    [InlineData("""{"region":"eu"}""", "Mcp-Param-Count", "1")]
    [InlineData("""{"deep":{"count":42}}""", "Mcp-Param-Count", "43")]
    [InlineData("""{"deep":{"count":42}}""", "Mcp-Param-Count", "forty-two")]
    public async Task A_header_that_says_something_else_is_refused_before_the_server_is_asked(string arguments, string header, string value)
    {
        var answer = await CallAsync(arguments, (header, value));

        answer.Status.ShouldBe(HttpStatusCode.BadRequest);
        answer.ErrorCode.ShouldBe(-32020);
        // Now that the description is at hand, a missing one is noticed too.
        (await CallAsync(arguments)).ErrorCode.ShouldBe(-32020);
        Calls().ShouldBe(0);
    }

    [Fact]
    public async Task A_capability_that_the_server_misses_is_said_with_its_status()
    {
        var answer = await StatelessClient.Of(gateway, _slug).CallAsync("needy");

        answer.Status.ShouldBe(HttpStatusCode.BadRequest);
        answer.ErrorCode.ShouldBe(-32021);
    }

    private int Calls() => _upstream.Requests.Count(r => r.Text.Contains("tools/call", StringComparison.Ordinal));

    private Task<HttpAnswer> CallAsync(string arguments, params (string, string)[] headers) => gateway.PostAsync(_slug,
        StatelessClient.Message("tools/call", $"\"name\":\"find\",\"arguments\":{arguments}"), null, [.. Mcp.StatelessHeaders("find"), .. headers]);

    private static Task AnswerAsync(HttpContext http, SeenRequest request)
    {
        if (request.Method != "POST" || request.Text.Contains("notifications/", StringComparison.Ordinal))
        {
            http.Response.StatusCode = request.Method == "GET" ? 405 : 202;
            return Task.CompletedTask;
        }

        var id = FakeUpstream.IdOf(request);
        if (request.Text.Contains("\"needy\"", StringComparison.Ordinal))
            return FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{id}}},"error":{"code":-32021,"message":"sampling is needed"} }""");
        if (request.Text.Contains("server/discover", StringComparison.Ordinal)) return Eras.SessionOnlyAsync(http, request);
        var result = request.Text.Contains("\"initialize\"", StringComparison.Ordinal)
            ? """{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"old","version":"1"}}"""
            : request.Text.Contains("tools/list", StringComparison.Ordinal) ? $$"""{"tools":[{"name":"find","inputSchema":{{Schema}}}]}""" : "{}";
        return FakeUpstream.JsonAsync(http, $$"""{"jsonrpc":"2.0","id":{{id}},"result":{{result}}}""");
    }
}
