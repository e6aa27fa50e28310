using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class CallsPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    private const string Hostile = "<script>document.title='owned'</script>";

    [Fact]
    public async Task A_call_appears_without_reload_and_opens_with_its_payloads_as_text()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering(Hostile);
        await gateway.AddServerAsync("watched", upstream.Url);
        await using var overview = await browser.VisitAsync(gateway, "");
        await using var calls = await browser.VisitAsync(gateway, "/calls?server=watched");
        await Assertions.Expect(calls.Page.GetByText("No call matches")).ToBeVisibleAsync();

        (await gateway.CallToolAsync("watched", Hostile)).Json["result"].ShouldNotBeNull();

        await Assertions.Expect(overview.Page.GetByRole(AriaRole.Link, new() { Name = Hostile })).ToBeVisibleAsync();
        await Assertions.Expect(overview.Page.GetByText("in the last minute").First).Not.ToHaveTextAsync("0 in the last minute");
        await calls.Page.GetByRole(AriaRole.Link, new() { Name = Hostile }).ClickAsync();
        await Assertions.Expect(calls.Page.GetByText("\"<b>forty-two</b>\"", new() { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(calls.Page.GetByText("\"nul \\u0000 here\"", new() { Exact = true })).ToBeVisibleAsync();
        (await calls.Page.TitleAsync()).ShouldNotBe("owned");
        await calls.ShouldBeFaultlessAsync();
        overview.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Filters_stand_in_the_address_and_older_pages_follow_by_cursor()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("one");
        await gateway.AddServerAsync("many", upstream.Url);
        for (var i = 0; i < 55; i++) await gateway.CallToolAsync("many", $"tool-{i}");

        await using var visit = await browser.VisitAsync(gateway, "/calls?server=many");
        await Assertions.Expect(visit.Page.Locator("a[data-row]")).ToHaveCountAsync(50);
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Older" }).ClickAsync();
        await Assertions.Expect(visit.Page.Locator("a[data-row]")).ToHaveCountAsync(5);
        await visit.Page.GetByLabel("Tool name").FillAsync("tool-3");
        await visit.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(visit.Page.Locator("a[data-row]")).ToHaveCountAsync(1);
        visit.Page.Url.ShouldEndWith("?server=many&tool=tool-3");
        await visit.Page.GetByLabel("Outcome").SelectOptionAsync("failed");
        await Assertions.Expect(visit.Page.GetByText("No call matches")).ToBeVisibleAsync();
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Calls_are_searched_saved_as_a_filter_and_exported()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("one");
        await gateway.AddServerAsync("sought", upstream.Url);
        foreach (var fruit in new[] { "quince", "medlar" }) await gateway.PostAsync("sought", Mcp.Call("pick", $$"""{"fruit":"{{fruit}}"}"""));

        await using var visit = await browser.VisitAsync(gateway, "/calls?server=sought");
        await Assertions.Expect(visit.Page.GetByText("2 calls", new() { Exact = true })).ToBeVisibleAsync();
        await visit.Page.GetByLabel("Words in payloads").FillAsync("quin*");
        await visit.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(visit.Page.Locator("a[data-row]")).ToHaveCountAsync(1);
        await Assertions.Expect(visit.Page.GetByText("1 call", new() { Exact = true })).ToBeVisibleAsync();
        visit.Page.Url.ShouldEndWith("?server=sought&text=quin%2A");

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Saved filters" }).ClickAsync();
        await visit.Page.GetByLabel("Save the filter of this page as").FillAsync("Quinces");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save filter" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Filter “Quinces” saved")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Link, new() { Name = "Quinces" })).ToBeVisibleAsync();
        (await visit.AccessibilityViolationsAsync()).ShouldBeEmpty();
        await visit.ScreenshotAsync("calls-saved");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Close", Exact = true }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Clear", Exact = true }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Saved filters" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Quinces" }).ClickAsync();
        await Assertions.Expect(visit.Page.Locator("a[data-row]")).ToHaveCountAsync(1);
        visit.Page.Url.ShouldEndWith("?server=sought&text=quin%2A");

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Export" }).ClickAsync();
        await visit.Page.GetByLabel("Format").SelectOptionAsync("JsonLines");
        await visit.Page.GetByLabel("With payloads").CheckAsync();
        (await visit.AccessibilityViolationsAsync()).ShouldBeEmpty();
        await visit.ScreenshotAsync("calls-export");
        var download = await visit.Page.RunAndWaitForDownloadAsync(() => visit.Page.GetByRole(AriaRole.Link, new() { Name = "Download" }).ClickAsync());
        download.SuggestedFilename.ShouldEndWith(".jsonl");
        var lines = await File.ReadAllLinesAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
        lines.ShouldHaveSingleItem().ShouldContain("quince");
    }

    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task A_scheduled_export_is_added_and_shows_how_it_goes(ColorScheme scheme, int width)
    {
        string name = $"nightly-{scheme}-{width}".ToLowerInvariant();
        await using var visit = await browser.VisitAsync(gateway, "/exports", width, scheme);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add export" }).ClickAsync();
        await visit.Page.GetByLabel("Name", new() { Exact = true }).FillAsync(name);
        await visit.Page.GetByLabel("Store", new() { Exact = true }).FillAsync("http://127.0.0.1:9");
        await visit.Page.GetByLabel("Calls", new() { Exact = false }).First.FillAsync("outcome=failed");
        await visit.Page.GetByLabel("Bucket").FillAsync("Not A Bucket");
        await visit.Page.GetByLabel("Access key id").FillAsync("key");
        await visit.Page.GetByLabel("Secret access key").FillAsync("a-secret-of-a-store");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add export" }).Last.ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Use the name of a bucket")).ToBeVisibleAsync();
        (await visit.AccessibilityViolationsAsync()).ShouldBeEmpty();
        await visit.ScreenshotAsync($"exports-form-{scheme}-{width}");
        await visit.Page.GetByLabel("Bucket").FillAsync("calls");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add export" }).Last.ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Export added")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText($"127.0.0.1:9 · calls/{name}")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = name }).GetByText("outcome=failed")).ToBeVisibleAsync();
        await Colleague.ExecuteAsync(gateway, "UPDATE scheduled_exports SET ran_at = now(), problem = 'The store answered 403 (AccessDenied).', last_file = 'calls-20261126.jsonl.gz', last_calls = 1234 WHERE name = $1", name);
        await Assertions.Expect(visit.Page.GetByText("The store answered 403 (AccessDenied).").First).ToBeVisibleAsync();
        (await visit.Page.ContentAsync()).ShouldNotContain("a-secret-of-a-store");
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"exports-{scheme}-{width}");
    }

    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task All_filters_fit_the_window_and_what_means_nothing_is_said(ColorScheme scheme, int width)
    {
        await using var visit = await browser.VisitAsync(gateway, $"/calls?minMs=5&from=2026-01-01T00:00:00Z&text={new string('w', 60)}&token={Guid.Empty}", width, scheme);
        await Assertions.Expect(visit.Page.GetByText("No call matches")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByLabel("Took at least, ms")).ToHaveValueAsync("5");
        await Assertions.Expect(visit.Page.GetByLabel("From, UTC")).ToHaveValueAsync("2026-01-01T00:00");
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"calls-filters-{scheme}-{width}");
        await visit.Page.GetByLabel("Took at least, ms").FillAsync("soon");
        await visit.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(visit.Page.GetByText("Use milliseconds")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
    }

    [Fact]
    public async Task A_body_that_is_no_text_is_shown_as_bytes()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = (http, _) => FakeUpstream.BytesAsync(http, [0xff, 0x00, 0xfe, 0x41], "application/json");
        var server = await gateway.AddServerAsync("garbage", upstream.Url);
        // Else nobody could look for secrets in it, and it would not be kept.
        (await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{server}/redaction", new { payloads = "full" })).Status.ShouldBe(System.Net.HttpStatusCode.OK);
        await gateway.SendAsync(HttpMethod.Post, $"/mcp/{gateway.Organization}/server/garbage", [0xff, 0x00, 0x42], gateway.Token);
        var call = (await gateway.CallsAsync())[0]!["id"]!.GetValue<string>();

        await using var visit = await browser.VisitAsync(gateway, $"/calls/{call}");
        await Assertions.Expect(visit.Page.GetByText("These bytes are not UTF-8 text").First).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("ff 00 42").First).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
    }
}
