using Mcpx.Core.Identity;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Dashboard;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.SignIn;

/// <summary>The whole way in Chromium.</summary>
public sealed class ProviderSignInTests(SignInFixture signIn, BrowserFixture browser) : IClassFixture<SignInFixture>
{
    [Theory]
    [InlineData("google", "Continue with Google")]
    [InlineData("microsoft", "Continue with Microsoft")]
    [InlineData("github", "Continue with GitHub")]
    [InlineData("oidc", "Continue with Example SSO")]
    public async Task A_first_sign_in_makes_an_account_with_an_organisation_of_its_own(string provider, string button)
    {
        signIn.Person(provider, $"Ada {provider}", $"ada@{provider}.example");
        await using (var visit = await browser.OpenAsync(signIn.Gateway.Url))
        {
            await visit.Page.GotoAsync("/sign-in");
            await visit.Page.GetByRole(AriaRole.Link, new() { Name = button }).ClickAsync();
            await Assertions.Expect(visit.Page).ToHaveURLAsync(new Uri(signIn.Gateway.Url, $"/ada-{provider}").ToString());
            visit.Complaints.ShouldBeEmpty();
        }

        var user = await signIn.UserNamedAsync($"Ada {provider}");
        var account = await signIn.AccountAsync(user);
        account.Logins.ShouldHaveSingleItem().EmailTrusted.ShouldBeTrue();
        account.User.Email.ShouldBe($"ada@{provider}.example");
        account.Memberships.ShouldHaveSingleItem().Role.ShouldBe(Role.Owner);

        // The second time it is the same account, and the page that was asked for comes after signing in.
        await using var again = await browser.OpenAsync(signIn.Gateway.Url);
        await again.Page.GotoAsync($"/ada-{provider}/tokens");
        await again.Page.GetByRole(AriaRole.Link, new() { Name = button }).ClickAsync();
        await Assertions.Expect(again.Page).ToHaveURLAsync(new Uri(signIn.Gateway.Url, $"/ada-{provider}/tokens").ToString());
        (await signIn.UserNamedAsync($"Ada {provider}")).ShouldBe(user);
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task The_sign_in_page_is_faultless_and_says_what_went_wrong(ColorScheme scheme, int width)
    {
        await using var visit = await browser.OpenAsync(signIn.Gateway.Url, width, 844, scheme);
        foreach (var (problem, sentence) in new[]
        {
            ("", "Continue with Google"), ("denied", "Microsoft did not let you through."), ("expired", "This sign-in was not finished."), ("unreachable", "Microsoft does not answer."),
            ("answer", "Microsoft did not say who you are."), ("unverified", "Your e-mail address is not verified."), ("domain", "domain that is not admitted here"),
        })
        {
            await visit.Page.GotoAsync($"/sign-in?problem={problem}&provider=microsoft&returnUrl=%2Fx");
            await Assertions.Expect(visit.Page.GetByText(sentence)).ToBeVisibleAsync();
            await visit.ShouldBeFaultlessAsync();
            await visit.ScreenshotAsync($"sign-in-{problem}-{scheme}-{width}");
        }
    }

    [Fact]
    public async Task Who_is_denied_at_the_provider_reads_it_here_and_nothing_of_its_words()
    {
        signIn.Fake.Interfere = (http, _, endpoint) =>
        {
            if (endpoint != "authorize") return Task.FromResult(false);
            http.Response.Redirect($"{http.Request.Query["redirect_uri"]}?error=access_denied&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3EBuy+gold&state={Uri.EscapeDataString(http.Request.Query["state"]!)}");
            return Task.FromResult(true);
        };
        await using var visit = await browser.OpenAsync(signIn.Gateway.Url);
        await visit.Page.GotoAsync("/sign-in");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Continue with GitHub" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("GitHub did not let you through.")).ToBeVisibleAsync();
        (await visit.Page.ContentAsync()).ShouldNotContain("gold");
        signIn.Fake.Reset();
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task The_first_owner_links_a_provider_and_comes_in_with_it_from_then_on(ColorScheme scheme, int width)
    {
        var name = $"Grace {scheme}";
        signIn.Person("github", name, $"grace@{scheme}.example");
        await using (var visit = await browser.OpenAsync(signIn.Gateway.Url, width, width < 600 ? 844 : 1000, scheme))
        {
            await visit.Page.GotoAsync(await signIn.Gateway.SignInLinkAsync());
            await OpenProfileAsync(visit);
            await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Link GitHub", Exact = true }).ClickAsync();
            await Assertions.Expect(visit.Page.GetByText("GitHub is linked. From now on it opens this account.")).ToBeVisibleAsync();
            await visit.ShouldBeFaultlessAsync();
            await visit.ScreenshotAsync($"profile-{scheme}-{width}");
        }

        (await signIn.UserNamedAsync(name)).ShouldBe(signIn.Gateway.Owner.User!.Value);
        await using var again = await browser.OpenAsync(signIn.Gateway.Url);
        await again.Page.GotoAsync("/sign-in");
        await again.Page.GetByRole(AriaRole.Link, new() { Name = "Continue with GitHub" }).ClickAsync();
        await Assertions.Expect(again.Page).ToHaveURLAsync(new Uri(signIn.Gateway.Url, $"/{signIn.Gateway.Organization}").ToString());
    }

    [Fact]
    public async Task A_login_can_be_unlinked_but_not_the_last_one()
    {
        signIn.Person("google", "Linus", "linus@google.example");
        await using var visit = await browser.OpenAsync(signIn.Gateway.Url);
        await visit.Page.GotoAsync("/sign-in/with/google");
        await OpenProfileAsync(visit);
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Unlink Google Linus" })).ToBeDisabledAsync();
        await Assertions.Expect(visit.Page.GetByText("your only way in")).ToBeVisibleAsync();

        signIn.Person("oidc", "Linus at work", "linus@work.example");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Link Example SSO", Exact = true }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Example SSO is linked.")).ToBeVisibleAsync();
        await visit.Page.Locator(".shell[data-interactive]").WaitForAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Unlink Google Linus" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Unlink", Exact = true }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Google is unlinked")).ToBeVisibleAsync();

        // The session goes on, the way is closed: Google now opens another account.
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Unlink Example SSO Linus at work" })).ToBeDisabledAsync();
        var user = await signIn.UserNamedAsync("Linus at work");
        signIn.Person("google", "Linus again", "linus@google.example");
        (await signIn.SignInAsync("google")).ShouldBe("/");
        (await signIn.UserNamedAsync("Linus again")).ShouldNotBe(user);
    }

    [Fact]
    public async Task A_name_is_changed_on_the_profile()
    {
        signIn.Person("google", "Old Name", "renamed@google.example");
        await using var visit = await browser.OpenAsync(signIn.Gateway.Url);
        await visit.Page.GotoAsync("/sign-in/with/google");
        await OpenProfileAsync(visit);
        await visit.Page.GetByLabel("Name", new() { Exact = true }).EnterAsync("New Name");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save name" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Name saved")).ToBeVisibleAsync();
        (await signIn.AccountAsync(await signIn.UserNamedAsync("Old Name"))).User.Name.ShouldBe("New Name");
        await visit.ShouldBeFaultlessAsync();
    }

    private static async Task OpenProfileAsync(BrowserPage visit)
    {
        await visit.Page.GotoAsync("/profile");
        await visit.Page.Locator(".shell[data-interactive]").WaitForAsync();
    }
}
