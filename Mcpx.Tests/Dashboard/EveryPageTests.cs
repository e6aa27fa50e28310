using System.Net;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.OAuth;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class EveryPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task Is_accessible_fits_the_window_and_complains_about_nothing(ColorScheme scheme, int width)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance", "transfer");
        var slug = $"every-{scheme}-{width}".ToLowerInvariant();
        await gateway.AddServerAsync(slug, upstream.Url, new { kind = "bearer", secret = "a-secret-of-some-length" }, "blocklist", "transfer");
        (await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new
        {
            name = new string('G', 100),
            slug,
            members = new[] { new { server = slug, prefix = "every_", tools = new[] { "balance" }, overrides = new[] { new { tool = new string('x', 200), name = "short" } } } },
        })).Status.ShouldBe(HttpStatusCode.Created);
        foreach (var tool in new[] { "balance", "transfer", new string('x', 120) }) await gateway.CallToolAsync(slug, tool);
        var call = (await gateway.CallsAsync())[0]!["id"]!.GetValue<string>();

        var account = await gateway.AddAccountAsync(new { endpoints = new[] { $"server/{slug}" }, tools = new[] { "balance", new string('t', 200) } });
        (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = new string('N', 100), endpoints = new[] { $"gateway/{slug}" } })).Status.ShouldBe(HttpStatusCode.Created);

        await using var visit = await browser.VisitAsync(gateway, "", width, scheme);
        foreach (var path in new[] { "", "?range=24h", "/servers", $"/servers/{slug}", $"/servers/{slug}/tools", "/tool-definitions", "/gateways", $"/gateways/{slug}", "/calls", $"/calls/{call}", $"/calls/{call}/again", "/metrics", $"/metrics?range=15m&server={slug}&by=tool&order=p95", "/metrics?range=90d&by=caller", "/exports", "/access", "/audit", "/limits", "/retention", "/redaction", $"/redaction?server={slug}", "/members", "/tokens", "/service-accounts", $"/service-accounts/{account.Id}", "/groups", "/settings", "/operations" })
        {
            await visit.GoToInteractiveAsync($"/{gateway.Organization}{path}");
            await Assertions.Expect(visit.Page.Locator(".bone")).ToHaveCountAsync(0);
            foreach (var member in await visit.Page.Locator("section.member button.toggle").AllAsync()) await member.ClickAsync();
            (await visit.AccessibilityViolationsAsync()).ShouldBeEmpty(path);
            (await visit.HorizontalOverflowAsync()).ShouldBe(0, path);
            visit.Complaints.ShouldBeEmpty(path);
            if (path == $"/gateways/{slug}" || path is "/gateways" or "/tokens" or "/service-accounts") await visit.ScreenshotAsync($"{path.Split('/')[1]}{(path.EndsWith(slug, StringComparison.Ordinal) ? "-one" : "")}-{scheme}-{width}");
        }
    }
}
