using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Samples;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Conformance;

/// <summary>The MCP Inspector from npm as a client: somebody else's reading of the protocol.</summary>
public sealed class InspectorTests(GatewayFixture gateway, DemoServersFixture demo) : IClassFixture<GatewayFixture>, IClassFixture<DemoServersFixture>
{
    private const int ExitOk = 0;
    private const int ExitAuthentication = 3;
    private const int ExitToolError = 5;

    public static TheoryData<string, string, string[], string, string, string> Calls()
    {
        var data = new TheoryData<string, string, string[], string, string, string>();
        foreach (var era in (string[])["legacy", "modern"])
        {
            data.Add(era, "finance", ["balance", "transfer"], "balance", "account=FIN-1001", "FIN-1001");
            data.Add(era, "hr", ["get_user", "lookup", "schedule"], "get_user", "id=E-1042", "Amara Okafor");
            data.Add(era, "crm", ["contacts", "deals", "get_user"], "get_user", "id=U-7", "U-7");
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task The_inspector_lists_and_calls_the_tools_of_each_demo_server(string era, string server, string[] tools, string tool, string argument, string expected)
    {
        var slug = await AddAsync($"{server}-{era}", server);

        var list = await InspectAsync(slug, era, gateway.Token, "--method", "tools/list");
        var call = await InspectAsync(slug, era, gateway.Token, "--method", "tools/call", "--tool-name", tool, "--tool-arg", argument);

        list.ExitCode.ShouldBe(ExitOk, list.Error);
        NamesIn(list).ShouldBe(tools, ignoreOrder: true);
        call.ExitCode.ShouldBe(ExitOk, call.Error);
        call.Output.ShouldContain(expected);
    }

    [Theory]
    [InlineData("legacy")]
    [InlineData("modern")]
    public async Task A_wrong_token_ends_the_inspector_with_its_exit_code_for_authentication(string era)
    {
        var slug = await AddAsync($"closed-{era}", "crm");

        var result = await InspectAsync(slug, era, gateway.Token[..^1] + (gateway.Token[^1] == 'a' ? 'b' : 'a'), "--method", "tools/list");

        result.ExitCode.ShouldBe(ExitAuthentication, result.Error);
    }

    [Theory]
    [InlineData("legacy")]
    [InlineData("modern")]
    public async Task A_blocked_tool_is_neither_listed_nor_called(string era)
    {
        var slug = await AddAsync($"blocked-{era}", "finance", "blocklist", "transfer");

        var list = await InspectAsync(slug, era, gateway.Token, "--method", "tools/list");
        var call = await InspectAsync(slug, era, gateway.Token, "--method", "tools/call", "--tool-name", "transfer",
            "--tool-args-json", """{"from":"FIN-1001","to":"FIN-1002","amount":1,"currency":"EUR"}""");

        NamesIn(list).ShouldBe(["balance"]);
        call.ExitCode.ShouldBe(ExitToolError, call.Error + call.Output);
    }

    private async Task<string> AddAsync(string slug, string server, string mode = "none", params string[] tools)
    {
        object? credential = server switch
        {
            "finance" => new { kind = "apiKey", header = "X-API-Key", secret = "demo-finance-key" },
            "hr" => new { kind = "bearer", secret = "demo-hr-token" },
            _ => null,
        };
        await gateway.AddServerAsync(slug, demo.UrlOf(server), credential, mode, tools);
        return slug;
    }

    private Task<ProgramResult> InspectAsync(string slug, string era, string token, params string[] arguments) =>
        Inspector.RunAsync(gateway.EndpointOf(slug), era, token, arguments);

    private static IEnumerable<string> NamesIn(ProgramResult result)
    {
        result.ExitCode.ShouldBe(ExitOk, result.Error);
        var answer = JsonNode.Parse(result.Output)!;
        return (answer["tools"] ?? answer["result"]!["tools"])!.AsArray().Select(tool => tool!["name"]!.GetValue<string>());
    }
}
