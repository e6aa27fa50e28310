using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Samples;
using ModelContextProtocol;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>The C# SDK's client in both eras against each demo server, with a rule in between.</summary>
public sealed class OfficialClientTests(GatewayFixture gateway, DemoServersFixture demo) : IClassFixture<GatewayFixture>, IClassFixture<DemoServersFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("finance", null, "balance", "account", "FIN-1001", "transfer")]
    [InlineData("finance", "2025-11-25", "balance", "account", "FIN-1001", "transfer")]
    [InlineData("hr", null, "lookup", "name", "a", "schedule")]
    [InlineData("hr", "2025-06-18", "lookup", "name", "a", "schedule")]
    [InlineData("crm", null, "get_user", "id", "U-7", "deals")]
    [InlineData("crm", "2025-11-25", "get_user", "id", "U-7", "deals")]
    public async Task It_lists_and_calls_what_the_rules_leave(string server, string? version, string tool, string argument, string value, string blocked)
    {
        object? credential = server switch
        {
            "finance" => new { kind = "apiKey", header = "X-API-Key", secret = "demo-finance-key" },
            "hr" => new { kind = "bearer", secret = "demo-hr-token" },
            _ => null,
        };
        var (slug, _) = await gateway.AddUpstreamAsync(demo.UrlOf(server), credential, "blocklist", blocked);
        await using var client = await gateway.ConnectAsync(slug, version);

        var tools = await client.ListToolsAsync(cancellationToken: Cancelled);
        var answer = await client.CallToolAsync(tool, new Dictionary<string, object?> { [argument] = value }, cancellationToken: Cancelled);
        var refusal = await Should.ThrowAsync<McpException>(async () => await client.CallToolAsync(blocked, cancellationToken: Cancelled));

        tools.Select(t => t.Name).ShouldContain(tool);
        tools.Select(t => t.Name).ShouldNotContain(blocked);
        answer.IsError.ShouldNotBe(true);
        refusal.Message.ShouldContain($"Unknown tool: {blocked}");
        var calls = await gateway.CallsOfAsync(slug);
        calls.ShouldContain(c => (string?)c["method"] == "tools/call" && (string?)c["tool"] == tool && (string?)c["outcome"] == "ok");
        calls.ShouldContain(c => (string?)c["tool"] == blocked && (string?)c["outcome"] == "denied" && (string?)c["rule"] == $"blocklist:{blocked}");
        calls.ShouldContain(c => (string?)c["method"] == "tools/list" && (string?)c["outcome"] == "ok");
    }
}
