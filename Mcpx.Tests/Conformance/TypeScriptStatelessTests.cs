using Mcpx.ConformanceServer;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Conformance;

/// <summary>The TypeScript SDK's second major version finds the stateless era by itself, also through the gateway.</summary>
public sealed class TypeScriptStatelessTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task The_second_typescript_client_sees_in_the_stateless_era_through_the_gateway_what_it_sees_directly()
    {
        await using var server = await ConformanceServerApp.StartAsync(["--port", "0"], TestContext.Current.CancellationToken);
        var upstream = new Uri(new Uri(server.Urls.Single()), ConformanceServerApp.Path);
        // What the client asks for besides is a tool that does not exist; the server's own words for that are to come through.
        await gateway.TrustDefinitionsAsync(await gateway.AddServerAsync("typescript-stateless", upstream));

        var direct = await TypeScriptClient.RunAsync("typescript-2-client.mjs", upstream, token: null, "auto");
        var through = await TypeScriptClient.RunAsync("typescript-2-client.mjs", gateway.EndpointOf("typescript-stateless"), gateway.Token, "auto");

        // Two clients that both fell back to a session would agree as well.
        direct["connection"]!["version"]!.GetValue<string>().ShouldBe("2026-07-28");
        through.ShouldBeSeenAs(direct);
    }
}
