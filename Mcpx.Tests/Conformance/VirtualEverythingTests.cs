using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Conformance;

/// <summary>
/// The reference server as a virtual gateway's member: everything works as it does directly, under a prefix. What the
/// gateway says of itself when it is opened is its own.
/// </summary>
public sealed class VirtualEverythingTests(GatewayFixture gateway, EverythingServer everything) : IClassFixture<GatewayFixture>, IClassFixture<EverythingServer>
{
    private const string Prefix = "evr_";

    /// <summary>The gateway says the same of a tool that is blocked and of one that is not there, so it does not ask the server.</summary>
    private const string Unknown = "a tool that is not there";

    /// <summary>404 to whoever uses the session (MCP 2025-11-25, "Session Management"); this server says 400.</summary>
    private const string Ended = "end of session";

    [Theory]
    [InlineData("typescript-client.mjs", "initialize")]
    [InlineData("typescript-2-client.mjs", "connection", "legacy")]
    public async Task The_typescript_client_sees_through_a_virtual_gateway_what_it_sees_directly(string script, string opening, params string[] arguments)
    {
        var endpoint = await GatewayAsync(Path.GetFileNameWithoutExtension(script));

        var direct = await TypeScriptClient.RunAsync(script, everything.Url, token: null, arguments);
        var through = await TypeScriptClient.RunAsync(script, endpoint, gateway.Token, Prefix, arguments);

        through.ShouldBeSeenAs(direct, opening, Unknown, Ended);
        through.ContainsKey(Ended).ShouldBeTrue();
    }

    [Theory]
    [InlineData("2025-11-25")]
    [InlineData("2025-06-18")]
    public async Task The_csharp_client_sees_through_a_virtual_gateway_what_it_sees_directly(string version)
    {
        var endpoint = await GatewayAsync($"csharp-{version}");

        var direct = await EverythingTour.TakeAsync(everything.Url, authorization: null, version, TestContext.Current.CancellationToken);
        var through = await EverythingTour.TakeAsync(endpoint, $"Bearer {gateway.Token}", version, TestContext.Current.CancellationToken, Prefix);

        EverythingTests.ShouldBeSeenAs(through, direct, "server", "instructions", "capabilities");
    }

    [Fact]
    public async Task Clients_of_the_stateless_era_see_through_a_virtual_gateway_what_they_see_directly()
    {
        var endpoint = await GatewayAsync("stateless");

        // The list is the same for all clients, so that it is the one of a client that can be asked.
        var asked = await EverythingTour.TakeAsync(everything.Url, authorization: null, "2025-11-25", TestContext.Current.CancellationToken);
        var direct = await EverythingTour.TakeAsync(everything.Url, authorization: null, "2025-11-25", TestContext.Current.CancellationToken, canBeAsked: false);
        var through = await EverythingTour.TakeAsync(endpoint, $"Bearer {gateway.Token}", version: null, TestContext.Current.CancellationToken, Prefix);
        var typescript = await TypeScriptClient.RunAsync("typescript-2-client.mjs", everything.Url, token: null, "unasked");
        var typescriptThrough = await TypeScriptClient.RunAsync("typescript-2-client.mjs", endpoint, gateway.Token, Prefix, ["bridged"]);

        through["version"].ShouldBe("\"2026-07-28\"");
        through["tools"].ShouldBe(asked["tools"]);
        EverythingTests.ShouldBeSeenAs(through, direct, "version", "server", "instructions", "capabilities", "tools");
        typescriptThrough.ShouldBeSeenAs(typescript, "connection", "tools/list", Unknown, "ping", "end of session");
    }

    [Theory]
    [InlineData("legacy", "tools/call", "--tool-name", "evr_get-sum", "--tool-arg", "a=2", "b=3")]
    [InlineData("modern", "tools/call", "--tool-name", "evr_get-sum", "--tool-arg", "a=2", "b=3")]
    [InlineData("legacy", "resources/read", "--uri", "demo://resource/static/document/features.md")]
    [InlineData("modern", "resources/read", "--uri", "demo://resource/static/document/features.md")]
    [InlineData("legacy", "prompts/get", "--prompt-name", "evr_args-prompt", "--prompt-args", "city=Zürich")]
    [InlineData("modern", "prompts/get", "--prompt-name", "evr_args-prompt", "--prompt-args", "city=Zürich")]
    public async Task The_inspector_prints_through_a_virtual_gateway_what_it_prints_directly(string era, params string[] method)
    {
        var endpoint = await GatewayAsync($"inspector-{era}-{method[0].Replace('/', '-')}");

        var direct = await Inspector.RunAsync(everything.Url, "legacy", token: null, ["--method", .. method.Select(argument => argument.Replace(Prefix, "", StringComparison.Ordinal))]);
        var through = await Inspector.RunAsync(endpoint, era, gateway.Token, ["--method", .. method]);

        direct.ExitCode.ShouldBe(0, direct.Error + direct.Output);
        (through.ExitCode, InNoEra(through.Output)).ShouldBe((direct.ExitCode, InNoEra(direct.Output)), through.Error);
    }

    /// <summary>Without the members that only the stateless era has.</summary>
    private static string InNoEra(string output)
    {
        var printed = JsonNode.Parse(output)!;
        foreach (var member in (string[])["resultType", "ttlMs", "cacheScope"]) printed["result"]!.AsObject().Remove(member);
        return printed.ToJsonString();
    }

    private async Task<Uri> GatewayAsync(string slug)
    {
        await gateway.AddServerAsync(slug, everything.Url);
        return await gateway.AddGatewayAsync(slug, new { server = slug, prefix = Prefix });
    }
}
