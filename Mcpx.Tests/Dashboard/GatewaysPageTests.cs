using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Identity;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class GatewaysPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    private static readonly Uri Nowhere = new("http://127.0.0.1:9/mcp");

    [Fact]
    public async Task A_gateway_is_made_by_the_form_and_its_members_come_back_after_a_reload()
    {
        await gateway.AddServerAsync("pay-roll", Nowhere);
        await gateway.AddServerAsync("people", Nowhere);
        await using var visit = await browser.VisitAsync(gateway, "/gateways");
        await Button(visit, "Add gateway").First.ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add gateway" }).ClickAsync();
        await Assertions.Expect(dialog.GetByText("A name is required.")).ToBeVisibleAsync();
        await Assertions.Expect(dialog.GetByLabel("Slug")).ToHaveAttributeAsync("aria-invalid", "true");
        await dialog.GetByLabel("Name").FillAsync("Büro");
        await Assertions.Expect(dialog.GetByLabel("Slug")).ToHaveValueAsync("buro");
        // What was asked for stands there until the next try, so that nothing moves under the pointer; it is no alarm any more.
        await Assertions.Expect(dialog.GetByLabel("Slug")).Not.ToHaveAttributeAsync("aria-invalid", "true");
        await Assertions.Expect(dialog.GetByLabel("Name")).Not.ToHaveAttributeAsync("aria-invalid", "true");
        await Assertions.Expect(dialog.GetByText("Use 1–63 lower-case letters")).ToBeVisibleAsync();
        await dialog.GetByLabel("While a member is missing").SelectOptionAsync("Refuse until it is back");
        await Assertions.Expect(dialog.GetByText($"/mcp/{gateway.Organization}/gateway/buro")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("gateway-form", fullPage: false);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add gateway" }).ClickAsync();

        await Assertions.Expect(visit.Page.GetByText("No members yet")).ToBeVisibleAsync();
        await AddMemberAsync(visit, "pay-roll");
        await AddMemberAsync(visit, "people");
        var payroll = Member(visit, "pay-roll");
        await Assertions.Expect(payroll.GetByLabel("Prefix")).ToHaveValueAsync("pay_roll_");
        await payroll.GetByLabel("Prefix").FillAsync("pay.");
        await Assertions.Expect(payroll.GetByText("is shown as pay.get_user")).ToBeVisibleAsync();
        await payroll.GetByLabel("Tools", new() { Exact = true }).SelectOptionAsync("Only these");
        await payroll.GetByLabel("Shown tools, one per line").FillAsync("balance\n transfer \n\n");
        await payroll.GetByRole(AriaRole.Button, new() { Name = "Rename or describe a tool" }).ClickAsync();
        await payroll.GetByLabel("Tool", new() { Exact = true }).FillAsync("transfer");
        await payroll.GetByLabel("Name instead").FillAsync("send_money");
        await payroll.GetByLabel("Description instead").FillAsync("Sends money. Asks first.");
        await Button(visit, "Move people up").ClickAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("gateway-draft");
        await Button(visit, "Save members").ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("clients see them from their next list on")).ToBeVisibleAsync();

        (await MembersOfAsync("buro")).Select(m => m!.ToJsonString()).ShouldBe(
        [
            Shown("people", "people_", "null", "[]"),
            Shown("pay-roll", "pay.", """["balance","transfer"]""", """[{"tool":"transfer","name":"send_money","description":"Sends money. Asks first."}]"""),
        ]);
        await visit.Page.ReloadAsync();
        await Assertions.Expect(Member(visit, "pay-roll")).ToContainTextAsync("prefix pay. · 2 tools · 1 shown differently");
        await Assertions.Expect(Button(visit, "Save members")).ToHaveCountAsync(0);
        await Assertions.Expect(visit.Page.Locator("section.member").First).ToContainTextAsync("people");
        await Assertions.Expect(visit.Page.GetByText("refuses lists and calls until it is back")).ToBeVisibleAsync();
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_wrong_with_a_member_is_said_at_its_field_and_a_closed_one_opens()
    {
        await gateway.AddServerAsync("wrong-one", Nowhere);
        await gateway.AddServerAsync("wrong-two", Nowhere);
        await AddGatewayAsync("wrong", "wrong-one", "wrong-two");
        await using var visit = await browser.VisitAsync(gateway, "/gateways/wrong");
        await Toggle(visit, "wrong-two").ClickAsync();
        var member = Member(visit, "wrong-two");
        await member.GetByLabel("Names").SelectOptionAsync("With a prefix of this gateway's");
        await member.GetByLabel("Prefix").FillAsync("no spaces");
        for (var i = 0; i < 2; i++) await member.GetByRole(AriaRole.Button, new() { Name = "Rename or describe a tool" }).ClickAsync();
        await member.GetByLabel("Tool", new() { Exact = true }).First.FillAsync("a");
        await member.GetByLabel("Tool", new() { Exact = true }).Last.FillAsync("b");
        await member.GetByLabel("Name instead").First.FillAsync("same");
        await member.GetByLabel("Name instead").Last.FillAsync("same");
        await Toggle(visit, "wrong-two").ClickAsync();
        await Button(visit, "Save members").ClickAsync();

        await Assertions.Expect(member.GetByLabel("Prefix")).ToHaveAttributeAsync("aria-invalid", "true");
        await Assertions.Expect(member.GetByText("Two tools would be called “same”.")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("gateway-wrong");
        (await MembersOfAsync("wrong"))[1]!["prefix"].ShouldBeNull();

        await member.GetByLabel("Prefix").FillAsync("fine_");
        await Button(visit, "Remove the override of b").ClickAsync();
        await Assertions.Expect(member.GetByText("Two tools would be called")).ToHaveCountAsync(0);
        await Button(visit, "Save members").ClickAsync();
        await Assertions.Expect(Button(visit, "Save members")).ToHaveCountAsync(0);
        await Button(visit, "Remove wrong-one").ClickAsync();
        await Button(visit, "Discard").ClickAsync();
        await Button(visit, "Remove wrong-one").ClickAsync();
        await Button(visit, "Save members").ClickAsync();
        await Assertions.Expect(Button(visit, "Save members")).ToHaveCountAsync(0);
        (await MembersOfAsync("wrong")).ShouldHaveSingleItem()!["prefix"]!.GetValue<string>().ShouldBe("fine_");
    }

    [Fact]
    public async Task What_a_colleague_saved_meanwhile_is_not_overwritten()
    {
        await gateway.AddServerAsync("shared-one", Nowhere);
        await gateway.AddServerAsync("shared-two", Nowhere);
        var path = await AddGatewayAsync("shared", "shared-one");
        await using var visit = await browser.VisitAsync(gateway, "/gateways/shared");
        await Button(visit, "Remove shared-one").ClickAsync();
        (await gateway.ApiAsync(HttpMethod.Patch, path, new { members = new[] { new { server = "shared-two" } } })).Status.ShouldBe(HttpStatusCode.OK);
        // The page's own change brings the colleague's with it, and must not make the draft look as if it had seen it.
        await Button(visit, "Switch off").ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Switched off.")).ToBeVisibleAsync();

        await Button(visit, "Save members").ClickAsync();

        await Assertions.Expect(visit.Page.GetByText("changed meanwhile")).ToBeVisibleAsync();
        (await MembersOfAsync("shared")).ShouldHaveSingleItem()!["serverSlug"]!.GetValue<string>().ShouldBe("shared-two");
        await Button(visit, "Drop my changes and load it again").ClickAsync();
        await Assertions.Expect(Member(visit, "shared-two")).ToBeVisibleAsync();
        await Assertions.Expect(Button(visit, "Save members")).ToHaveCountAsync(0);
        await Assertions.Expect(visit.Page.GetByText("changed meanwhile")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Two_thousand_tools_are_pasted_and_saved()
    {
        await gateway.AddServerAsync("wide", Nowhere);
        await AddGatewayAsync("wide", "wide");
        await using var visit = await browser.VisitAsync(gateway, "/gateways/wide");
        await Toggle(visit, "wide").ClickAsync();
        await Member(visit, "wide").GetByLabel("Tools", new() { Exact = true }).SelectOptionAsync("Only these");
        // As a paste does it: typing that much takes the browser seconds.
        await Member(visit, "wide").GetByLabel("Shown tools, one per line").EvaluateAsync(
            "(box, text) => { box.value = text; box.dispatchEvent(new Event('change', { bubbles: true })); }",
            string.Join('\n', Enumerable.Range(0, 2000).Select(i => $"a_tool_with_a_name_of_usual_length_{i}")));

        await Button(visit, "Save members").ClickAsync();

        await Assertions.Expect(visit.Page.GetByText("clients see them from their next list on")).ToBeVisibleAsync();
        (await MembersOfAsync("wide"))[0]!["tools"]!.AsArray().Count.ShouldBe(2000);
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_gateway_is_edited_renamed_and_deleted_by_typing_its_slug()
    {
        await AddGatewayAsync("doomed");
        await using var visit = await browser.VisitAsync(gateway, "/gateways/doomed");
        await Button(visit, "Edit").ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Slug").FillAsync("renamed");
        await dialog.GetByLabel("Description").FillAsync("for the office");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync($"{gateway.Url}{gateway.Organization}/gateways/renamed");
        await Assertions.Expect(visit.Page.GetByText("for the office")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText($"claude mcp add --transport http renamed {gateway.Url}mcp/gateway/renamed")).ToBeVisibleAsync();

        await Button(visit, "Delete gateway").ClickAsync();
        await Assertions.Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Delete gateway" })).ToBeDisabledAsync();
        await dialog.GetByLabel("Slug").FillAsync("renamed");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete gateway" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("deleted")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync($"{gateway.Url}{gateway.Organization}/gateways");
        (await gateway.ApiAsync(HttpMethod.Get, "/api/gateways")).Body.ShouldNotContain("renamed");
    }

    [Fact]
    public async Task Members_of_the_organisation_look_and_change_nothing()
    {
        await gateway.AddServerAsync("looked-at", Nowhere);
        await AddGatewayAsync("looked-at", "looked-at");
        var member = await Colleague.CreateAsync(gateway, Role.Member);
        await using var visit = await browser.OpenAsync(gateway.Url);
        await visit.GoToInteractiveAsync(await gateway.SignInLinkAsync(member.User.Id));
        await visit.GoToInteractiveAsync($"/{gateway.Organization}/gateways/looked-at");
        await Toggle(visit, "looked-at").ClickAsync();

        await Assertions.Expect(Member(visit, "looked-at").GetByLabel("Names")).ToBeDisabledAsync();
        foreach (var name in new[] { "Edit", "Switch off", "Save members", "Delete gateway", "Remove looked-at", "Add member" })
            await Assertions.Expect(Button(visit, name)).ToHaveCountAsync(0);
        await visit.ShouldBeFaultlessAsync();
    }

    private static ILocator Button(BrowserPage visit, string name) => visit.Page.GetByRole(AriaRole.Button, new() { Name = name });

    private static ILocator Member(BrowserPage visit, string server) => visit.Page.GetByRole(AriaRole.Region, new() { Name = server, Exact = true });

    private static ILocator Toggle(BrowserPage visit, string server) => Member(visit, server).Locator("button.toggle");

    private static async Task AddMemberAsync(BrowserPage visit, string server)
    {
        await visit.Page.GetByLabel("Server to add").SelectOptionAsync(server);
        await Button(visit, "Add member").ClickAsync();
        await Assertions.Expect(Member(visit, server)).ToBeVisibleAsync();
    }

    private static string Shown(string slug, string prefix, string tools, string overrides) =>
        $$"""{"serverSlug":"{{slug}}","prefix":"{{prefix}}","tools":{{tools}},"overrides":{{overrides}}}""";

    private async Task<string> AddGatewayAsync(string slug, params string[] servers)
    {
        var made = await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = slug, slug, members = servers.Select(server => new { server }) });
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        return $"/api/gateways/{made.Json["id"]}";
    }

    /// <summary>Without the servers' ids.</summary>
    private async Task<JsonArray> MembersOfAsync(string slug)
    {
        var found = (await gateway.ApiAsync(HttpMethod.Get, "/api/gateways")).Json["items"]!.AsArray().Single(g => (string?)g!["slug"] == slug)!;
        foreach (var member in found["members"]!.AsArray().Select(m => m!.AsObject()))
        {
            member.Remove("server");
            member.Remove("effectivePrefix");
        }

        return found["members"]!.AsArray();
    }
}
