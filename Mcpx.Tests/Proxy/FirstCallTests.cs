using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Samples;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

public sealed class FirstCallTests(GatewayFixture gateway, DemoServersFixture demo) : IClassFixture<GatewayFixture>, IClassFixture<DemoServersFixture>
{
    [Theory]
    [InlineData(null, "2026-07-28")]
    [InlineData("2025-11-25", "2025-11-25")]
    [InlineData("2025-06-18", "2025-06-18")]
    public async Task The_official_client_lists_and_calls_through_the_gateway(string? version, string negotiated)
    {
        var slug = $"crm-{negotiated}";
        await gateway.AddServerAsync(slug, demo.UrlOf("crm"));

        await using var client = await gateway.ConnectAsync(slug, version);
        var tools = await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken);
        var answer = await client.CallToolAsync("get_user", new Dictionary<string, object?> { ["id"] = "U-7" }, cancellationToken: TestContext.Current.CancellationToken);

        client.NegotiatedProtocolVersion.ShouldBe(negotiated);
        tools.Select(t => t.Name).ShouldBe(["contacts", "deals", "get_user"], ignoreOrder: true);
        answer.IsError.ShouldNotBe(true);
        (await gateway.CallsAsync("&method=tools/call")).ShouldContain(c => c!["serverSlug"]!.GetValue<string>() == slug && c["outcome"]!.GetValue<string>() == "ok");
    }
}
