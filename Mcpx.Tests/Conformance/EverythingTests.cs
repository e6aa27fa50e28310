using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Conformance;

/// <summary>Everything that the reference server offers works through the gateway as it does directly, for three independent clients.</summary>
public sealed class EverythingTests(GatewayFixture gateway, EverythingServer everything) : IClassFixture<GatewayFixture>, IClassFixture<EverythingServer>
{
    [Fact]
    public async Task The_typescript_client_sees_through_the_gateway_what_it_sees_directly()
    {
        await gateway.AddServerAsync("typescript", everything.Url);

        var direct = await TypeScriptAsync(everything.Url, authorization: null);
        var through = await TypeScriptAsync(gateway.EndpointOf("typescript"), $"Bearer {gateway.Token}");

        // Step by step, so that a difference is named.
        through.Select(step => step.Key).ShouldBe(direct.Select(step => step.Key));
        foreach (var (step, seen) in direct)
            through[step]!.ToJsonString().ShouldBe(seen!.ToJsonString(), step);
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

    private static async Task<JsonObject> TypeScriptAsync(Uri url, string? authorization)
    {
        var environment = new Dictionary<string, string>();
        if (authorization is not null) environment["MCPX_AUTHORIZATION"] = authorization;
        var result = await NodeProgram.RunAsync([NodeProgram.ScriptOf("typescript-client.mjs"), url.ToString()], environment, TestContext.Current.CancellationToken);
        result.ExitCode.ShouldBe(0, result.Error);
        return JsonNode.Parse(result.Output)!.AsObject();
    }
}
