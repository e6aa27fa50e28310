using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Conformance;

/// <summary>Everything that the reference server offers works through the gateway as it does directly, for independent clients.</summary>
public sealed class EverythingTests(GatewayFixture gateway, EverythingServer everything) : IClassFixture<GatewayFixture>, IClassFixture<EverythingServer>
{
    [Theory]
    [InlineData("typescript-client.mjs")]
    [InlineData("typescript-2-client.mjs", "legacy")]
    public async Task The_typescript_client_sees_through_the_gateway_what_it_sees_directly(string script, params string[] arguments)
    {
        var slug = Path.GetFileNameWithoutExtension(script);
        // The client also asks for a tool that does not exist, and the server's own words for that are to come through.
        await gateway.TrustDefinitionsAsync(await gateway.AddServerAsync(slug, everything.Url));

        var direct = await TypeScriptClient.RunAsync(script, everything.Url, token: null, arguments);
        var through = await TypeScriptClient.RunAsync(script, gateway.EndpointOf(slug), gateway.Token, arguments);

        through.ShouldBeSeenAs(direct);
    }

    [Theory]
    [InlineData("2025-11-25")]
    [InlineData("2025-06-18")]
    public async Task The_csharp_client_sees_through_the_gateway_what_it_sees_directly(string version)
    {
        var slug = $"csharp-{version}";
        await gateway.AddServerAsync(slug, everything.Url);

        var direct = await EverythingTour.TakeAsync(everything.Url, authorization: null, version, TestContext.Current.CancellationToken);
        var through = await EverythingTour.TakeAsync(gateway.EndpointOf(slug), $"Bearer {gateway.Token}", version, TestContext.Current.CancellationToken);

        ShouldBeSeenAs(through, direct);
    }

    [Fact]
    public async Task The_csharp_client_finds_the_stateless_era_by_itself_and_sees_over_the_bridge_what_one_that_cannot_be_asked_sees_directly()
    {
        await gateway.AddServerAsync("csharp-bridge", everything.Url);

        var direct = await EverythingTour.TakeAsync(everything.Url, authorization: null, "2025-11-25", TestContext.Current.CancellationToken, canBeAsked: false);
        var through = await EverythingTour.TakeAsync(gateway.EndpointOf("csharp-bridge"), $"Bearer {gateway.Token}", version: null, TestContext.Current.CancellationToken);

        through["version"].ShouldBe("\"2026-07-28\"");
        // Tasks of the two eras are different things.
        through["capabilities"].ShouldNotContain("tasks");
        ShouldBeSeenAs(through, direct, "version", "capabilities");
    }

    [Fact]
    public async Task The_second_typescript_client_sees_over_the_bridge_what_one_that_cannot_be_asked_sees_directly()
    {
        await gateway.TrustDefinitionsAsync(await gateway.AddServerAsync("typescript-bridge", everything.Url));

        var direct = await TypeScriptClient.RunAsync("typescript-2-client.mjs", everything.Url, token: null, "unasked");
        var through = await TypeScriptClient.RunAsync("typescript-2-client.mjs", gateway.EndpointOf("typescript-bridge"), gateway.Token, "bridged");

        through["connection"]!["version"]!.GetValue<string>().ShouldBe("2026-07-28");
        through.ShouldBeSeenAs(direct, "connection", "ping", "end of session");
    }

    [Theory]
    [InlineData("tools/list")]
    [InlineData("tools/call", "--tool-name", "get-sum", "--tool-arg", "a=2", "b=3")]
    [InlineData("tools/call", "--tool-name", "echo", "--tool-args-json", """{"message":"Grüße, 世界"}""")]
    [InlineData("tools/call", "--tool-name", "get-structured-content", "--tool-arg", "location=New York")]
    [InlineData("resources/list")]
    [InlineData("resources/templates/list")]
    [InlineData("resources/read", "--uri", "demo://resource/static/document/features.md")]
    [InlineData("prompts/list")]
    [InlineData("prompts/get", "--prompt-name", "args-prompt", "--prompt-args", "city=Zürich")]
    public async Task The_inspector_prints_through_the_gateway_what_it_prints_directly(params string[] method)
    {
        var slug = "inspector-" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Concat(method))))[..8];
        await gateway.AddServerAsync(slug, everything.Url);

        var direct = await Inspector.RunAsync(everything.Url, "legacy", token: null, ["--method", .. method]);
        var through = await Inspector.RunAsync(gateway.EndpointOf(slug), "legacy", gateway.Token, ["--method", .. method]);

        direct.ExitCode.ShouldBe(0, direct.Error + direct.Output);
        (through.ExitCode, through.Output).ShouldBe((direct.ExitCode, direct.Output), through.Error);
    }

    internal static void ShouldBeSeenAs(IReadOnlyDictionary<string, string> through, IReadOnlyDictionary<string, string> direct, params string[] except)
    {
        through.Keys.Except(except).ShouldBe(direct.Keys.Except(except));
        foreach (var (step, seen) in direct.Where(step => !except.Contains(step.Key)))
            through[step].ShouldBe(seen, step);
    }
}
