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
        await gateway.AddServerAsync(slug, everything.Url);

        var direct = await TypeScriptClient.RunAsync(script, everything.Url, token: null, arguments);
        var through = await TypeScriptClient.RunAsync(script, gateway.EndpointOf(slug), gateway.Token, arguments);

        through.ShouldBeSeenAs(direct);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("2025-11-25")]
    [InlineData("2025-06-18")]
    public async Task The_csharp_client_sees_through_the_gateway_what_it_sees_directly(string? version)
    {
        var slug = $"csharp-{version ?? "any"}";
        await gateway.AddServerAsync(slug, everything.Url);

        var direct = await EverythingTour.TakeAsync(everything.Url, authorization: null, version, TestContext.Current.CancellationToken);
        var through = await EverythingTour.TakeAsync(gateway.EndpointOf(slug), $"Bearer {gateway.Token}", version, TestContext.Current.CancellationToken);

        through.Keys.ShouldBe(direct.Keys);
        foreach (var (step, seen) in direct)
            through[step].ShouldBe(seen, step);
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
}
