using System.Net;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class TokensPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task A_token_is_shown_once_works_and_is_revoked()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("ask");
        await gateway.AddServerAsync("asked", upstream.Url);
        await using var visit = await browser.VisitAsync(gateway, "/tokens");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Create token" }).First.ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create token" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("A name is required.")).ToBeVisibleAsync();
        await dialog.GetByLabel("Name").FillAsync("laptop");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create token" }).ClickAsync();

        await Assertions.Expect(dialog.GetByText("Copy the token now")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("token-issued", fullPage: false);
        var token = (await dialog.Locator("code").Filter(new() { HasText = "mcpx_pat_" }).First.InnerTextAsync()).Trim();
        (await gateway.CallToolAsync("asked", "ask", token)).Status.ShouldBe(HttpStatusCode.OK);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "I have copied it" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Revoke laptop" })).ToBeVisibleAsync();
        (await visit.Page.ContentAsync()).ShouldNotContain(token);

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Revoke laptop" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Revoke token" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Token “laptop” revoked")).ToBeVisibleAsync();
        (await gateway.CallToolAsync("asked", "ask", token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        visit.Complaints.ShouldBeEmpty();
    }
}
