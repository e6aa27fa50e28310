using System.Text.Json.Nodes;
using Mcpx.Core.Identity;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

/// <summary>Reading the audit log in the browser.</summary>
public sealed class AuditPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task Who_changed_what_is_told_line_by_line_and_new_entries_come_by_themselves(ColorScheme scheme, int width)
    {
        var slug = $"audited-{scheme}-{width}".ToLowerInvariant();
        var id = await gateway.AddServerAsync(slug, new Uri("http://127.0.0.1:9/mcp"), new { kind = "bearer", secret = "a-secret-of-some-length" });
        await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { description = "Reads \u202eledgers", tags = new[] { "eu", "ledger" }, timeoutSeconds = 20, enabled = false });
        await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{id}/governance", new { mode = "allowlist", rules = new[] { new { tool = "get_*" }, new { tool = new string('x', 200) } } });
        await using var visit = await browser.VisitAsync(gateway, $"/audit?subject={id}", width, scheme);
        var entries = visit.Page.Locator("li.entry");
        await Assertions.Expect(entries).ToHaveCountAsync(3);
        await entries.Nth(1).Locator("summary").ClickAsync();
        await Assertions.Expect(entries.Nth(1).GetByText("description", new() { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(entries.Nth(1).Locator("ins", new() { HasText = "ledger" }).First).ToBeVisibleAsync();
        await Assertions.Expect(entries.Nth(1).GetByText("127.0.0.1")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"audit-entry-{scheme}-{width}");

        // What is done on another page appears, while what somebody reads stays open.
        await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { enabled = true });
        await Assertions.Expect(entries).ToHaveCountAsync(4);
        await Assertions.Expect(entries.Nth(2).GetByText("description", new() { Exact = true })).ToBeVisibleAsync();
        await entries.Nth(2).GetByRole(AriaRole.Link, new() { Name = "Go there" }).ClickAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync($"{gateway.Url}{gateway.Organization}/servers/{slug}");

        await visit.GoToInteractiveAsync($"/{gateway.Organization}/audit");
        await visit.Page.GetByLabel("Action", new() { Exact = true }).SelectOptionAsync(new SelectOptionValue { Label = "Rules" });
        await Assertions.Expect(visit.Page).ToHaveURLAsync($"{gateway.Url}{gateway.Organization}/audit?action=rules");
        await Assertions.Expect(visit.Page.Locator("li.entry", new() { HasText = "Server changed" })).ToHaveCountAsync(0);
        await Assertions.Expect(visit.Page.Locator("li.entry", new() { HasText = "Rules changed" }).First).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Clear" }).ClickAsync();
        await Assertions.Expect(visit.Page.Locator("li.entry", new() { HasText = "Server changed" }).First).ToBeVisibleAsync();
        await visit.ScreenshotAsync($"audit-{scheme}-{width}", fullPage: false);
        await visit.Page.GetByLabel("Log", new() { Exact = true }).SelectOptionAsync(new SelectOptionValue { Label = "The installation" });
        await Assertions.Expect(visit.Page.GetByText("The installation's own log")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"audit-installation-{scheme}-{width}", fullPage: false);
    }

    [Fact]
    public async Task What_is_done_in_the_dashboard_is_told_with_its_session_and_browser()
    {
        var admin = await Colleague.CreateAsync(gateway, Role.Owner);
        await using var visit = await browser.OpenAsync(gateway.Url);
        await visit.GoToInteractiveAsync(await gateway.SignInLinkAsync(admin.User.Id));
        await visit.GoToInteractiveAsync($"/{gateway.Organization}/settings");
        await visit.Page.GetByLabel("Name", new() { Exact = true }).EnterAsync("Renamed in the browser");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save name" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("The organisation is called")).ToBeVisibleAsync();

        JsonNode entry = (await gateway.ApiAsync(HttpMethod.Get, $"/api/audit/changes?actor={admin.User.Id}&action=organization.update")).Json["items"]!.AsArray().ShouldHaveSingleItem()!;
        var session = (await gateway.ApiAsync(HttpMethod.Get, $"/api/audit/changes?actor={admin.User.Id}&action=session.sign-in")).Json["items"]!.AsArray().ShouldHaveSingleItem()!["subject"]!["id"]!.GetValue<string>();
        entry["credential"]!.ToJsonString().ShouldBe($$"""{"kind":"session","id":"{{session}}","name":"link"}""");
        ((string?)entry["address"]).ShouldBe("127.0.0.1");
        entry["userAgent"]!.GetValue<string>().ShouldContain("Chrome");
        (entry["before"]!["name"]!.GetValue<string>(), entry["after"]!["name"]!.GetValue<string>()).ShouldBe(("Home", "Renamed in the browser"));
    }

    [Fact]
    public async Task A_member_is_told_who_may_read_it()
    {
        var member = await Colleague.CreateAsync(gateway, Role.Member);
        await using var visit = await browser.OpenAsync(gateway.Url);
        await visit.GoToInteractiveAsync(await gateway.SignInLinkAsync(member.User.Id));
        await visit.GoToInteractiveAsync($"/{gateway.Organization}/audit");
        await Assertions.Expect(visit.Page.GetByText("Admins and Owners see this page")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.Locator("li.entry")).ToHaveCountAsync(0);
        await visit.ShouldBeFaultlessAsync();
    }
}
