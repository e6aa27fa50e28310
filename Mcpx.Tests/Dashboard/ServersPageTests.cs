using System.Net;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class ServersPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task A_server_is_added_after_the_form_said_what_was_wrong()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance", "transfer");
        await using var visit = await browser.VisitAsync(gateway, "/servers");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add server" }).First.ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add server" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("A name is required.")).ToBeVisibleAsync();
        await Assertions.Expect(dialog.GetByText("An address is required.")).ToBeVisibleAsync();

        await dialog.GetByLabel("Name").FillAsync("Büro (Test)");
        await Assertions.Expect(dialog.GetByLabel("Slug")).ToHaveValueAsync("buro-test");
        await dialog.GetByLabel("URL").FillAsync("ftp://example.com");
        await dialog.GetByLabel("Credential").SelectOptionAsync(new SelectOptionValue { Label = "API key header" });
        await dialog.GetByLabel("Header", new() { Exact = true }).FillAsync("Host");
        await dialog.GetByLabel("API key").FillAsync("a-very-secret-key");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add server" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("Use an http:// or https:// address.")).ToBeVisibleAsync();
        await Assertions.Expect(dialog.GetByLabel("Header", new() { Exact = true })).ToHaveAttributeAsync("aria-invalid", "true");
        await visit.ShouldBeFaultlessAsync();

        await dialog.GetByLabel("URL").FillAsync(upstream.Url.ToString());
        await dialog.GetByLabel("Header", new() { Exact = true }).FillAsync("X-Key");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Test connection" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("It offers 2 tools.")).ToBeVisibleAsync();
        await visit.ScreenshotAsync("server-form", fullPage: false);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add server" }).ClickAsync();

        await Assertions.Expect(visit.Page.GetByText("Server “Büro (Test)” added")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Link, new() { Name = "Büro (Test)" })).ToBeVisibleAsync();
        (await visit.Page.ContentAsync()).ShouldNotContain("a-very-secret-key");
        upstream.Requests.ShouldAllBe(request => request.Headers["X-Key"] == "a-very-secret-key");
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_taken_slug_is_said_at_its_field_and_a_dead_address_by_the_test()
    {
        await gateway.AddServerAsync("taken", new Uri("http://127.0.0.1:9/mcp"));
        await using var visit = await browser.VisitAsync(gateway, "/servers?add=true");
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name").FillAsync("Taken");
        await dialog.GetByLabel("URL").FillAsync("http://127.0.0.1:9/mcp");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Test connection" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("Nothing takes connections at port 9.")).ToBeVisibleAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add server" }).ClickAsync();
        await Assertions.Expect(dialog.GetByLabel("Slug")).ToHaveAttributeAsync("aria-invalid", "true");
    }

    [Fact]
    public async Task Limits_are_checked_saved_and_shown_beside_what_the_server_speaks()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance");
        upstream.Probe = (http, _) => FakeUpstream.JsonAsync(http, "{}", 500);
        await gateway.AddServerAsync("limited", upstream.Url);
        await using var visit = await browser.VisitAsync(gateway, "/servers/limited");
        await Assertions.Expect(visit.Page.GetByText("not found out yet")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("first byte within 30 s, 10 MiB an answer, 256 calls at once")).ToBeVisibleAsync();

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Edit" }).ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(dialog.GetByLabel("Calls at once")).ToBeHiddenAsync();
        await dialog.GetByText("Limits").ClickAsync();
        await Assertions.Expect(dialog.GetByLabel("First byte, seconds")).ToHaveValueAsync("30");
        await dialog.GetByLabel("Calls at once").EnterAsync("many");
        await dialog.GetByLabel("Answer, MiB").EnterAsync("100");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("Use 1 to 10,000 calls.")).ToBeVisibleAsync();
        await Assertions.Expect(dialog.GetByLabel("Calls at once")).ToHaveAttributeAsync("aria-invalid", "true");
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("server-limits", fullPage: false);
        await dialog.GetByLabel("Calls at once").EnterAsync("5");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("first byte within 30 s, 100 MiB an answer, 5 calls at once")).ToBeVisibleAsync();

        upstream.Probe = FakeUpstream.BothErasAsync;
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Test connection" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("It speaks MCP 2025-11-25 with sessions and 2026-07-28 without.")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("MCP 2025-11-25 with sessions and 2026-07-28 without, found")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("server-speaks");
    }

    [Fact]
    public async Task A_tool_blocked_in_the_editor_is_denied_at_the_next_call()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance", "transfer");
        await gateway.AddServerAsync("governed", upstream.Url);
        (await gateway.CallToolAsync("governed", "transfer")).Json["result"].ShouldNotBeNull();

        await using var visit = await browser.VisitAsync(gateway, "/servers/governed");
        // A choice that is made while the page is drawn is lost; a person would see that, and choose again.
        await Eventually.TrueAsync(async () =>
        {
            await visit.Page.GetByLabel("Mode").SelectOptionAsync(new SelectOptionValue { Label = "Blocklist: all but these" });
            return await visit.Page.GetByText("Not saved yet").IsVisibleAsync();
        }, "the page knows the chosen mode", null, DashboardVisits.Cancellation);
        var load = visit.Page.GetByRole(AriaRole.Button, new() { Name = "Load tools" });
        var block = visit.Page.GetByRole(AriaRole.Button, new() { Name = "Block transfer" });
        // The card grows when the mode is chosen, and a click may meet where the button was: a person would click again.
        await Eventually.TrueAsync(async () =>
        {
            if (await block.IsVisibleAsync()) return true;
            try
            {
                await load.ClickAsync(new() { Timeout = 2000 });
            }
            catch (TimeoutException)
            {
                // It is being asked, or has answered: then the button is called otherwise.
            }

            return await block.IsVisibleAsync();
        }, "the tools are loaded", null, DashboardVisits.Cancellation);
        await block.ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("The blocklist names “transfer”.")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("governance");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save rules" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("they hold from the next call on")).ToBeVisibleAsync();

        (await gateway.CallToolAsync("governed", "transfer")).Json["result"].ShouldBeNull();
        (await gateway.CallToolAsync("governed", "balance")).Json["result"].ShouldNotBeNull();
        await Assertions.Expect(visit.Page.GetByText("denied")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_renamed_server_stays_open_at_its_new_address()
    {
        await gateway.AddServerAsync("old-name", new Uri("http://127.0.0.1:9/mcp"));
        await using var visit = await browser.VisitAsync(gateway, "/servers/old-name");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Edit" }).ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Slug").FillAsync("new-name");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();

        await Assertions.Expect(visit.Page).ToHaveURLAsync($"{gateway.Url}{gateway.Organization}/servers/new-name");
        await Assertions.Expect(visit.Page.GetByText("server/new-name").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_server_is_switched_off_and_deleted_by_typing_its_slug()
    {
        await gateway.AddServerAsync("doomed", new Uri("http://127.0.0.1:9/mcp"));
        await using var visit = await browser.VisitAsync(gateway, "/servers/doomed");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Switch off" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Switched off.")).ToBeVisibleAsync();

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Delete server" }).ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Delete server" })).ToBeDisabledAsync();
        await dialog.GetByLabel("Slug").FillAsync("doomed");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete server" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("deleted")).ToBeVisibleAsync();
        (await gateway.CallToolAsync("doomed", "x")).Status.ShouldNotBe(HttpStatusCode.OK);
    }
}
