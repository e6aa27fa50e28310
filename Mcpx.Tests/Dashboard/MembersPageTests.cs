using Mcpx.Core.Identity;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class MembersPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 1440)]
    [InlineData(ColorScheme.Light, 390)]
    public async Task An_owner_invites_changes_roles_and_removes(ColorScheme scheme, int width)
    {
        var tag = $"{scheme}{width}".ToLowerInvariant();
        var bob = await Colleague.CreateAsync(gateway, Role.Member, $"bob-{tag}@example.com");
        await Colleague.ExecuteAsync(gateway, "UPDATE users SET name = $2 WHERE id = $1", bob.User.Id.Value, $"Bob {tag}");
        await using var visit = await browser.VisitAsync(gateway, "/members", width, scheme);

        await visit.Page.GetByLabel("E-mail address").FillAsync("nobody");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Invite", Exact = true }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Use an e-mail address such as")).ToBeVisibleAsync();
        await visit.Page.GetByLabel("E-mail address").FillAsync($"cleo-{tag}@example.com");
        await visit.Page.GetByLabel("Role", new() { Exact = true }).SelectOptionAsync("Admin");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Invite", Exact = true }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("/invitations/accept?code=")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Cell, new() { Name = $"cleo-{tag}@example.com", Exact = true })).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"members-{tag}");

        await visit.Page.GetByLabel($"Role of Bob {tag}").SelectOptionAsync("Admin");
        await Assertions.Expect(visit.Page.GetByText($"“Bob {tag}” is Admin now")).ToBeVisibleAsync();
        (await RoleOfAsync(bob)).ShouldBe((short)Role.Admin);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = $"Remove Bob {tag}" }).ClickAsync();
        await visit.ScreenshotAsync($"members-remove-{tag}", fullPage: false);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Remove member", Exact = true }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText($"“Bob {tag}” is no longer a member")).ToBeVisibleAsync();
        (await RoleOfAsync(bob)).ShouldBeNull();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = $"Revoke the invitation of cleo-{tag}@example.com" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Cell, new() { Name = $"cleo-{tag}@example.com", Exact = true })).ToHaveCountAsync(0);
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_last_owner_can_not_step_down()
    {
        await Colleague.ExecuteAsync(gateway, "DELETE FROM members WHERE user_id <> $1", gateway.Owner.User!.Value.Value);
        await using var visit = await browser.VisitAsync(gateway, "/members");
        await visit.Page.GetByLabel("Role of Owner").SelectOptionAsync("Member");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Step down" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("An organisation always has an Owner")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByLabel("Role of Owner")).ToHaveValueAsync("Owner");
    }

    [Fact]
    public async Task A_member_sees_who_is_here_and_why_nothing_can_be_changed()
    {
        var bob = await Colleague.CreateAsync(gateway, Role.Member);
        await using var visit = await VisitAsAsync(bob, "/members");
        await Assertions.Expect(visit.Page.GetByText("Admins and Owners invite and remove people")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByLabel("E-mail address")).ToHaveCountAsync(0);
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Remove" })).ToHaveCountAsync(0);
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("members-as-member");
        await visit.Page.GotoAsync($"/{gateway.Organization}/settings");
        await Assertions.Expect(visit.Page.GetByText("Only an Owner can delete it.")).ToBeVisibleAsync();
        await visit.ScreenshotAsync("settings-as-member");
    }

    [Fact]
    public async Task An_admin_whose_role_was_taken_away_is_refused_though_the_button_still_stands_there()
    {
        var eve = await Colleague.CreateAsync(gateway, Role.Admin);
        var bob = await Colleague.CreateAsync(gateway, Role.Member);
        await using var visit = await VisitAsAsync(eve, "/members");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Remove Member" }).First.ClickAsync();
        var confirm = visit.Page.GetByRole(AriaRole.Button, new() { Name = "Remove member", Exact = true });
        await Assertions.Expect(confirm).ToBeVisibleAsync();
        var before = await Colleague.QueryAsync(gateway, "SELECT count(*) FROM members");

        await eve.SetRoleQuietlyAsync(gateway, Role.Member);
        await confirm.ClickAsync();

        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Status).GetByText("This needs the role Admin or above.")).ToBeVisibleAsync();
        (await Colleague.QueryAsync(gateway, "SELECT count(*) FROM members")).ShouldBe(before);
        (await RoleOfAsync(bob)).ShouldBe((short)Role.Member);
    }

    /// <summary>
    /// The bytes that the browser sent when an Admin acted, sent once more after the role was taken away: what a
    /// tampered browser can do at most.
    /// </summary>
    [Fact]
    public async Task A_replayed_message_of_the_circuit_is_refused_once_the_role_is_gone()
    {
        var eve = await Colleague.CreateAsync(gateway, Role.Admin);
        await using var visit = await browser.OpenAsync(gateway.Url);
        // Keeps each frame that goes to the circuit, and the socket to send it again on.
        await visit.Page.AddInitScriptAsync("""
            const send = WebSocket.prototype.send;
            window.frames_ = [];
            WebSocket.prototype.send = function (data) {
              window.socket_ = this;
              const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
              window.frames_.push(typeof bytes === 'string' ? bytes : bytes.slice());
              return send.call(this, data);
            };
            """);
        await visit.GoToInteractiveAsync(await gateway.SignInLinkAsync(eve.User.Id));
        await visit.GoToInteractiveAsync($"/{gateway.Organization}/members");
        var email = visit.Page.GetByLabel("E-mail address");
        await email.FillAsync("first@example.com");
        await email.PressAsync("Tab");
        await visit.Page.EvaluateAsync("window.frames_.length = 0");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Invite", Exact = true }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Cell, new() { Name = "first@example.com", Exact = true })).ToBeVisibleAsync();
        var act = await visit.Page.EvaluateAsync<int>("window.frames_.findIndex(f => new TextDecoder().decode(f).includes('submit'))");
        act.ShouldBeGreaterThanOrEqualTo(0);
        await visit.Page.EvaluateAsync("i => { window.act_ = window.frames_[i]; }", act);

        // The same bytes act while the role is there, so that a refusal afterwards means something.
        await email.FillAsync("second@example.com");
        await email.PressAsync("Tab");
        await visit.Page.EvaluateAsync("window.socket_.send(window.act_)");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Cell, new() { Name = "second@example.com", Exact = true })).ToBeVisibleAsync();

        await email.FillAsync("third@example.com");
        await email.PressAsync("Tab");
        await eve.SetRoleQuietlyAsync(gateway, Role.Member);
        await visit.Page.EvaluateAsync("window.socket_.send(window.act_)");

        // By the handler, or, when the page had looked again meanwhile, because there is no such form any more.
        await Assertions.Expect(visit.Page.GetByText("This needs the role Admin or above.").Or(visit.Page.GetByText("Admins and Owners invite and remove people")).First).ToBeVisibleAsync();
        (await Colleague.QueryAsync(gateway, "SELECT count(*) FROM invitations WHERE email = 'second@example.com'")).ShouldBe(1L);
        (await Colleague.QueryAsync(gateway, "SELECT count(*) FROM invitations WHERE email = 'third@example.com'")).ShouldBe(0L);
    }

    [Fact]
    public async Task A_page_that_is_open_loses_its_buttons_with_the_role()
    {
        var eve = await Colleague.CreateAsync(gateway, Role.Admin);
        await using var visit = await VisitAsAsync(eve, "/members");
        await Assertions.Expect(visit.Page.GetByLabel("E-mail address")).ToBeVisibleAsync();

        await gateway.ApiAsync(HttpMethod.Patch, $"/api/members/{eve.User.Id}", new { role = "member" });
        await Assertions.Expect(visit.Page.GetByLabel("E-mail address")).ToHaveCountAsync(0);
        await gateway.ApiAsync(HttpMethod.Delete, $"/api/members/{eve.User.Id}");
        await Assertions.Expect(visit.Page.GetByText("You are no longer a member of this organisation")).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Go to your organisations" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("You belong to no organisation yet")).ToBeVisibleAsync();
    }

    private async Task<BrowserPage> VisitAsAsync(Colleague who, string path)
    {
        var visit = await browser.OpenAsync(gateway.Url);
        await visit.GoToInteractiveAsync(await gateway.SignInLinkAsync(who.User.Id));
        await visit.GoToInteractiveAsync($"/{gateway.Organization}{path}");
        return visit;
    }

    private Task<object?> RoleOfAsync(Colleague who) => Colleague.QueryAsync(gateway, "SELECT role FROM members WHERE user_id = $1", who.User.Id.Value);
}
