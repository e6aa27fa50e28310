using System.Net;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Browser;

public sealed class GalleryTests(BrowserFixture browser) : IAsyncLifetime
{
    private GalleryHost _host = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await GalleryHost.StartAsync("Development", Cancellation);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task Every_control_is_accessible_and_fits_the_window_without_a_complaint(ColorScheme scheme, int width)
    {
        await using var visit = await OpenAsync(width, scheme);
        var name = $"gallery-{scheme.ToString().ToLowerInvariant()}-{width}";

        await visit.ScreenshotAsync(name);
        (await visit.AccessibilityViolationsAsync()).ShouldBeEmpty();
        (await visit.HorizontalOverflowAsync()).ShouldBe(0);

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add server", Exact = true }).First.ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add server" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("A name is required.")).ToBeVisibleAsync();
        await visit.ScreenshotAsync(name + "-dialog", fullPage: false);
        (await visit.AccessibilityViolationsAsync()).ShouldBeEmpty();
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Charts_move_by_themselves_and_tell_their_values_in_words()
    {
        await using var visit = await OpenAsync();
        var latest = visit.Page.Locator("[data-value='0']").First;
        var before = await latest.InnerTextAsync();

        await Assertions.Expect(latest).Not.ToHaveTextAsync(before);
        await Assertions.Expect(visit.Page.Locator("canvas[role=img][aria-label^='Latency, all servers: p50 '][aria-label$=' ms']")).ToBeVisibleAsync();
        (await visit.Page.Locator("table caption:has-text('Latency, all servers') ~ tbody tr").CountAsync()).ShouldBeGreaterThan(5);
    }

    [Fact]
    public async Task The_crosshair_follows_the_arrow_keys_and_the_menu_and_messages_are_accessible_beside_it()
    {
        await using var visit = await OpenAsync(scheme: ColorScheme.Dark);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Secondary" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("its credential is wrong or expired")).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Ada Lovelace" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();

        var chart = visit.Page.Locator("canvas[role=img][aria-label^='Latency, all servers']");
        await chart.EvaluateAsync("canvas => canvas.focus()");
        for (var i = 0; i < 20; i++) await visit.Page.Keyboard.PressAsync("ArrowLeft");
        await Assertions.Expect(visit.Page.Locator("[data-tip]").First).ToContainTextAsync("p99");
        await visit.ScreenshotAsync("crosshair-dark-1440", fullPage: false);
        (await visit.AccessibilityViolationsAsync()).ShouldBeEmpty();
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_lost_connection_is_said_in_words()
    {
        await using var visit = await OpenAsync();
        await _host.DisposeAsync();
        await Assertions.Expect(visit.Page.GetByText("Connection lost.")).ToBeVisibleAsync();
        await visit.ScreenshotAsync("reconnect", fullPage: false);
    }

    [Fact]
    public async Task A_chosen_theme_survives_a_reload_and_is_there_before_any_script()
    {
        await using var visit = await OpenAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Switch between light and dark" }).ClickAsync();
        await Assertions.Expect(visit.Page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");

        var answer = await visit.Page.ReloadAsync();
        (await answer!.TextAsync()).ShouldContain("<html lang=\"en\" data-theme=\"dark\">");
    }

    [Fact]
    public async Task Sorting_and_paging_stand_in_the_address()
    {
        await using var visit = await OpenAsync();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "p95", Exact = true }).ClickAsync();
        await visit.Page.WaitForURLAsync(url => url.EndsWith("?sort=p95&dir=desc", StringComparison.Ordinal));
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Next" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("9–16 of 43")).ToBeVisibleAsync();

        await visit.GoToInteractiveAsync(visit.Page.Url);
        await Assertions.Expect(visit.Page.GetByText("9–16 of 43")).ToBeVisibleAsync();
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Escape_closes_the_dialog_and_it_opens_again()
    {
        await using var visit = await OpenAsync();
        var open = visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add server", Exact = true }).First;
        for (var round = 0; round < 2; round++)
        {
            await open.ClickAsync();
            await Assertions.Expect(visit.Page.GetByRole(AriaRole.Dialog).GetByLabel("Name")).ToBeFocusedAsync();
            await visit.Page.Keyboard.PressAsync("Escape");
            await Assertions.Expect(visit.Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        }
    }

    [Fact]
    public async Task On_a_phone_the_rail_is_a_sheet_that_escape_puts_away()
    {
        await using var visit = await OpenAsync(390, ColorScheme.Dark);
        var overview = visit.Page.GetByRole(AriaRole.Link, new() { Name = "Overview" });
        await Assertions.Expect(overview).ToBeHiddenAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Open the navigation" }).ClickAsync();
        await Assertions.Expect(overview).ToBeVisibleAsync();
        await visit.ScreenshotAsync("rail-dark-390", fullPage: false);
        (await visit.AccessibilityViolationsAsync()).ShouldBeEmpty();
        await visit.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(overview).ToBeHiddenAsync();
    }

    [Fact]
    public async Task An_address_that_leads_nowhere_gets_a_page_and_only_for_people()
    {
        await using var visit = await browser.OpenAsync(_host.Address);
        var answer = await visit.Page.GotoAsync("/no/such/page");
        answer!.Status.ShouldBe((int)HttpStatusCode.NotFound);
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Nothing lives at this address" })).ToBeVisibleAsync();
        await visit.ScreenshotAsync("not-found", fullPage: false);
        (await visit.AccessibilityViolationsAsync()).ShouldBeEmpty();

        var machine = await visit.Page.APIRequest.GetAsync("/api/no-such-thing");
        machine.Status.ShouldBe((int)HttpStatusCode.NotFound);
        (await machine.TextAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_gallery_exists_in_development_only()
    {
        await using var production = await GalleryHost.StartAsync("Production", Cancellation);
        await using var visit = await browser.OpenAsync(production.Address);
        var answer = await visit.Page.GotoAsync("/dev/gallery");
        answer!.Status.ShouldBe((int)HttpStatusCode.NotFound);
    }

    private async Task<BrowserPage> OpenAsync(int width = 1440, ColorScheme scheme = ColorScheme.Light)
    {
        var visit = await browser.OpenAsync(_host.Address, width, width < 600 ? 844 : 1000, scheme);
        await visit.GoToInteractiveAsync("/dev/gallery");
        await Assertions.Expect(visit.Page.Locator("[data-value='0']").First).Not.ToHaveTextAsync("–");
        return visit;
    }
}
