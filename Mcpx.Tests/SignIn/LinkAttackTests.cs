using Mcpx.Web.Authentication.Providers;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.SignIn;

/// <summary>Attempts to link a login to somebody else's account.</summary>
public sealed class LinkAttackTests(SignInFixture signIn) : IClassFixture<SignInFixture>
{
    [Fact]
    public async Task Linking_begins_only_with_a_ticket_of_the_person_who_is_signed_in()
    {
        signIn.Person("google", "Link victim", "link-victim@google.example");
        using var victim = signIn.Browser();
        await signIn.SignInAsync("google", victim);
        var user = await signIn.UserNamedAsync("Link victim");
        var tickets = signIn.Services.GetRequiredService<LinkTickets>();

        foreach (var ticket in new[] { "", "x", tickets.Create(signIn.Gateway.Owner.User!.Value, "github"), tickets.Create(user, "oidc") })
            (await victim.RedirectOfAsync($"/profile/link/github?ticket={ticket}")).ShouldBe("/profile?problem=expired&provider=github");
        using var stranger = signIn.Browser();
        (await stranger.RedirectOfAsync($"/profile/link/github?ticket={tickets.Create(user, "github")}")).ShouldContain("/sign-in?returnUrl=");
        (await victim.RedirectOfAsync($"/profile/link/github?ticket={tickets.Create(user, "github")}")).ShouldStartWith(signIn.Fake.Url);
    }

    [Fact]
    public async Task A_link_that_comes_back_into_another_session_links_nothing()
    {
        signIn.Person("google", "First session", "first-session@google.example");
        using var browser = signIn.Browser();
        await signIn.SignInAsync("google", browser);
        var first = await signIn.UserNamedAsync("First session");
        var ticket = signIn.Services.GetRequiredService<LinkTickets>().Create(first, "github");
        signIn.Person("github", "Late link");
        var callback = await browser.AuthorizeAsync(await browser.RedirectOfAsync($"/profile/link/github?ticket={ticket}"));

        signIn.Person("google", "Second session", "second-session@google.example");
        await signIn.SignInAsync("google", browser);
        (await browser.ReturnAsync(callback)).ShouldBe("/sign-in?problem=expired&provider=github");
        (await signIn.UsersNamedAsync("Late link")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_login_of_another_account_is_not_moved_by_linking_it()
    {
        signIn.Person("github", "Settled", "settled@github.example");
        await signIn.SignInAsync("github");
        var settled = await signIn.UserNamedAsync("Settled");
        using var other = signIn.Browser();
        signIn.Person("google", "Mover", "mover@google.example");
        await signIn.SignInAsync("google", other);
        var ticket = signIn.Services.GetRequiredService<LinkTickets>().Create(await signIn.UserNamedAsync("Mover"), "github");

        var back = await other.ReturnAsync(await other.AuthorizeAsync(await other.RedirectOfAsync($"/profile/link/github?ticket={ticket}")));

        back.ShouldBe("/profile?problem=taken&provider=github");
        (await signIn.UserNamedAsync("Settled")).ShouldBe(settled);
    }
}
