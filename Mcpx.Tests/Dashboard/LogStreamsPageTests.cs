using Mcpx.Tests.Browser;
using Mcpx.Tests.Calls.Streaming;
using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class LogStreamsPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    private readonly LogStreamDesk _desk = new(gateway);

    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task A_log_stream_is_added_and_shows_how_it_goes(ColorScheme scheme, int width)
    {
        string name = $"siem-{scheme}-{width}".ToLowerInvariant();
        await using FakeWebhook webhook = await FakeWebhook.StartAsync();
        webhook.Status = _ => 503;
        await using var visit = await browser.VisitAsync(gateway, "/exports", width, scheme);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add log stream" }).ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name", new() { Exact = true }).FillAsync(name);
        await dialog.GetByLabel("Address", new() { Exact = true }).FillAsync(webhook.Url);
        await dialog.GetByLabel("Calls", new() { Exact = false }).First.FillAsync("range=1h");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add log stream" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("A stream begins now and has no end")).ToBeVisibleAsync();
        (await visit.AccessibilityViolationsAsync()).ShouldBeEmpty();
        await visit.ScreenshotAsync($"log-stream-form-{scheme}-{width}", fullPage: false);

        await dialog.GetByLabel("Calls", new() { Exact = false }).First.FillAsync($"tool={name}");
        await dialog.GetByLabel("Also changes by administrators").CheckAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add log stream" }).ClickAsync();

        await Assertions.Expect(dialog.GetByText("the only time that the signing key")).ToBeVisibleAsync();
        string key = await dialog.Locator("pre").InnerTextAsync();
        key.Trim().ShouldStartWith("whsec_");
        (await visit.AccessibilityViolationsAsync()).ShouldBeEmpty();
        await visit.ScreenshotAsync($"log-stream-key-{scheme}-{width}", fullPage: false);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "I have copied it" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText(webhook.Url)).ToBeVisibleAsync();
        // The row is there while the dialog still closes.
        await Assertions.Expect(visit.Page.GetByText(key.Trim())).ToHaveCountAsync(0);
        (await visit.Page.ContentAsync()).ShouldNotContain(key.Trim());

        await _desk.WriteAsync(LogStreamDesk.NewCall(name), LogStreamDesk.NewCall(name));
        await Assertions.Expect(visit.Page.GetByText("The webhook answered 503.").First).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"log-streams-failing-{scheme}-{width}");
        webhook.Status = _ => 204;
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = name }).GetByText("running")).ToBeVisibleAsync();
        webhook.Taken.Single().IsSignedWith(key.Trim()).ShouldBeTrue();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"log-streams-{scheme}-{width}");

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = $"Send a test message to {name}" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("The webhook took the test message.")).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = $"Pause the log stream {name}" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = name }).GetByText("paused", new() { Exact = true })).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"log-streams-paused-{scheme}-{width}");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = $"Resume the log stream {name}" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = name }).GetByText("running")).ToBeVisibleAsync();

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = $"Delete the log stream {name}" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText(webhook.Url)).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_syslog_server_is_added_by_host_and_port()
    {
        await using FakeSyslog syslog = new();
        await using var visit = await browser.VisitAsync(gateway, "/exports");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add log stream" }).ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name", new() { Exact = true }).FillAsync("by-syslog");
        await dialog.GetByLabel("To", new() { Exact = true }).SelectOptionAsync("A syslog server");
        await dialog.GetByLabel("Host").FillAsync("127.0.0.1");
        await Assertions.Expect(dialog.GetByLabel("Port")).ToHaveValueAsync("6514");
        await dialog.GetByLabel("Port").FillAsync("many");
        await dialog.GetByLabel("TLS").UncheckAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add log stream" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("Use a port from 1 to 65535.")).ToBeVisibleAsync();
        await visit.ScreenshotAsync("log-stream-syslog-form", fullPage: false);
        await dialog.GetByLabel("Port").FillAsync($"{syslog.Port}");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add log stream" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText($"syslog+tcp://127.0.0.1:{syslog.Port}")).ToBeVisibleAsync();

        await _desk.WriteAsync(LogStreamDesk.NewCall("by-syslog"));

        await Eventually.TrueAsync(() => syslog.Messages.Any(m => m.Contains("\"tool\":\"by-syslog\"", StringComparison.Ordinal)), "the call is there", TestContext.Current.CancellationToken);
    }
}
