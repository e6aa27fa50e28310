using System.Net;
using System.Text.RegularExpressions;
using Mcpx.Core.Calls;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Metrics;
using Mcpx.Web.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed partial class MetricsPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    private static readonly Uri Nowhere = new("http://127.0.0.1:9/mcp");

    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task Figures_are_shown_narrowed_and_lead_to_their_calls(ColorScheme theme, int width)
    {
        var (slug, id) = await SeedAsync();
        await using var visit = await browser.VisitAsync(gateway, $"/metrics?range=1h&server={slug}", width, theme);
        await Assertions.Expect(Tile(visit, "Calls")).ToContainTextAsync("73");
        await Assertions.Expect(Tile(visit, "Calls")).ToContainTextAsync("none before");
        await Assertions.Expect(Tile(visit, "Refused")).ToContainTextAsync("4");
        await Assertions.Expect(visit.Page.GetByText("Each point is 1 minute, counted from figures by the minute.")).ToBeVisibleAsync();
        // The browser stands in Berlin, and the text in its zone, as the charts do; for days it is UTC.
        await Assertions.Expect(visit.Page.Locator("local-span")).ToContainTextAsync(Address("CES?T|GMT[+][12]"));
        await Assertions.Expect(visit.Page.Locator("local-span")).ToHaveAttributeAsync("title", Address("^20.* to 20.* UTC$"));
        (await Tile(visit, "Error rate").GetByRole(AriaRole.Link).GetAttributeAsync("href"))!.ShouldMatch($@"/calls\?server={slug}&outcome=failed&from=");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Img, new() { NameRegex = HeatMap() })).ToBeVisibleAsync();

        await visit.Page.GetByRole(AriaRole.Navigation, new() { Name = "Set apart by" }).GetByText("Tools").ClickAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync(Address(@"range=1h&server=[^&]+&by=tool$"));
        await Assertions.Expect(Row(visit, "transfer")).ToContainTextAsync("13.7 %");
        // Colours and canvases are there before the picture is taken.
        await visit.Page.Locator("canvas").First.ScrollIntoViewIfNeededAsync();
        await visit.ScreenshotAsync($"metrics-{theme}-{width}");
        await visit.ShouldBeFaultlessAsync();

        await Row(visit, "transfer").GetByRole(AriaRole.Link).First.ClickAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync(Address($"server={slug}&tool=transfer&by=method$"));
        await Assertions.Expect(Tile(visit, "Calls")).ToContainTextAsync("10");
        await Assertions.Expect(visit.Page.GetByLabel("Tool name, as its server calls it")).ToHaveValueAsync("transfer");
        await Row(visit, "tools/call").GetByRole(AriaRole.Link, new() { Name = "10" }).First.ClickAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync(Address($@"/calls\?server={slug}&method=tools%2Fcall&tool=transfer&from="));
        id.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Filters_times_and_what_is_dragged_over_stand_in_the_address()
    {
        var (slug, _) = await SeedAsync();
        await using var visit = await browser.VisitAsync(gateway, "/metrics");
        await visit.Page.GetByLabel("Server", new() { Exact = true }).SelectOptionAsync(slug);
        await Assertions.Expect(visit.Page).ToHaveURLAsync(Address($@"/metrics\?server={slug}$"));
        await Assertions.Expect(Tile(visit, "Calls")).ToContainTextAsync("73");
        await visit.Page.GetByRole(AriaRole.Navigation, new() { Name = "Time range" }).GetByText("1 h", new() { Exact = true }).ClickAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync(Address($@"range=1h&server={slug}$"));
        await Assertions.Expect(visit.Page.GetByText("Each point is 1 minute")).ToBeVisibleAsync();

        var canvas = visit.Page.Locator("canvas").First;
        await canvas.ScrollIntoViewIfNeededAsync();
        var box = (await canvas.BoundingBoxAsync())!;
        await visit.Page.Mouse.MoveAsync(box.X + box.Width * 0.5f, box.Y + 60);
        await visit.Page.Mouse.DownAsync();
        await visit.Page.Mouse.MoveAsync(box.X + box.Width * 0.8f, box.Y + 60, new() { Steps = 4 });
        await visit.Page.Mouse.UpAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync(Address($@"/metrics\?from=20[^&]+Z&to=20[^&]+Z&server={slug}$"));
        await Assertions.Expect(visit.Page.GetByLabel("From, UTC")).ToHaveValueAsync(Address("^20"));
        await Assertions.Expect(visit.Page.GetByText("Auto-refresh")).ToHaveCountAsync(0);

        await visit.Page.GoBackAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync(Address($@"range=1h&server={slug}$"));
        await visit.Page.GetByLabel("Method").SelectOptionAsync("ping");
        await Assertions.Expect(visit.Page.GetByText("No call matches in this time")).ToBeVisibleAsync();
        await visit.ScreenshotAsync("metrics-empty");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Clear the filters" }).ClickAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync(Address(@"/metrics\?range=1h$"));
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_gone_stays_readable_and_coarser_figures_say_why()
    {
        var (slug, id) = await SeedAsync();
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/servers/{id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        await using var visit = await browser.VisitAsync(gateway, "/metrics?range=6h");
        await Assertions.Expect(Row(visit, slug)).ToContainTextAsync("deleted");
        await Row(visit, slug).GetByRole(AriaRole.Link).First.ClickAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync(Address($@"server={id}&by=tool$"));
        await Assertions.Expect(Tile(visit, "Calls")).ToContainTextAsync("73");
        await Assertions.Expect(visit.Page.GetByLabel("Server", new() { Exact = true }).Locator("option:checked")).ToHaveTextAsync($"{slug} (deleted)");

        var from = MetricCalls.MinutesAgo(40 * 24 * 60).UtcDateTime;
        await visit.GoToInteractiveAsync($"/{gateway.Organization}/metrics?from={from:yyyy-MM-ddTHH:mm:ssZ}&to={from.AddHours(3):yyyy-MM-ddTHH:mm:ssZ}&step=5m");
        await Assertions.Expect(visit.Page.GetByText("Figures by the minute are kept 30 days.").First).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("Each point is 1 hour")).ToBeVisibleAsync();
        await visit.GoToInteractiveAsync($"/{gateway.Organization}/metrics?range=nonsense");
        await Assertions.Expect(visit.Page.GetByText("This could not be loaded")).ToBeVisibleAsync();
        await visit.GoToInteractiveAsync($"/{gateway.Organization}/metrics?from=2001-01-01&to=2001-01-02");
        await Assertions.Expect(visit.Page.GetByText("Figures are kept 1826 days.")).ToBeVisibleAsync();
        visit.Complaints.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task Owners_say_how_long_figures_are_kept(ColorScheme theme, int width)
    {
        await using var visit = await browser.VisitAsync(gateway, "/retention", width, theme);
        await visit.Page.GetByLabel("By the minute, in days").FillAsync("3");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save figure times" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Use 8 to 3650 days.")).ToBeVisibleAsync();
        await visit.Page.GetByLabel("By the minute, in days").FillAsync("60");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save figure times" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("The times of figures are saved")).ToBeVisibleAsync();
        (await gateway.ApiAsync(HttpMethod.Get, "/api/metrics/retention")).Body.ShouldContain("\"minuteDays\":60");
        await visit.Page.GetByLabel("By the minute, in days").FillAsync("30");
        await visit.Page.GetByLabel("By the hour, in days").ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Figures older than that go within the hour, for good.")).ToBeVisibleAsync();
        await visit.ScreenshotAsync($"retention-figures-{theme}-{width}");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save figure times" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Figures older than that go within the hour, for good.")).ToHaveCountAsync(0);
        await visit.ShouldBeFaultlessAsync();
    }

    /// <summary>73 calls of the last hour: of two tools, with failures, refusals and a crowd of slow ones.</summary>
    private async Task<(string Slug, string Id)> SeedAsync()
    {
        var (slug, id) = await gateway.AddUpstreamAsync(Nowhere);
        var me = gateway.Services.GetRequiredService<FirstOwner>().Owner.User.Id.Value;
        await gateway.WriteAsync(
        [
            .. Enumerable.Range(0, 40).Select(i => MetricCalls.Call(MetricCalls.MinutesAgo(5 + i).AddSeconds(i), id, slug, milliseconds: 20 + i * i % 37, tool: "balance", user: me)),
            .. Enumerable.Range(0, 16).Select(i => MetricCalls.Call(MetricCalls.MinutesAgo(10 + i).AddSeconds(20), id, slug, milliseconds: 400 + i * 9, tool: "balance", user: me)),
            .. Enumerable.Range(0, 3).Select(i => MetricCalls.Call(MetricCalls.MinutesAgo(12 + i), id, slug, CallOutcome.ToolError, 35, "balance", me)),
            .. Enumerable.Range(0, 4).Select(i => MetricCalls.Call(MetricCalls.MinutesAgo(30 + i), id, slug, CallOutcome.Denied, 1, "erase", me)),
            .. Enumerable.Range(0, 10).Select(i => MetricCalls.Call(MetricCalls.MinutesAgo(6 + 3 * i), id, slug, i < 2 ? CallOutcome.Timeout : CallOutcome.Ok, 90 + i, "transfer", me)),
        ]);
        return (slug, id);
    }

    private static ILocator Tile(BrowserPage visit, string label) => visit.Page.Locator(".tile").Filter(new() { Has = visit.Page.GetByText(label, new() { Exact = true }) });

    private static ILocator Row(BrowserPage visit, string name) => visit.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = name });

    private static Regex Address(string pattern) => new(pattern, RegexOptions.None, TimeSpan.FromSeconds(1));

    [GeneratedRegex("^How long calls took: 69 calls between", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HeatMap();
}
