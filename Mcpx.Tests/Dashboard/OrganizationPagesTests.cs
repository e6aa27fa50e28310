using System.Net;
using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

/// <summary>Making, switching, renaming, leaving and deleting organisations, and coming in by an invitation.</summary>
public sealed class OrganizationPagesTests(GatewayFixture gateway, BrowserFixture browser, PostgresFixture postgres) : IClassFixture<GatewayFixture>
{
    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task Somebody_without_an_organisation_makes_one_renames_it_and_deletes_it(ColorScheme scheme, int width)
    {
        var tag = $"{scheme}-{width}".ToLowerInvariant();
        var ada = await Colleague.CreateAloneAsync(gateway, "Ada Lovelace", $"ada-{tag}@example.com");
        await using var visit = await browser.OpenAsync(gateway.Url, width, 900, scheme);
        await visit.Page.GotoAsync(await gateway.SignInLinkAsync(ada.User.Id));
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "You belong to no organisation yet" })).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"organizations-none-{tag}");

        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "New organisation" }).ClickAsync();
        await visit.Page.Locator("form[data-interactive]").WaitForAsync();
        await visit.Page.GetByLabel("Name").EnterAsync("Home");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Create organisation" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Another organisation has this slug.")).ToBeVisibleAsync();
        await visit.Page.GetByLabel("Name").EnterAsync($"Büro {tag}");
        await Assertions.Expect(visit.Page.GetByLabel("Slug")).ToHaveValueAsync($"buro-{tag}");
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"organizations-new-{tag}");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Create organisation" }).ClickAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync($"{gateway.Url}buro-{tag}");

        await visit.GoToInteractiveAsync($"/buro-{tag}/settings");
        await visit.Page.GetByLabel("Name", new() { Exact = true }).EnterAsync($"Acme {tag}");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save name" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("The organisation is called")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.Locator(".mark-name")).ToHaveTextAsync($"Acme {tag}");
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"settings-{tag}");

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Leave", Exact = true }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Leave organisation" }).ClickAsync();
        // It stays until somebody has read it, and on a phone it covers what is below; the one before it goes by itself.
        var refusal = visit.Page.Locator(".toast", new() { HasText = "An organisation always has an Owner" });
        await refusal.GetByRole(AriaRole.Button, new() { Name = "Close the message" }).ClickAsync();
        await Assertions.Expect(refusal).ToBeHiddenAsync();

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Delete organisation" }).ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name").EnterAsync($"Büro {tag}");
        await Assertions.Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Delete organisation" })).ToBeDisabledAsync();
        await dialog.GetByLabel("Name").EnterAsync($"Acme {tag}");
        await visit.ScreenshotAsync($"settings-delete-{tag}", fullPage: false);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete organisation" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "You belong to no organisation yet" })).ToBeVisibleAsync();
        visit.Complaints.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task The_switcher_lists_my_organisations_and_works_by_keyboard(ColorScheme scheme)
    {
        var bea = await Colleague.CreateAsync(gateway, Role.Member);
        await gateway.Services.GetRequiredService<OrganizationAdmin>().CreateAsync(bea.User.Id, new NewOrganization("Zebra & Sons", $"zebra-{scheme}".ToLowerInvariant()), DashboardVisits.Cancellation);
        await using var visit = await browser.OpenAsync(gateway.Url, scheme: scheme);
        await visit.GoToInteractiveAsync(await gateway.SignInLinkAsync(bea.User.Id));
        await visit.GoToInteractiveAsync($"/{gateway.Organization}");

        var mark = visit.Page.Locator(".mark");
        await mark.FocusAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Link, new() { Name = "Zebra & Sons" })).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"switcher-{scheme}", fullPage: false);
        await visit.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Link, new() { Name = "Zebra & Sons" })).ToBeHiddenAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.Page.Keyboard.PressAsync("ArrowDown");
        await visit.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(visit.Page).ToHaveURLAsync($"{gateway.Url}zebra-{scheme}".ToLowerInvariant());
        await Assertions.Expect(visit.Page.Locator(".mark-name")).ToHaveTextAsync("Zebra & Sons");
        await Assertions.Expect(visit.Page.Locator(".menu-item", new() { HasText = "New organisation" })).ToBeHiddenAsync();
    }

    /// <summary>The frame reads who is looking, and then where they belong: the second reading may fail alone.</summary>
    [Fact]
    public async Task A_new_name_reaches_the_switcher_though_the_database_was_away_for_a_moment()
    {
        FlakyMemberships memberships = null!;
        await using GatewayFixture own = new(postgres);
        await own.StartAsync(customize: builder => builder.Services.AddSingleton<IMembershipStore>(
            services => memberships = new FlakyMemberships(ActivatorUtilities.CreateInstance<Mcpx.Data.Identity.MembershipStore>(services))));
        await using var visit = await browser.VisitAsync(own, "");
        memberships.FailNextList();

        (await own.ApiAsync(HttpMethod.Patch, "/api/organization", new { name = "Renamed" })).Status.ShouldBe(HttpStatusCode.OK);
        await memberships.Failed.WaitAsync(DashboardVisits.Cancellation);
        await own.Services.GetRequiredService<ChangeFeed>().PublishAsync(new Change(ChangeKind.Member, own.Owner.User!.Value.Value));

        await Assertions.Expect(visit.Page.Locator(".mark-name")).ToHaveTextAsync("Renamed");
        await Assertions.Expect(visit.Page.Locator(".menu-item[aria-current] .name")).ToHaveTextAsync("Renamed");
    }

    [Fact]
    public async Task An_invitation_leads_over_the_sign_in_and_needs_the_invited_address()
    {
        var invited = await Colleague.CreateAloneAsync(gateway, "Cleo", "cleo@example.com");
        var other = await Colleague.CreateAloneAsync(gateway, "Eve", "eve@example.com");
        var made = await gateway.ApiAsync(HttpMethod.Post, "/api/invitations", new { email = "cleo@example.com", role = "admin" });
        var link = new Uri(made.Json["link"]!.GetValue<string>()).PathAndQuery;

        await using (var stranger = await browser.OpenAsync(gateway.Url))
        {
            await stranger.Page.GotoAsync(link);
            await Assertions.Expect(stranger.Page.GetByText("c•••@example.com")).ToBeVisibleAsync();
            (await stranger.Page.ContentAsync()).ShouldNotContain("cleo@example.com");
            await stranger.ShouldBeFaultlessAsync();
            await stranger.ScreenshotAsync("invitation-signed-out");
            var signIn = stranger.Page.GetByRole(AriaRole.Link, new() { Name = "Sign in to accept" });
            (await signIn.GetAttributeAsync("href")).ShouldBe($"/sign-in?returnUrl={Uri.EscapeDataString(link)}");

            await stranger.Page.GotoAsync(await gateway.SignInLinkAsync(other.User.Id));
            await stranger.Page.GotoAsync(link);
            await Assertions.Expect(stranger.Page.GetByText("Your account does not have this address.")).ToBeVisibleAsync();
            await Assertions.Expect(stranger.Page.GetByRole(AriaRole.Button, new() { Name = "Join" })).ToHaveCountAsync(0);
            await stranger.ShouldBeFaultlessAsync();
            await stranger.ScreenshotAsync("invitation-other-address");
        }

        await using var visit = await browser.OpenAsync(gateway.Url, scheme: ColorScheme.Dark);
        await visit.Page.GotoAsync(await gateway.SignInLinkAsync(invited.User.Id));
        await visit.Page.GotoAsync(link);
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync("invitation-join");
        // A form of another page has no token of ours, and joins nobody to anything.
        var forged = await visit.Page.APIRequest.PostAsync(link, new() { Form = visit.Page.APIRequest.CreateFormData().Append("_handler", "accept") });
        forged.Status.ShouldBe(400);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Join" }).ClickAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync($"{gateway.Url}{gateway.Organization}");
        await visit.Page.GotoAsync(link);
        await Assertions.Expect(visit.Page.GetByText("You have joined already")).ToBeVisibleAsync();
        await visit.Page.GotoAsync("/invitations/accept?code=00");
        await Assertions.Expect(visit.Page.GetByText("This invitation does not exist")).ToBeVisibleAsync();
        visit.Complaints.ShouldBeEmpty();
    }

    /// <summary>The real ones, but for one reading.</summary>
    private sealed class FlakyMemberships(IMembershipStore inner) : IMembershipStore
    {
        private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _failures;

        public Task Failed => _failed.Task;

        public void FailNextList() => Volatile.Write(ref _failures, 1);

        public Task<IReadOnlyList<Membership>> ListAsync(UserId user, CancellationToken cancellationToken)
        {
            if (Interlocked.Exchange(ref _failures, 0) == 0) return inner.ListAsync(user, cancellationToken);
            _failed.SetResult();
            throw new Npgsql.NpgsqlException("away for a moment");
        }

        public Task<Membership?> FindAsync(string organizationSlug, UserId user, CancellationToken cancellationToken) => inner.FindAsync(organizationSlug, user, cancellationToken);

        public Task<Membership> EnsureOwnerAsync(Organization organization, User owner, AdminChange change, CancellationToken cancellationToken) =>
            inner.EnsureOwnerAsync(organization, owner, change, cancellationToken);
    }
}
