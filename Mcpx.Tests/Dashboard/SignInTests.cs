using System.Net;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Mcpx.Web.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class SignInTests(GatewayFixture gateway, BrowserFixture browser, PostgresFixture postgres) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task A_link_signs_in_once_and_says_so_the_second_time()
    {
        var link = await gateway.SignInLinkAsync();
        await using (var first = await browser.OpenAsync(gateway.Url))
        {
            await first.GoToInteractiveAsync(link);
            await Assertions.Expect(first.Page).ToHaveURLAsync(new Uri(gateway.Url, $"/{gateway.Organization}").ToString());
        }

        await using var second = await browser.OpenAsync(gateway.Url);
        await second.Page.GotoAsync(link);
        await Assertions.Expect(second.Page.GetByText("This link no longer works.")).ToBeVisibleAsync();
        await second.ShouldBeFaultlessAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_embedded_profile_alone_tells_of_the_link_that_it_prints(bool withProvider)
    {
        await using var embedded = new GatewayFixture(postgres);
        await embedded.StartAsync(null, builder =>
        {
            var options = (McpxOptions)builder.Services.Last(s => s.ServiceType == typeof(McpxOptions)).ImplementationInstance!;
            builder.Services.AddSingleton(options with { IsEmbedded = true });
            if (!withProvider) builder.Services.AddSingleton(new IdentityProviders([]));
        });
        await using var visit = await browser.OpenAsync(embedded.Url);
        await visit.Page.GotoAsync("/sign-in");
        if (withProvider) await visit.Page.GetByText("Sign in with the link that the gateway prints").ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("The gateway prints a one-time sign-in link each time it starts.")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Link, new() { Name = "Continue with GitHub" })).ToHaveCountAsync(withProvider ? 1 : 0);
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"sign-in-embedded-{withProvider}");

        await using var other = await browser.OpenAsync(gateway.Url);
        await other.Page.GotoAsync("/sign-in");
        await Assertions.Expect(other.Page.GetByText("one-time sign-in link")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Without_signing_in_every_page_leads_to_the_way_in()
    {
        await using var visit = await browser.OpenAsync(gateway.Url, 390, 844, ColorScheme.Dark);
        foreach (var path in new[] { "", "/servers", "/servers/x", "/calls", "/calls/x", "/tokens", "/groups" })
        {
            await visit.Page.GotoAsync($"/{gateway.Organization}{path}");
            await Assertions.Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        }

        await visit.ShouldBeFaultlessAsync();
    }

    [Fact]
    public async Task Signing_out_ends_the_session_and_needs_the_form_of_the_page()
    {
        await using var visit = await browser.VisitAsync(gateway, "");
        var forged = await visit.Page.APIRequest.PostAsync("/sign-out");
        forged.Status.ShouldBe((int)HttpStatusCode.BadRequest);

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Owner" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        await visit.Page.GotoAsync($"/{gateway.Organization}");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_foreign_organisation_looks_like_one_that_does_not_exist()
    {
        var stranger = await AddStrangerAsync("strangers");
        await using var visit = await browser.OpenAsync(gateway.Url);
        await visit.GoToInteractiveAsync(await gateway.SignInLinkAsync(stranger));
        foreach (var path in new[] { $"/{gateway.Organization}", $"/{gateway.Organization}/servers", "/no-such-organisation", "/no-such-organisation/servers" })
        {
            (await visit.Page.GotoAsync(path))!.Status.ShouldBe((int)HttpStatusCode.NotFound, path);
            await Assertions.Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Nothing lives at this address" })).ToBeVisibleAsync();
        }
    }

    [Fact]
    public async Task A_removed_member_is_told_on_the_open_page()
    {
        var user = await AddStrangerAsync("leavers");
        await using var visit = await browser.OpenAsync(gateway.Url);
        await visit.GoToInteractiveAsync(await gateway.SignInLinkAsync(user));
        await visit.GoToInteractiveAsync("/leavers/servers");

        await using var database = NpgsqlDataSource.Create(gateway.ConnectionString);
        await using var command = database.CreateCommand("DELETE FROM members WHERE user_id = $1");
        command.Parameters.Add(new() { Value = user.Value });
        (await command.ExecuteNonQueryAsync(DashboardVisits.Cancellation)).ShouldBe(1);

        await Assertions.Expect(visit.Page.GetByText("An owner or admin has removed you while this page was open")).ToBeVisibleAsync(new() { Timeout = 10_000 });
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add server" })).ToHaveCountAsync(0);
        await visit.ShouldBeFaultlessAsync();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Go to your organisations" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("You belong to no organisation yet")).ToBeVisibleAsync();
    }

    private async Task<UserId> AddStrangerAsync(string organization)
    {
        var memberships = gateway.Services.GetRequiredService<IMembershipStore>();
        var user = new User(EntityId.New<UserId>(TimeProvider.System), "Stranger", null);
        await memberships.EnsureOwnerAsync(
            new Organization(EntityId.New<OrganizationId>(TimeProvider.System), organization, organization), user, DashboardVisits.Cancellation);
        return user.Id;
    }
}
