using System.Net;
using Mcpx.DemoServers;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Samples;

public sealed class DemoServersTests(DemoServersFixture demo) : IClassFixture<DemoServersFixture>
{
    private static readonly Dictionary<string, (string[] Tools, string Call, Dictionary<string, object?> Arguments, string Expected)> Believable = new()
    {
        ["finance"] = (["balance", "transfer"], "balance", new() { ["account"] = "FIN-3001" }, "350000"),
        ["hr"] = (["get_user", "lookup", "schedule"], "get_user", new() { ["id"] = "E-1088" }, "People Partner"),
        ["crm"] = (["contacts", "deals", "get_user"], "get_user", new() { ["id"] = "U-7" }, "Iberia"),
    };

    public static TheoryData<string, string?, string> ServersInBothEras
    {
        get
        {
            var data = new TheoryData<string, string?, string>();
            foreach (var server in Believable.Keys)
            {
                data.Add(server, null, "2026-07-28");
                data.Add(server, "2025-11-25", "2025-11-25");
                data.Add(server, "2025-06-18", "2025-06-18");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ServersInBothEras))]
    public async Task The_sdk_client_lists_and_calls_in_both_eras(string server, string? asked, string negotiated)
    {
        var (tools, call, arguments, expected) = Believable[server];
        await using var client = await demo.ConnectAsync(server, asked);
        client.NegotiatedProtocolVersion.ShouldBe(negotiated);

        var listed = await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken);
        listed.Select(tool => tool.Name).Order(StringComparer.Ordinal).ShouldBe(tools);
        listed.ShouldAllBe(tool => tool.ProtocolTool.OutputSchema != null && tool.ProtocolTool.Annotations!.ReadOnlyHint != null);

        var result = await client.CallToolAsync(call, arguments, cancellationToken: TestContext.Current.CancellationToken);
        result.IsError.ShouldNotBe(true);
        result.StructuredContent!.Value.GetRawText().ShouldContain(expected);
    }

    [Fact]
    public async Task A_transfer_moves_money_and_one_beyond_the_balance_moves_none()
    {
        await using var client = await demo.ConnectAsync("finance", null);
        Task<CallToolResult> Transfer(decimal amount, string currency = "USD") => client.CallToolAsync(
            "transfer",
            new Dictionary<string, object?> { ["from"] = "FIN-2002", ["to"] = "FIN-2001", ["amount"] = amount, ["currency"] = currency },
            cancellationToken: TestContext.Current.CancellationToken).AsTask();

        (await Transfer(150.75m)).StructuredContent!.Value.GetProperty("fromBalance").GetDecimal().ShouldBe(88_000m);

        var refused = await Transfer(88_000.01m);
        refused.IsError.ShouldBe(true);
        refused.Content.OfType<TextContentBlock>().Single().Text.ShouldContain("Insufficient funds");
        (await Transfer(1m, "EUR")).IsError.ShouldBe(true);
        (await Transfer(-5m)).IsError.ShouldBe(true);

        var balance = await client.CallToolAsync("balance", new Dictionary<string, object?> { ["account"] = "FIN-2002" }, cancellationToken: TestContext.Current.CancellationToken);
        balance.StructuredContent!.Value.GetProperty("balance").GetDecimal().ShouldBe(88_000m);
    }

    [Fact]
    public async Task Appointments_of_one_employee_do_not_overlap()
    {
        await using var client = await demo.ConnectAsync("hr", "2025-11-25");
        async Task<string> Schedule(string date, string start)
        {
            var result = await client.CallToolAsync(
                "schedule",
                new Dictionary<string, object?> { ["employee"] = "E-1057", ["date"] = date, ["start"] = start, ["minutes"] = 60 },
                cancellationToken: TestContext.Current.CancellationToken);
            return (result.IsError is true ? "no: " : "yes: ") + result.Content.OfType<TextContentBlock>().Single().Text;
        }

        (await Schedule("2027-03-01", "09:00")).ShouldStartWith("yes");
        (await Schedule("2027-03-01", "09:30")).ShouldStartWith("no: Jonas Lindqvist is taken from 09:00 to 10:00");
        (await Schedule("2027-03-01", "10:00")).ShouldStartWith("yes");
        (await Schedule("2027-03-06", "10:00")).ShouldContain("Saturday");
        (await Schedule("tomorrow", "10:00")).ShouldContain("yyyy-MM-dd");
    }

    [Fact]
    public async Task Arguments_that_do_not_fit_are_a_tool_error_and_an_unknown_tool_is_invalid_params()
    {
        await using var client = await demo.ConnectAsync("crm", null);
        (await client.CallToolAsync("get_user", cancellationToken: TestContext.Current.CancellationToken)).IsError.ShouldBe(true);

        var unknown = await Should.ThrowAsync<ModelContextProtocol.McpProtocolException>(
            () => client.CallToolAsync("drop_tables", cancellationToken: TestContext.Current.CancellationToken).AsTask());
        unknown.ErrorCode.ShouldBe(ModelContextProtocol.McpErrorCode.InvalidParams);
    }

    [Theory]
    [InlineData("finance", "X-API-Key", null)]
    [InlineData("finance", "X-API-Key", "demo-finance-kez")]
    [InlineData("finance", "Authorization", "Bearer demo-finance-key")]
    [InlineData("hr", "Authorization", null)]
    [InlineData("hr", "Authorization", "Bearer ")]
    [InlineData("hr", "Authorization", "Bearer demo-hr-token2")]
    [InlineData("hr", "X-API-Key", "demo-hr-token")]
    public async Task A_missing_or_wrong_credential_gets_401_with_a_challenge(string server, string header, string? value)
    {
        var headers = value is null ? [] : new[] { (header, value) };
        foreach (var method in new[] { HttpMethod.Post, HttpMethod.Get, HttpMethod.Delete })
        {
            var answer = await demo.SendAsync(method, $"/{server}/mcp", method == HttpMethod.Post ? "{}" : null, headers);
            answer.Status.ShouldBe(HttpStatusCode.Unauthorized);
            answer.Headers.WwwAuthenticate.Single().Scheme.ShouldBe(server == "hr" ? "Bearer" : "ApiKey");
        }

        var refused = await Should.ThrowAsync<HttpRequestException>(() => demo.ConnectAsync(server, null, value is null ? [] : new() { [header] = value }));
        refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Healthz_answers_without_a_credential() =>
        (await demo.SendAsync(HttpMethod.Get, "/healthz")).Status.ShouldBe(HttpStatusCode.OK);

    [Fact]
    public async Task A_foreign_origin_or_host_is_forbidden()
    {
        (await demo.SendAsync(HttpMethod.Get, "/healthz", null, ("Origin", "https://attacker.example"))).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await demo.SendAsync(HttpMethod.Get, "/healthz", null, ("Host", "attacker.example"))).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await demo.SendAsync(HttpMethod.Get, "/healthz", null, ("Origin", "http://localhost:6274"))).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_clients_that_hold_a_stream_open()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var app = await DemoServersApp.StartAsync(["--port", "0"], cancellationToken);
        await using var client = await McpClient.CreateAsync(
            new HttpClientTransport(new HttpClientTransportOptions { Endpoint = app.UrlOf("crm") }),
            new McpClientOptions { ProtocolVersion = "2025-11-25" },
            cancellationToken: cancellationToken);

        // The host's own limit, after which it cuts streams off, is 30 seconds.
        await app.StopAsync(cancellationToken).WaitAsync(TimeSpan.FromSeconds(10), cancellationToken);
    }

    [Theory]
    [InlineData("--port", "many", "MCPX_DEMO_PORT")]
    [InlineData("--port", "65536", "MCPX_DEMO_PORT")]
    [InlineData("--hr-token", "", "MCPX_DEMO_HR_TOKEN")]
    public void A_setting_that_cannot_be_used_is_named(string name, string value, string key)
    {
        var mistake = Should.Throw<OptionsValidationException>(() => DemoServersApp.Build([name, value]));
        mistake.Failures.Single().ShouldContain(key);
    }
}
