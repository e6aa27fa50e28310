using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Mcpx.Web.Authentication;
using Mcpx.Web.Dashboard;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class SessionPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    private const string Ended = "Your session has ended";

    /// <summary>In milliseconds: what is promised, and not the patience of other tests.</summary>
    private const float Promised = 5_000;

    [Fact]
    public async Task A_session_that_is_signed_out_elsewhere_ends_on_its_open_page()
    {
        await using var here = await ProfileAsync(1440, ColorScheme.Light);
        await using var there = await browser.VisitAsync(gateway, "/servers");
        await here.Page.ReloadAsync();
        await InteractiveAsync(here);

        await here.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out Chrome" }).First.ClickAsync();
        await here.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out this session" }).ClickAsync();
        // First: the message goes away by itself.
        await Assertions.Expect(here.Page.GetByText("Signed out there")).ToBeVisibleAsync();

        await Assertions.Expect(there.Page.GetByText(Ended)).ToBeVisibleAsync(new() { Timeout = Promised });
        await Assertions.Expect(there.Page.GetByRole(AriaRole.Button, new() { Name = "Add server" })).ToHaveCountAsync(0);
        await there.ShouldBeFaultlessAsync();
        await there.ScreenshotAsync("session-ended-light");
        await there.Page.GetByRole(AriaRole.Link, new() { Name = "Sign in again" }).ClickAsync();
        await Assertions.Expect(there.Page.GetByRole(AriaRole.Heading, new() { Name = "Sign in", Exact = true })).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task Everywhere_else_is_signed_out_and_this_browser_stays(ColorScheme scheme, int width)
    {
        var elsewhere = await CookieVisitor.SignInAsync(gateway, userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0");
        await using var here = await ProfileAsync(width, scheme);
        await Assertions.Expect(here.Page.GetByText("Firefox on Linux").First).ToBeVisibleAsync();
        await Assertions.Expect(here.Page.GetByText("this browser", new() { Exact = true })).ToHaveCountAsync(1);
        await here.ShouldBeFaultlessAsync();
        await here.ScreenshotAsync($"sessions-{scheme}-{width}");

        await here.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out everywhere else" }).ClickAsync();
        await Assertions.Expect(here.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await here.ScreenshotAsync($"sessions-dialog-{scheme}-{width}", fullPage: false);
        await here.ShouldBeFaultlessAsync();
        await here.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out the others" }).ClickAsync();

        await Assertions.Expect(here.Page.GetByText("Firefox on Linux")).ToHaveCountAsync(0);
        (await elsewhere.IsInAsync(gateway)).ShouldBeFalse();
        await here.GoToInteractiveAsync($"/{gateway.Organization}/servers");
        here.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_copy_of_the_cookie_opens_nothing_after_signing_out()
    {
        await using var visit = await browser.VisitAsync(gateway, "");
        var copy = new CookieVisitor(string.Join("; ", (await visit.Page.Context.CookiesAsync()).Select(c => $"{c.Name}={c.Value}")));
        (await copy.IsInAsync(gateway)).ShouldBeTrue();

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Owner" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();

        (await copy.IsInAsync(gateway)).ShouldBeFalse();
    }

    [Fact]
    public async Task The_absolute_end_comes_also_to_a_page_that_is_open()
    {
        await using var visit = await browser.VisitAsync(gateway, "/tokens");
        var me = await SignedInAsync(visit);

        await using var database = NpgsqlDataSource.Create(gateway.ConnectionString);
        await using var command = database.CreateCommand("UPDATE sessions SET expires_at = now() + interval '1 second' WHERE id = $1");
        command.Parameters.Add(new() { Value = me.Session.Value });
        (await command.ExecuteNonQueryAsync(DashboardVisits.Cancellation)).ShouldBe(1);
        await gateway.Services.GetRequiredService<ChangeFeed>().PublishAsync(new Change(ChangeKind.Session, me.Session.Value));

        await Assertions.Expect(visit.Page.GetByText(Ended)).ToBeVisibleAsync(new() { Timeout = 1_000 + Promised });
    }

    [Fact]
    public async Task What_a_circuit_does_is_refused_once_its_session_has_ended()
    {
        var visitor = await CookieVisitor.SignInAsync(gateway);
        var me = visitor.SignedIn(gateway);
        DashboardSession session = new(new Circuit(me), gateway.Services.GetRequiredService<ActorResolver>(), gateway.Services.GetRequiredService<SessionDirectory>());
        (await session.ActorAsync(gateway.Organization, DashboardVisits.Cancellation)).User.ShouldBe(me.User);

        await gateway.Services.GetRequiredService<SessionAdmin>().RevokeAsync(me, me.Session, DashboardVisits.Cancellation);

        (await session.IsLiveAsync(DashboardVisits.Cancellation)).ShouldBeFalse();
        (await Should.ThrowAsync<RefusalException.Forbidden>(() => session.ActorAsync(gateway.Organization, DashboardVisits.Cancellation))).Message.ShouldContain("sign in again");
        await Should.ThrowAsync<RefusalException.Forbidden>(() => session.DemandAsync(DashboardVisits.Cancellation));
    }

    private async Task<BrowserPage> ProfileAsync(int width, ColorScheme scheme)
    {
        var visit = await browser.VisitAsync(gateway, "", width, scheme);
        await visit.Page.GotoAsync("/profile");
        await InteractiveAsync(visit);
        return visit;
    }

    private static Task InteractiveAsync(BrowserPage visit) => visit.Page.Locator("[data-interactive]").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });

    private async Task<SignedIn> SignedInAsync(BrowserPage visit) =>
        new CookieVisitor((await visit.Page.Context.CookiesAsync()).Where(c => c.Name == "mcpx").Select(c => $"{c.Name}={c.Value}").Single()).SignedIn(gateway);

    private sealed class Circuit(SignedIn who) : AuthenticationStateProvider
    {
        public override Task<AuthenticationState> GetAuthenticationStateAsync() => Task.FromResult(new AuthenticationState(new(new System.Security.Claims.ClaimsIdentity(
            [new(McpxClaims.UserId, who.User.ToString()), new(McpxClaims.SessionId, who.Session.ToString())], Schemes.Dashboard))));
    }
}
