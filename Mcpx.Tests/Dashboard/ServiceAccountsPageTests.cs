using System.Net;
using System.Text;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.OAuth;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class ServiceAccountsPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task An_account_is_made_gets_a_secret_that_is_shown_once_and_is_switched_off(ColorScheme scheme)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("ask", "tell");
        var slug = $"of-{scheme}".ToLowerInvariant();
        await gateway.AddServerAsync(slug, upstream.Url);
        await using var visit = await browser.VisitAsync(gateway, "/service-accounts", scheme: scheme);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add service account" }).First.ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add service account" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("A name is required.")).ToBeVisibleAsync();
        await dialog.GetByLabel("Name").FillAsync($"nightly report {scheme}");
        await dialog.GetByLabel("Servers and gateways").First.SelectOptionAsync(new SelectOptionValue { Label = "Only some of them" });
        await dialog.GetByLabel(slug).CheckAsync();
        await dialog.GetByLabel("Tools").FillAsync("a*");
        await dialog.GetByLabel("Public keys").FillAsync("{}");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add service account" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("A key set is a JSON object")).ToBeVisibleAsync();
        await visit.ScreenshotAsync($"service-account-form-{scheme}", fullPage: false);
        await visit.ShouldBeFaultlessAsync();
        await dialog.GetByLabel("Public keys").FillAsync("");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add service account" }).ClickAsync();

        await Assertions.Expect(visit.Page.GetByText("It can't sign in yet.")).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Create secret" }).First.ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create secret" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("Copy the secret now")).ToBeVisibleAsync();
        var secret = (await dialog.Locator("code").Filter(new() { HasText = "mcpx_sas_" }).First.InnerTextAsync()).Trim();
        await visit.ScreenshotAsync($"service-account-secret-{scheme}", fullPage: false);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "I have copied it" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText(secret)).ToHaveCountAsync(0);
        (await visit.Page.ContentAsync()).ShouldNotContain(secret);

        var id = visit.Page.Url.Split('/')[^1];
        var basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{id}:{secret}"));
        var form = TestAccount.Form(("grant_type", "client_credentials"), ("resource", gateway.EndpointOf(slug).ToString()));
        var token = (await gateway.AskTokenAsync(form, basic)).Json["access_token"]!.GetValue<string>();
        (await gateway.CallToolAsync(slug, "ask", token)).Status.ShouldBe(HttpStatusCode.OK);
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Table, new() { Name = "Recent calls" }).GetByText("ask")).ToBeVisibleAsync();
        await visit.ScreenshotAsync($"service-account-{scheme}");
        await visit.ShouldBeFaultlessAsync();

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Switch off" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Switched off.")).ToBeVisibleAsync();
        (await gateway.CallToolAsync(slug, "ask", token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await gateway.AskTokenAsync(form, basic)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }
}
