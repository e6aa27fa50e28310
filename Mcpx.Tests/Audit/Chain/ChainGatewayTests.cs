using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Identity;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Audit.Chain;

/// <summary>Real calls through the gateway, a database that somebody has changed, and the doors that tell.</summary>
public sealed class ChainGatewayTests(PostgresFixture postgres, BrowserFixture browser)
{
    private const string Call = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"balance","arguments":{"account":"4711"}}}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_call_that_is_changed_in_the_database_is_named_by_rest_and_offline()
    {
        await using GatewayFixture gateway = new(postgres);
        await gateway.StartAsync();
        IReadOnlyList<JsonNode> calls = await CallAsync(gateway);
        JsonNode intact = await VerifyAsync(gateway);
        intact["intact"]!.GetValue<bool>().ShouldBeTrue(intact.ToJsonString());
        intact["calls"]!.GetValue<int>().ShouldBe(calls.Count);
        intact["entries"]!.GetValue<int>().ShouldBeGreaterThan(1);
        intact["before"]!.GetValue<int>().ShouldBe(0);

        await gateway.Services.GetRequiredService<ChainKeeper>().SignAsync(Cancelled);
        using ScratchFolder folder = new("chain");
        Directory.CreateDirectory(folder.Path);
        string good = Path.Combine(folder.Path, "good.jsonl"), bad = Path.Combine(folder.Path, "bad.jsonl"), kept = Path.Combine(folder.Path, "kept.json");
        await File.WriteAllTextAsync(kept, (await gateway.ApiAsync(HttpMethod.Get, "/api/audit/checkpoints")).Body, Cancelled);
        string key = (string)JsonNode.Parse(await File.ReadAllTextAsync(kept, Cancelled))!["key"]!["id"]!;
        await File.WriteAllTextAsync(good, await ExportAsync(gateway), Cancelled);

        string victim = (string)calls[1]["id"]!;
        await Colleague.ExecuteAsync(gateway, "UPDATE calls SET tool = 'transfer' WHERE id = $1", Guid.Parse(victim));
        JsonNode found = (await VerifyAsync(gateway))["finding"]!;
        ((string?)found["fault"], (string?)found["record"], (string?)found["kind"]).ShouldBe(("recordAltered", victim, "call"));
        await File.WriteAllTextAsync(bad, await ExportAsync(gateway), Cancelled);

        ProgramResult fine = await RunAsync(good, "--key", key, "--checkpoints", kept);
        fine.ShouldSatisfyAllConditions(r => r.ExitCode.ShouldBe(0, r.Output + r.Error), r => r.Output.ShouldContain($"Intact: {calls.Count} calls"), r => r.Output.ShouldContain(key));
        (await RunAsync(bad)).ShouldSatisfyAllConditions(r => r.ExitCode.ShouldBe(1), r => r.Output.ShouldContain($"NOT INTACT (RecordAltered): Call {victim}"));
        (await RunAsync(good, "--key", new string('0', 64))).ShouldSatisfyAllConditions(r => r.ExitCode.ShouldBe(1), r => r.Output.ShouldContain("not by the one that was asked for"));
        (await RunAsync(Path.Combine(folder.Path, "none"))).ShouldSatisfyAllConditions(r => r.ExitCode.ShouldBe(1), r => r.Error.ShouldContain("can't be read"));
        (await RunAsync()).ShouldSatisfyAllConditions(r => r.ExitCode.ShouldBe(1), r => r.Error.ShouldContain("Use: audit verify"));
    }

    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task The_button_says_that_nothing_was_changed_and_names_what_was(ColorScheme scheme, int width)
    {
        await using GatewayFixture gateway = new(postgres);
        await gateway.StartAsync();
        IReadOnlyList<JsonNode> calls = await CallAsync(gateway);
        await gateway.Services.GetRequiredService<ChainKeeper>().SignAsync(Cancelled);
        await using var visit = await browser.VisitAsync(gateway, "/audit", width, scheme);
        ILocator card = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Tamper evidence" });
        await Assertions.Expect(card.GetByText("signed every hour")).ToBeVisibleAsync();

        await card.GetByRole(AriaRole.Button, new() { Name = "Verify" }).ClickAsync();
        await Assertions.Expect(card.GetByText("Nothing was changed.")).ToBeVisibleAsync();
        await Assertions.Expect(card.GetByText($"{calls.Count} calls and")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"audit-chain-intact-{scheme}-{width}");
        await DownloadAsync(visit, card);

        await Colleague.ExecuteAsync(gateway, "DELETE FROM calls WHERE id = $1", Guid.Parse((string)calls[0]["id"]!));
        await card.GetByRole(AriaRole.Button, new() { Name = "Verify" }).ClickAsync();
        await Assertions.Expect(card.GetByText("The audit was tampered with.")).ToBeVisibleAsync();
        await Assertions.Expect(card.GetByText((string)calls[0]["id"]!)).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"audit-chain-broken-{scheme}-{width}");
    }

    [Fact]
    public async Task The_download_is_for_those_who_may_read_the_log()
    {
        await using GatewayFixture gateway = new(postgres);
        await gateway.StartAsync();
        string path = $"/{gateway.Organization}/export/audit";
        foreach ((Role role, HttpStatusCode status) in new[] { (Role.Member, HttpStatusCode.Forbidden), (Role.Admin, HttpStatusCode.OK) })
        {
            CookieVisitor visitor = await CookieVisitor.SignInAsync(gateway, (await Colleague.CreateAsync(gateway, role)).User.Id);
            HttpAnswer answer = await visitor.GetAsync(gateway, path);
            answer.Status.ShouldBe(status);
            answer.Body.Contains("mcpx-audit-chain", StringComparison.Ordinal).ShouldBe(status is HttpStatusCode.OK, answer.Body);
        }
    }

    /// <summary>What the page says to do with the file is what works.</summary>
    private static async Task DownloadAsync(BrowserPage visit, ILocator card)
    {
        using ScratchFolder folder = new("download");
        string command = await card.Locator("code", new() { HasText = "audit verify" }).InnerTextAsync();
        IDownload download = await visit.Page.RunAndWaitForDownloadAsync(() => card.GetByRole(AriaRole.Link, new() { Name = "Download" }).ClickAsync());
        string file = Path.Combine(folder.Path, download.SuggestedFilename);
        await download.SaveAsAsync(file);
        string[] words = command.Split(' ');
        words[..3].ShouldBe(["Mcpx.Web", "audit", "verify"]);
        words[3].ShouldBe(download.SuggestedFilename);
        words[4].ShouldBe("--key");
        ProgramResult result = await RunAsync([file, .. words[4..]]);
        result.ShouldSatisfyAllConditions(r => r.ExitCode.ShouldBe(0, r.Output + r.Error), r => r.Output.ShouldContain("Intact"));
    }

    private static async Task<IReadOnlyList<JsonNode>> CallAsync(GatewayFixture gateway)
    {
        await using FakeUpstream upstream = await FakeUpstream.StartAsync();
        (string slug, string id) = await gateway.AddUpstreamAsync(upstream.Url);
        await gateway.TrustDefinitionsAsync(id);
        for (int i = 0; i < 4; i++) await gateway.PostAsync(slug, Call, null, ("MCP-Protocol-Version", "2026-07-28"));
        // Refused, and recorded all the same.
        await gateway.PostAsync(slug, "nonsense");
        return [.. (await gateway.CallsAsync()).Select(c => c!)];
    }

    private static async Task<JsonNode> VerifyAsync(GatewayFixture gateway)
    {
        HttpAnswer answer = await gateway.ApiAsync(HttpMethod.Post, "/api/audit/verify");
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return answer.Json;
    }

    private static async Task<string> ExportAsync(GatewayFixture gateway)
    {
        HttpAnswer answer = await gateway.ApiAsync(HttpMethod.Get, "/api/audit/export");
        (answer.Status, answer.ContentType).ShouldBe((HttpStatusCode.OK, "application/x-ndjson"), answer.Body);
        return answer.Body;
    }

    private static Task<ProgramResult> RunAsync(params string[] arguments) =>
        ProgramRun.RunAsync(Path.Combine(Repository.OutputOf("Mcpx.Web"), "Mcpx.Web"), ["audit", "verify", .. arguments], null, Cancelled);
}
