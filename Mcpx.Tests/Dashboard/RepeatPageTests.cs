using System.Text.Json.Nodes;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class RepeatPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task A_call_is_run_again_unchanged_and_edited_and_both_answers_stand_side_by_side(ColorScheme theme, int width)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = (http, request) => FakeUpstream.JsonAsync(http,
            $$$"""{"jsonrpc":"2.0","id":{{{FakeUpstream.IdOf(request)}}},"result":{"content":[{"type":"text","text":"for {{{AmountIn(request)}}}"}]} }""");
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        await gateway.PostAsync(slug, """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"transfer","arguments":{"amount":7}}}""");
        var call = (string)(await gateway.CallsOfAsync(slug)).First(c => (string?)c["tool"] == "transfer")["id"]!;

        await using var visit = await browser.VisitAsync(gateway, $"/calls/{call}", width, theme);
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Run again", Exact = true }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Run transfer again" })).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Run it again" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Both answers say the same.")).ToBeVisibleAsync();
        await visit.Page.GetByLabel("Arguments").FillAsync("no object");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Run it again" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Arguments are one JSON object.")).ToBeVisibleAsync();
        await visit.Page.GetByLabel("Arguments").FillAsync("""{ "amount": 8 }""");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Run it again" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("The answers differ.")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("\"for 7\"", new() { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("\"for 8\"", new() { Exact = true })).ToBeVisibleAsync();
        await visit.ScreenshotAsync($"repeat-{theme}-{width}");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "As it was" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByLabel("Arguments")).ToHaveValueAsync("{\n  \"amount\": 7\n}");
        await visit.ShouldBeFaultlessAsync();
        upstream.Requests.Select(r => JsonNode.Parse(r.Body)!).Where(m => (string?)m["method"] == "tools/call").Select(m => (int)m["params"]!["arguments"]!["amount"]!).ShouldBe([7, 7, 8]);
    }

    private static string AmountIn(SeenRequest request) => JsonNode.Parse(request.Body)!["params"]?["arguments"]?["amount"]?.ToString() ?? "nothing";
}
