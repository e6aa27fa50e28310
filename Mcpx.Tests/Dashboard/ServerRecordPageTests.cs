using System.Net;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

/// <summary>All that a server's record holds, from its form to what a gateway makes of it and to the question before it is deleted.</summary>
public sealed class ServerRecordPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task A_server_with_everything_is_entered_tested_shown_and_asked_about(ColorScheme scheme, int width)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance", "transfer");
        await using var issuer = await FakeAuthorizationServer.StartAsync();
        issuer.Guard(upstream);
        string tag = $"{scheme}-{width}", slug = $"whole-{tag}".ToLowerInvariant();
        await using var visit = await browser.VisitAsync(gateway, "/servers", width, scheme);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add server" }).First.ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name").FillAsync($"Whole {tag}");
        await dialog.GetByLabel("URL", new() { Exact = true }).FillAsync(upstream.Url.ToString());
        await dialog.GetByLabel("Description").FillAsync("People, contracts and holidays of the European offices");
        await dialog.GetByLabel("Tags").FillAsync("hr, eu");
        await dialog.GetByLabel("Owner").SelectOptionAsync(new SelectOptionValue { Index = 1 });
        await dialog.GetByLabel("Prefix in gateways").FillAsync("no blanks");
        await visit.ScreenshotAsync($"server-form-top-{tag}", fullPage: false);
        await dialog.GetByLabel("Credential").SelectOptionAsync(new SelectOptionValue { Label = "OAuth client credentials" });
        await dialog.GetByLabel("Client ID").FillAsync(FakeAuthorizationServer.ClientId);
        await dialog.GetByLabel("Client secret").FillAsync(FakeAuthorizationServer.ClientSecret);
        await dialog.GetByLabel("Issuer").FillAsync(issuer.Issuer);
        await dialog.GetByLabel("Issuer").ScrollIntoViewIfNeededAsync();
        await visit.ScreenshotAsync($"server-form-client-{tag}", fullPage: false);
        await dialog.GetByText("Limits and extra headers").ClickAsync();
        await dialog.GetByLabel("Extra headers").FillAsync("X-Tenant: acme\nX-Region: eu");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Test connection" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("It offers 2 tools.")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"server-form-tested-{tag}", fullPage: false);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add server" }).ClickAsync();
        await Assertions.Expect(dialog.GetByLabel("Prefix in gateways")).ToHaveAttributeAsync("aria-invalid", "true");
        await dialog.GetByLabel("Prefix in gateways").EnterAsync("hr_");
        await Assertions.Expect(dialog.GetByText("its tool get_user is hr_get_user.")).ToBeVisibleAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add server" }).ClickAsync();
        await Assertions.Expect(dialog).ToBeHiddenAsync();
        await visit.ScreenshotAsync($"servers-{tag}");

        (await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = "Office", slug, members = new[] { new { server = slug } } })).Status.ShouldBe(HttpStatusCode.Created);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = $"nightly {tag}", endpoints = new[] { $"server/{slug}" } })).Status.ShouldBe(HttpStatusCode.Created);
        await visit.GoToInteractiveAsync($"/{gateway.Organization}/servers/{slug}");
        await Assertions.Expect(visit.Page.GetByText("not tested as it is saved now")).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Test connection" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("all went well")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("unless a gateway says otherwise")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"server-{tag}");

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Delete server" }).ClickAsync();
        var depends = visit.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Group, new() { Name = "What depends on this server" });
        await Assertions.Expect(depends).ToContainTextAsync($"Gateway Office {slug} loses it as a member.");
        await Assertions.Expect(depends).ToContainTextAsync($"Token nightly {tag} is limited to it, and opens nothing any more.");
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"server-delete-{tag}", fullPage: false);

        await visit.GoToInteractiveAsync($"/{gateway.Organization}/gateways/{slug}");
        var member = visit.Page.GetByRole(AriaRole.Region, new() { Name = $"Whole {tag}", Exact = true });
        await Assertions.Expect(member).ToContainTextAsync("prefix hr_ (the server's) · all tools");
        await member.Locator("button.toggle").ClickAsync();
        await Assertions.Expect(member.GetByText("That follows the server: its form has the prefix.")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("hr_balance").First).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"gateway-member-{tag}");
        await member.GetByLabel("Names").SelectOptionAsync("Without a prefix");
        await Assertions.Expect(member).ToContainTextAsync("no prefix · all tools");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save members" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("clients see them from their next list on")).ToBeVisibleAsync();
        var saved = (await gateway.ApiAsync(HttpMethod.Get, "/api/gateways")).Json["items"]!.AsArray().Single(g => (string?)g!["slug"] == slug)!["members"]![0]!;
        ((string?)saved["prefix"], (string?)saved["effectivePrefix"]).ShouldBe(("", ""));
        visit.Complaints.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task A_server_that_fails_says_since_when_and_why_wherever_it_is_looked_at(ColorScheme scheme, int width)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = (http, _) => FakeUpstream.JsonAsync(http, "{}", 503);
        string tag = $"{scheme}-{width}", slug = $"failing-{tag}".ToLowerInvariant();
        string id = await gateway.AddServerAsync(slug, upstream.Url);
        await Eventually.TrueAsync(async () =>
        {
            await gateway.CallToolAsync(slug, "balance");
            return (string?)(await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}")).Json["health"]!["state"] == "failing";
        }, "the server is left alone", null, DashboardVisits.Cancellation);
        var health = (await gateway.ApiAsync(HttpMethod.Get, "/api/servers")).Json["items"]!.AsArray().Single(s => (string?)s!["id"] == id)!["health"]!;
        (health["since"] is not null, health["lastFailureAt"] is not null).ShouldBe((true, true));
        var reason = ((string?)health["lastFailure"]).ShouldNotBeNull();

        await using var visit = await browser.VisitAsync(gateway, "/servers", width, scheme);
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Row, new() { Name = slug }).GetByText("failing", new() { Exact = true })).ToBeVisibleAsync();
        await visit.GoToInteractiveAsync($"/{gateway.Organization}/servers/{slug}");
        await Assertions.Expect(visit.Page.GetByText("Last failed call")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText(reason).First).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"server-failing-{tag}");
        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { enabled = false })).Json["health"]!["state"]!.GetValue<string>().ShouldBe("off");
        foreach (var path in new[] { "/settings", "/access", "/limits", "/tool-definitions" })
        {
            await visit.GoToInteractiveAsync($"/{gateway.Organization}{path}");
            await Assertions.Expect(visit.Page.Locator(".bone")).ToHaveCountAsync(0);
            await visit.ScreenshotAsync($"{path[1..]}-{tag}");
        }
    }
}
