using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.WebUtilities;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.SignIn;

/// <summary>Attempts to come into an account that is somebody else's.</summary>
public sealed class SignInAttackTests(SignInFixture signIn) : IClassFixture<SignInFixture>, IDisposable
{
    private const string NotFinished = "/sign-in?problem=expired&provider=";
    private const string ProvesNothing = "/sign-in?problem=answer&provider=";

    public void Dispose() => signIn.Fake.Reset();

    [Theory]
    [InlineData("google")]
    [InlineData("microsoft")]
    [InlineData("github")]
    [InlineData("oidc")]
    public async Task The_same_address_with_another_subject_is_another_person(string provider)
    {
        signIn.Person(provider, $"Victim {provider}", $"victim@{provider}.example");
        await signIn.SignInAsync(provider);
        signIn.Person(provider, $"Heir {provider}", $"victim@{provider}.example");
        (await signIn.SignInAsync(provider)).ShouldBe("/");

        (await signIn.UserNamedAsync($"Heir {provider}")).ShouldNotBe(await signIn.UserNamedAsync($"Victim {provider}"));
    }

    [Theory]
    [InlineData("google", "email_verified")]
    [InlineData("google", "hd")]
    [InlineData("microsoft", "xms_edov")]
    [InlineData("oidc", "email_verified")]
    public async Task An_address_that_nobody_can_be_trusted_for_opens_no_account(string provider, string trust)
    {
        var email = $"victim-{trust}@{provider}-unverified.example";
        signIn.Person("github", $"Owner of {email}", email);
        await signIn.SignInAsync("github");
        signIn.Person(provider, $"Claimant of {email}", email).Remove(trust);
        (await signIn.SignInAsync(provider)).ShouldBe("/");

        (await signIn.UserNamedAsync($"Claimant of {email}")).ShouldNotBe(await signIn.UserNamedAsync($"Owner of {email}"));
    }

    [Fact]
    public async Task The_same_person_number_in_another_tenant_is_another_person()
    {
        signIn.Person("microsoft", "Tenant one", "t@one.example", "0123456789abcdef");
        await signIn.SignInAsync("microsoft");
        signIn.Person("microsoft", "Tenant two", "t@one.example", "0123456789abcdef")["tid"] = "99999999-2222-3333-4444-555555555555";
        (await signIn.SignInAsync("microsoft")).ShouldBe("/");

        (await signIn.UserNamedAsync("Tenant two")).ShouldNotBe(await signIn.UserNamedAsync("Tenant one"));
    }

    [Theory]
    [InlineData("google")]
    [InlineData("github")]
    public async Task A_way_back_is_good_once(string provider)
    {
        signIn.Person(provider, $"Once {provider}");
        using var browser = signIn.Browser();
        var callback = await browser.AuthorizeAsync(await browser.StartAsync(provider));
        var cookies = browser.Cookies.ToDictionary();
        (await browser.ReturnAsync(callback)).ShouldBe("/");
        (await browser.ReturnAsync(callback)).ShouldBe(NotFinished + provider);

        // With a stolen copy of the browser's cookie the code is still spent.
        using var thief = signIn.Browser();
        foreach (var (name, value) in cookies) thief.Cookies[name] = value;
        (await thief.ReturnAsync(callback)).ShouldBe(ProvesNothing + provider);
        (await thief.HomeAsync()).ShouldContain("/sign-in");
        signIn.Fake.Refusals.ShouldContain("code");
    }

    [Fact]
    public async Task A_way_back_belongs_to_the_browser_and_to_the_provider_where_it_began()
    {
        signIn.Person("google", "Begun elsewhere");
        using var attacker = signIn.Browser();
        var callback = await attacker.AuthorizeAsync(await attacker.StartAsync("google"));
        using var victim = signIn.Browser();
        // Login CSRF: the victim would work in the attacker's account.
        (await victim.ReturnAsync(callback)).ShouldBe(NotFinished + "google");
        (await victim.ReturnAsync(callback.Replace("callback/google", "callback/oidc", StringComparison.Ordinal))).ShouldBe(NotFinished + "oidc");
        (await attacker.ReturnAsync(callback.Replace("callback/google", "callback/oidc", StringComparison.Ordinal))).ShouldBe(NotFinished + "oidc");
        foreach (var broken in new[] { "/sign-in/callback/google", "/sign-in/callback/google?code=x&state=y", "/sign-in/callback/google?code=x&state=", "/sign-in/callback/google?error=x", "/sign-in/callback/github?code=%00&state=%00&code=2" })
            (await victim.ReturnAsync(broken)).ShouldContain("/sign-in?problem=", customMessage: broken);
        victim.Cookies.Keys.ShouldNotContain("mcpx");
    }

    [Theory]
    [InlineData("google")]
    [InlineData("microsoft")]
    [InlineData("github")]
    [InlineData("oidc")]
    public async Task A_code_of_another_session_can_not_be_spent(string provider)
    {
        signIn.Person(provider, $"Injected {provider}");
        using var victim = signIn.Browser();
        using var attacker = signIn.Browser();
        var stolen = QueryHelpers.ParseQuery(new Uri(await victim.AuthorizeAsync(await victim.StartAsync(provider))).Query)["code"].ToString();
        var own = await attacker.AuthorizeAsync(await attacker.StartAsync(provider));
        var ownCode = QueryHelpers.ParseQuery(new Uri(own).Query)["code"].ToString();

        (await attacker.ReturnAsync(own.Replace(ownCode, stolen, StringComparison.Ordinal))).ShouldBe(ProvesNothing + provider);

        signIn.Fake.Refusals.ShouldContain("pkce");
        (await signIn.UsersNamedAsync($"Injected {provider}")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("google")]
    [InlineData("microsoft")]
    [InlineData("oidc")]
    public async Task Nor_at_a_provider_that_knows_no_pkce_since_its_nonce_is_another(string provider)
    {
        signIn.Fake.ChecksPkce = false;
        signIn.Person(provider, $"Without PKCE {provider}");
        using var victim = signIn.Browser();
        using var attacker = signIn.Browser();
        var stolen = QueryHelpers.ParseQuery(new Uri(await victim.AuthorizeAsync(await victim.StartAsync(provider))).Query)["code"].ToString();
        var own = await attacker.AuthorizeAsync(await attacker.StartAsync(provider));
        var ownCode = QueryHelpers.ParseQuery(new Uri(own).Query)["code"].ToString();

        (await attacker.ReturnAsync(own.Replace(ownCode, stolen, StringComparison.Ordinal))).ShouldBe(ProvesNothing + provider);
        (await signIn.UsersNamedAsync($"Without PKCE {provider}")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_way_to_a_provider_carries_what_protects_it_and_our_own_address_only()
    {
        foreach (var provider in SignInFixture.Providers)
        {
            signIn.Person(provider, "Anybody");
            using var browser = signIn.Browser();
            // What a proxy says about our name is not asked.
            var address = await browser.RedirectOfAsync($"/sign-in/with/{provider}", ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"), ("Forwarded", "host=evil.example"));
            var asked = QueryHelpers.ParseQuery(new Uri(address).Query);
            asked["redirect_uri"].ToString().ShouldBe(new Uri(signIn.Gateway.Url, $"/sign-in/callback/{provider}").ToString());
            asked["response_type"].ToString().ShouldBe("code");
            asked["code_challenge_method"].ToString().ShouldBe("S256");
            asked["code_challenge"].ToString().Length.ShouldBe(43);
            asked["state"].ToString().Length.ShouldBeGreaterThan(100);
            asked.ContainsKey("nonce").ShouldBe(provider != "github");
            address.ShouldNotContain(FakeIdentityProvider.ClientSecret);
            var (name, _) = browser.Cookies.Single();
            name.ShouldStartWith("mcpx-sign-in.");
        }
    }

    [Fact]
    public async Task A_way_back_that_names_another_issuer_is_not_taken()
    {
        signIn.Person("oidc", "Mixed up");
        using var browser = signIn.Browser();
        var callback = await browser.AuthorizeAsync(await browser.StartAsync("oidc"));
        (await browser.ReturnAsync(callback + "&iss=https%3A%2F%2Fevil.example")).ShouldBe(ProvesNothing + "oidc");
        callback = await browser.AuthorizeAsync(await browser.StartAsync("oidc"));
        (await browser.ReturnAsync(callback + "&iss=" + Uri.EscapeDataString(signIn.Fake.IssuerOf("oidc")))).ShouldBe("/");
    }

    [Fact]
    public async Task Userinfo_about_somebody_else_is_not_believed()
    {
        signIn.Person("oidc", "", "thin@oidc.example").Remove("name");
        signIn.Fake.Interfere = async (http, _, endpoint) =>
        {
            if (endpoint != "userinfo") return false;
            await FakeIdentityProvider.JsonAsync(http, new JsonObject { ["sub"] = "somebody-else", ["name"] = "Somebody else" });
            return true;
        };
        (await signIn.SignInAsync("oidc")).ShouldBe(ProvesNothing + "oidc");
    }

    [Fact]
    public async Task A_foreign_page_can_not_send_anybody_through_a_sign_in()
    {
        using var browser = signIn.Browser();
        (await browser.RedirectOfAsync("/sign-in/with/google?returnUrl=%2Fx", ("Sec-Fetch-Site", "cross-site"))).ShouldBe("/sign-in?returnUrl=%2Fx");
        (await browser.GetAsync("/sign-in/with/nobody")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_one_time_link_still_signs_in()
    {
        using var browser = signIn.Browser();
        (await browser.RedirectOfAsync(await signIn.Gateway.SignInLinkAsync())).ShouldBe($"/{signIn.Gateway.Organization}");
        (await browser.HomeAsync()).ShouldBe($"/{signIn.Gateway.Organization}");
    }
}
