using System.Net;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Gateways;
using Mcpx.Tests.Proxy.Bridge;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

/// <summary>What the pages say of what a gateway shows, and of what it lacks.</summary>
public sealed class GatewayStatePageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task A_member_that_is_down_is_seen_on_both_pages_and_so_is_its_return()
    {
        await using var up = await ListingUpstream.StartAsync();
        await using var down = await ListingUpstream.StartAsync();
        down.Instead = (http, _) => FakeUpstream.JsonAsync(http, "{}", 503);
        await gateway.AddServerAsync("staff", up.Url);
        await gateway.AddServerAsync("ledger", down.Url, null, "blocklist", "g*");
        await AddGatewayAsync("bureau", new { server = "staff", prefix = "s_" }, new { server = "ledger", prefix = "l_" });
        await using var visit = await browser.VisitAsync(gateway, "/gateways");
        var row = visit.Page.Locator("tr", new() { HasText = "bureau" });
        await Assertions.Expect(row).ToContainTextAsync("1 of 2 missing");
        await Assertions.Expect(row).ToContainTextAsync("ledger (can't be reached)");
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("gateways-missing");
        await row.GetByRole(AriaRole.Link, new() { Name = "bureau" }).ClickAsync();

        var card = Card(visit);
        await Assertions.Expect(card.GetByText("1 of 2 missing: ledger (can't be reached).")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Region, new() { Name = "About" })).ToContainTextAsync("1 of 2 missing");
        await Assertions.Expect(card.GetByText("Clients see the others, and are told what is missing.")).ToBeVisibleAsync();
        await Assertions.Expect(State(visit, "ledger")).ToContainTextAsync("The server is not available (503).");
        await Assertions.Expect(State(visit, "staff")).ToContainTextAsync("1 tool, read");
        await Assertions.Expect(card.GetByRole(AriaRole.Row, new() { Name = "s_get" })).ToContainTextAsync("get");
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("gateway-missing");

        down.Instead = null;
        await card.GetByRole(AriaRole.Button, new() { Name = "Refresh" }).ClickAsync();
        await Assertions.Expect(card.GetByText("1 of 2 missing")).ToHaveCountAsync(0);
        await Assertions.Expect(State(visit, "ledger")).ToContainTextAsync("0 tools · 1 blocked");
        await Assertions.Expect(card.GetByRole(AriaRole.Row, new() { Name = "l_get" })).ToContainTextAsync("blocklist:g*");
        await visit.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("gateway-back-dark");
    }

    [Fact]
    public async Task A_conflict_says_what_to_do_leads_to_the_member_and_goes_with_a_prefix()
    {
        await using var one = await ListingUpstream.StartAsync();
        await using var other = await ListingUpstream.StartAsync();
        one.Lists = (_, _) => ListingUpstream.Tools("get_user", "list");
        other.Lists = (_, _) => ListingUpstream.Tools("get_user");
        await gateway.AddServerAsync("hr", one.Url);
        await gateway.AddServerAsync("crm", other.Url);
        await AddGatewayAsync("clash", new { server = "hr" }, new { server = "crm" });
        await using var visit = await browser.VisitAsync(gateway, "/gateways/clash", scheme: ColorScheme.Dark);
        var card = Card(visit);
        await Assertions.Expect(card.GetByText("“get_user” is offered by hr and crm; give one of them a prefix, or the tool another name.")).ToBeVisibleAsync();
        await Assertions.Expect(card.GetByRole(AriaRole.Row)).ToHaveCountAsync(2);
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("gateway-conflict-dark");

        await card.GetByRole(AriaRole.Button, new() { Name = "Open the member crm" }).ClickAsync();
        var member = visit.Page.GetByRole(AriaRole.Region, new() { Name = "crm", Exact = true });
        await Assertions.Expect(member.Locator("button.toggle")).ToBeFocusedAsync();
        await member.GetByLabel("Names").SelectOptionAsync("With a prefix of this gateway's");
        await member.GetByLabel("Prefix").FillAsync("crm_");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save members" }).ClickAsync();

        await Assertions.Expect(card.GetByRole(AriaRole.Row, new() { Name = "crm_get_user" })).ToBeVisibleAsync();
        await Assertions.Expect(card.GetByText("is offered by")).ToHaveCountAsync(0);
        await Assertions.Expect(card.GetByText("3 tools", new() { Exact = true })).ToBeVisibleAsync();
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_list_that_changes_is_followed_searched_and_sorted_where_the_reader_stands()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Capabilities = ListingUpstream.Everything;
        upstream.Lists = (method, _) => method switch
        {
            "tools/list" => ListingUpstream.Tools([.. Enumerable.Range(0, 60).Select(i => $"tool_{i:00}")]),
            "prompts/list" => """{"prompts":[{"name":"greet","description":"Says hello"}]}""",
            _ => ListingUpstream.Empty(method),
        };
        await gateway.AddServerAsync("wide-one", upstream.Url);
        await AddGatewayAsync("wide", new { server = "wide-one" });
        await using var visit = await browser.VisitAsync(gateway, "/gateways/wide");
        var card = Card(visit);
        await Assertions.Expect(card.GetByText("1–25 of 60")).ToBeVisibleAsync();
        await card.GetByRole(AriaRole.Button, new() { Name = "Shown as" }).ClickAsync();
        await card.GetByRole(AriaRole.Button, new() { Name = "Shown as" }).ClickAsync();
        await Assertions.Expect(card.GetByRole(AriaRole.Row).Nth(1)).ToContainTextAsync("tool_59");
        (await visit.Page.EvaluateAsync<double>("window.scrollY")).ShouldBeGreaterThan(0);
        await card.GetByLabel("Find tools").FillAsync("TOOL_1");
        await Assertions.Expect(card.GetByText("10 of 60 tools")).ToBeVisibleAsync();
        await card.GetByLabel("What is listed").SelectOptionAsync("Prompts (1)");
        await card.GetByLabel("Find prompts").FillAsync("");
        await Assertions.Expect(card.GetByText("Says hello")).ToBeVisibleAsync();
        await card.GetByLabel("What is listed").SelectOptionAsync("Tools (60)");
        await card.GetByLabel("Find tools").FillAsync("TOOL_1");

        upstream.Lists = (method, _) => method == "tools/list" ? ListingUpstream.Tools("tool_1", "other") : ListingUpstream.Empty(method);
        await Eventually.TrueAsync(() => upstream.OpenStreams > 0, "it is watched", DashboardVisits.Cancellation);
        var before = await visit.Page.EvaluateAsync<double>("window.scrollY");
        upstream.Tell("tools");
        await Assertions.Expect(card.GetByText("1 of 2 tools")).ToBeVisibleAsync();
        await Assertions.Expect(card.GetByLabel("Find tools")).ToHaveValueAsync("TOOL_1");
        (await visit.Page.EvaluateAsync<double>("window.scrollY")).ShouldBeLessThanOrEqualTo(before);
        await card.GetByLabel("Find tools").FillAsync("nothing like it");
        await Assertions.Expect(card.GetByText("None of the tools matches")).ToBeVisibleAsync();
        await card.GetByRole(AriaRole.Button, new() { Name = "Clear the search" }).ClickAsync();
        await Assertions.Expect(card.GetByText("2 tools", new() { Exact = true })).ToBeVisibleAsync();
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Known_tools_are_chosen_from_a_list_and_unknown_ones_are_typed()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Lists = (_, _) => ListingUpstream.Tools("read", "write", "erase");
        await gateway.AddServerAsync("files", upstream.Url);
        await AddGatewayAsync("chosen", new { server = "files" });
        await using var visit = await browser.VisitAsync(gateway, "/gateways/chosen");
        var member = visit.Page.GetByRole(AriaRole.Region, new() { Name = "files", Exact = true });
        await member.Locator("button.toggle").ClickAsync();
        await member.GetByLabel("Tools", new() { Exact = true }).SelectOptionAsync("Only these");
        await member.GetByLabel("Find a tool of the server").FillAsync("r");
        await member.GetByLabel("read").CheckAsync();
        await member.GetByLabel("write").CheckAsync();
        await member.GetByLabel("write").UncheckAsync();
        var typed = member.GetByLabel("Shown tools, one per line");
        await Assertions.Expect(typed).ToHaveValueAsync("read");
        await typed.FillAsync("read\nlater");
        await Assertions.Expect(member.GetByLabel("read")).ToBeCheckedAsync();
        await member.GetByRole(AriaRole.Button, new() { Name = "Rename or describe a tool" }).ClickAsync();
        var list = await member.GetByLabel("Tool", new() { Exact = true }).GetAttributeAsync("list");
        (await member.Locator($"datalist#{list} option").CountAsync()).ShouldBe(3);
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("gateway-known-tools");
        await member.GetByRole(AriaRole.Button, new() { Name = "Remove the override" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save members" }).ClickAsync();

        await Assertions.Expect(Card(visit).GetByText("1 tool", new() { Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_server_whose_calls_fail_is_seen_though_its_list_is_there()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        var id = await gateway.AddServerAsync("shaky", upstream.Url);
        await AddGatewayAsync("shaky", new { server = "shaky" });
        await using var visit = await browser.VisitAsync(gateway, "/gateways/shaky");
        await Assertions.Expect(State(visit, "shaky")).ToContainTextAsync("there");
        upstream.Instead = (http, _) => FakeUpstream.JsonAsync(http, "{}", 503);

        for (var i = 0; i < 5; i++) await gateway.CallToolAsync("shaky", "get");

        await Assertions.Expect(State(visit, "shaky")).ToContainTextAsync("calls fail");
        await Assertions.Expect(Card(visit).GetByText("What it offers is still shown.")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.GoToInteractiveAsync($"/{gateway.Organization}/servers/shaky");
        await Assertions.Expect(visit.Page.GetByText("failed repeatedly")).ToBeVisibleAsync();
        // What the gateway's catalogue knows need not be asked for again.
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Region, new() { Name = "Rules for tools" }).GetByText("allowed")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("server-circuit");
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/servers/{id}")).Status.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task Everything_fits_a_phone_and_calls_tell_the_way_they_took()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Probe = null;
        upstream.Answer = DashboardVisits.Offering("get_user", "a_tool_with_a_name_that_is_as_long_as_names_of_tools_get_and_has_no_blank_in_it_anywhere_at_all");
        await gateway.AddServerAsync("people", upstream.Url, null, "blocklist", "a_tool_with_a_name_that_is_as_long_*");
        await gateway.AddServerAsync("gone", new Uri("http://127.0.0.1:9/mcp"));
        await AddGatewayAsync("phone", new { server = "people", prefix = "pp_" }, new { server = "gone", prefix = "g_" });
        var call = await new StatelessClient(gateway, $"/mcp/{gateway.Organization}/gateway/phone").CallAsync("pp_get_user");
        call.Status.ShouldBe(HttpStatusCode.OK, call.Body);
        await using var visit = await browser.VisitAsync(gateway, "/gateways/phone", width: 390);
        await Assertions.Expect(State(visit, "gone")).ToContainTextAsync("missing");
        await Assertions.Expect(Card(visit).GetByText("blocked", new() { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("→ people: get_user")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("gateway-phone");

        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "All calls of this gateway" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByLabel("Gateway", new() { Exact = true })).ToHaveValueAsync("phone");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "pp_get_user" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("At the server")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Link, new() { Name = "phone", Exact = true })).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        (await gateway.CallsAsync("&gateway=" + Guid.Empty)).ShouldBeEmpty();
        (await gateway.ApiAsync(HttpMethod.Get, "/api/calls?gateway=phone")).Status.ShouldBe(HttpStatusCode.OK);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/calls?gateway=no-such-phone")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    private static ILocator Card(BrowserPage visit) => visit.Page.GetByRole(AriaRole.Region, new() { Name = "What this gateway shows" });

    private static ILocator State(BrowserPage visit, string server) =>
        visit.Page.GetByRole(AriaRole.List, new() { Name = "State of the members" }).GetByRole(AriaRole.Listitem).Filter(new() { HasText = server });

    private async Task AddGatewayAsync(string slug, params object[] members)
    {
        var made = await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = slug, slug, members });
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
    }
}
