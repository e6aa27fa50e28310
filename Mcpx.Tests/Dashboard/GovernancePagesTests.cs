using System.Net;
using Mcpx.Core.Identity;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

/// <summary>Rules, access, limits and what the organisation decides, as administrators see them.</summary>
public sealed class GovernancePagesTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task A_rule_with_a_condition_is_made_tried_and_saved(ColorScheme scheme, int width)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance", "transfer", "close_account");
        string slug = $"rules-{scheme}-{width}".ToLowerInvariant();
        string id = await gateway.AddServerAsync(slug, upstream.Url, null, "allowlist", "balance");
        await gateway.CallToolAsync(slug, "transfer");
        await using var visit = await browser.VisitAsync(gateway, $"/servers/{slug}", width, scheme);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Load tools" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("1 of 3 tools can be called by members.")).ToBeVisibleAsync();

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add rule" }).ClickAsync();
        ILocator dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Tool or pattern").FillAsync("transfer");
        await dialog.GetByLabel("For").SelectOptionAsync(new SelectOptionValue { Label = "The role Member" });
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add condition" }).ClickAsync();
        await dialog.GetByLabel("Argument").FillAsync("amount");
        await dialog.GetByLabel("Value").FillAsync("1000");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add rule" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("A path leads to one value")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"rule-form-{scheme}-{width}", fullPage: false);
        await dialog.GetByLabel("Argument").FillAsync("$.amount");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add rule" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("when $.amount ≤ 1000", new() { Exact = false }).First).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("2 of 3 tools could be called by members, 1 of them depending on arguments.")).ToBeVisibleAsync();

        ILocator replay = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Try on recorded calls" });
        await replay.GetByRole(AriaRole.Button, new() { Name = "Try" }).ClickAsync();
        await Assertions.Expect(replay.GetByRole(AriaRole.Status)).ToContainTextAsync("judged");
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"rules-{scheme}-{width}");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save rules" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("2 of 3 tools can be called by members, 1 of them depending on arguments.")).ToBeVisibleAsync();

        (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}/governance")).Body.ShouldContain("""{"tool":"transfer","for":{"kind":"role","role":"member","id":null},"conditions":[{"path":"$.amount","operator":"lessOrEqual","values":[1000]}],"logOnly":false}""");
    }

    [Theory]
    [InlineData(ColorScheme.Dark, 1440)]
    [InlineData(ColorScheme.Light, 390)]
    public async Task Access_says_who_may_call_what_and_why(ColorScheme scheme, int width)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance", "transfer", "close_account");
        string slug = $"access-{scheme}-{width}".ToLowerInvariant();
        string id = await gateway.AddServerAsync(slug, upstream.Url);
        Colleague member = await Colleague.CreateAsync(gateway, Role.Member);
        (await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{id}/governance", new
        {
            mode = "allowlist",
            rules = new object[] { new { tool = "balance" }, new { tool = "transfer", conditions = new[] { new { path = "$.amount", @operator = "lessOrEqual", value = 1000 } } } },
        })).Status.ShouldBe(HttpStatusCode.OK);
        await using var visit = await browser.VisitAsync(gateway, "/access", width, scheme);

        await visit.Page.GetByLabel("Caller").SelectOptionAsync(new SelectOptionValue { Value = $"member:{member.User.Id}" });
        await Assertions.Expect(visit.Page).ToHaveURLAsync($"{gateway.Url}{gateway.Organization}/access?who=member%3A{member.User.Id}");
        await visit.Page.GetByLabel("Server or gateway").SelectOptionAsync(new SelectOptionValue { Value = id });

        await Assertions.Expect(visit.Page.GetByText("Member may call 2 of 3 tools")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("The allowlist names “transfer” when $.amount ≤ 1000.")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("No rule of the server's allowlist names this tool for this caller.")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"access-{scheme}-{width}");
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task A_limit_is_made_watched_and_deleted(ColorScheme scheme, int width)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance");
        string slug = $"limits-{scheme}-{width}".ToLowerInvariant();
        await gateway.AddServerAsync(slug, upstream.Url);
        await using var visit = await browser.VisitAsync(gateway, "/limits", width, scheme);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add limit" }).First.ClickAsync();
        ILocator dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Server").SelectOptionAsync(new SelectOptionValue { Label = slug });
        await dialog.GetByLabel("Tool or pattern").FillAsync($"bal*");
        await dialog.GetByLabel("Calls a minute").FillAsync("none");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add limit" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("Use 1 to 100,000 calls.")).ToBeVisibleAsync();
        await dialog.GetByLabel("Calls a minute").FillAsync("1");
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"limit-form-{scheme}-{width}", fullPage: false);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add limit" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("0 of 1")).ToBeVisibleAsync();

        (await gateway.CallToolAsync(slug, "balance")).Json["result"].ShouldNotBeNull();
        (await gateway.CallToolAsync(slug, "balance")).Json["error"]!["data"]!["reason"]!.GetValue<string>().ShouldBe("rate_limited");

        await Assertions.Expect(visit.Page.GetByText("1 of 1")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"limits-{scheme}-{width}");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Delete the limit on bal*" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("No limits")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task What_the_organisation_decides_is_saved_at_once()
    {
        await using var visit = await browser.VisitAsync(gateway, "/settings");
        ILocator closed = visit.Page.GetByLabel("New servers start closed");
        await Assertions.Expect(closed).Not.ToBeCheckedAsync();
        await closed.ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Saved: it holds from now on").First).ToBeVisibleAsync();
        (await gateway.ApiAsync(HttpMethod.Get, "/api/governance/settings")).Json["newServersClosed"]!.GetValue<bool>().ShouldBeTrue();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("governance-settings");
        (await gateway.ApiAsync(HttpMethod.Put, "/api/governance/settings", new { newServersClosed = false, explainRefusals = true })).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Calls_that_would_be_denied_are_found()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance", "transfer");
        string id = await gateway.AddServerAsync("tried", upstream.Url);
        (await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{id}/governance", new { mode = "allowlist", enforce = false, tools = new[] { "balance" } })).Status.ShouldBe(HttpStatusCode.OK);
        await gateway.CallToolAsync("tried", "balance");
        await gateway.CallToolAsync("tried", "transfer");

        await using var visit = await browser.VisitAsync(gateway, "/calls?server=tried&outcome=wouldBeDenied");

        await Assertions.Expect(visit.Page.GetByText("would be denied", new() { Exact = true })).ToHaveCountAsync(1);
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("would-be-denied");
        await visit.Page.GetByText("transfer").First.ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Would be refused by")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("Not enforced yet: No rule of the server's allowlist names this tool for this caller.")).ToBeVisibleAsync();
    }
}
