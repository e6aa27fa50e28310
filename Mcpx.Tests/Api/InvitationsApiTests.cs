using System.Net;
using Mcpx.Core.Identity;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

/// <summary>Inviting by REST, and accepting as the page does it.</summary>
public sealed class InvitationsApiTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private InvitationAdmin Admin => gateway.Services.GetRequiredService<InvitationAdmin>();

    [Fact]
    public async Task An_invited_person_joins_once_and_the_link_is_shown_once()
    {
        Colleague ada = await Colleague.CreateAloneAsync(gateway, "Ada", "Ada@Example.com");
        HttpAnswer made = await InviteAsync("ada@example.com", "admin");
        ((string?)made.Json["delivery"]).ShouldBe("link");
        string code = CodeOf(made);
        code.Length.ShouldBe(64);
        HttpAnswer listed = await gateway.ApiAsync(HttpMethod.Get, "/api/invitations");
        listed.Body.ShouldContain("ada@example.com");
        listed.Body.ShouldNotContain(code);
        (await Colleague.QueryAsync(gateway, "SELECT count(*) FROM invitations WHERE encode(hash, 'hex') = $1 OR encode(hash, 'escape') = $1", code)).ShouldBe(0L);

        (await Admin.AcceptAsync(ada.User.Id, code, Cancelled)).ShouldBeOfType<Acceptance.Joined>().Membership.Role.ShouldBe(Role.Admin);
        (await Admin.AcceptAsync(ada.User.Id, code, Cancelled)).ShouldBe(new Acceptance.Over(InvitationState.Accepted));
        (await gateway.ApiAsync(HttpMethod.Get, "/api/invitations")).Body.ShouldNotContain("ada@example.com");
        (await gateway.ApiAsync(HttpMethod.Get, "/api/members")).Body.ShouldContain("Ada@Example.com");
        (await gateway.ApiAsync(HttpMethod.Post, "/api/invitations", new { email = "ada@example.com" })).Status.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Only_an_account_with_the_verified_address_gets_in()
    {
        string code = CodeOf(await InviteAsync("bea@example.com"));
        Colleague other = await Colleague.CreateAloneAsync(gateway, "Eve", "eve@example.com");
        Colleague unverified = await Colleague.CreateAloneAsync(gateway, "Bea", "bea@example.com", verified: false);
        Colleague vouched = await Colleague.CreateAloneAsync(gateway, "Bea", "private@example.org");
        await AddLoginAsync(unverified, "bea@example.com", trusted: false);
        await AddLoginAsync(vouched, "BEA@example.com", trusted: true);

        (await Admin.AcceptAsync(other.User.Id, code, Cancelled)).ShouldBe(new Acceptance.OtherAddress("b•••@example.com"));
        (await Admin.AcceptAsync(unverified.User.Id, code, Cancelled)).ShouldBeOfType<Acceptance.OtherAddress>();
        (await Admin.AcceptAsync(vouched.User.Id, code, Cancelled)).ShouldBeOfType<Acceptance.Joined>();
    }

    [Fact]
    public async Task Revoked_expired_and_replaced_links_say_so()
    {
        Colleague cleo = await Colleague.CreateAloneAsync(gateway, "Cleo", "cleo@example.com");
        HttpAnswer first = await InviteAsync("cleo@example.com");
        string path = $"/api/invitations/{first.Json["id"]!.GetValue<string>()}";
        HttpAnswer second = await gateway.ApiAsync(HttpMethod.Post, path + "/resend");
        second.Status.ShouldBe(HttpStatusCode.OK);

        (await Admin.AcceptAsync(cleo.User.Id, CodeOf(first), Cancelled)).ShouldBeOfType<Acceptance.Unknown>();
        await Colleague.ExecuteAsync(gateway, "UPDATE invitations SET expires_at = now() WHERE email = 'cleo@example.com'");
        (await Admin.AcceptAsync(cleo.User.Id, CodeOf(second), Cancelled)).ShouldBe(new Acceptance.Over(InvitationState.Expired));
        (await gateway.ApiAsync(HttpMethod.Get, "/api/invitations")).Body.ShouldContain("\"expired\"");
        HttpAnswer third = await gateway.ApiAsync(HttpMethod.Post, path + "/resend");
        (await gateway.ApiAsync(HttpMethod.Delete, path)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await Admin.AcceptAsync(cleo.User.Id, CodeOf(third), Cancelled)).ShouldBe(new Acceptance.Over(InvitationState.Revoked));
        (await gateway.ApiAsync(HttpMethod.Delete, path)).Status.ShouldBe(HttpStatusCode.NotFound);
        (await gateway.ApiAsync(HttpMethod.Post, path + "/resend")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("zz")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("\0000000000000000000000000000000000000000000000000000000000000000")]
    public async Task A_code_that_nobody_was_given_opens_nothing(string? code) =>
        (await Admin.AcceptAsync(gateway.Owner.User!.Value, code, Cancelled)).ShouldBeOfType<Acceptance.Unknown>();

    [Theory]
    [InlineData(Role.Admin, "member", Role.Admin)]
    [InlineData(Role.Member, "admin", Role.Admin)]
    public async Task A_member_who_accepts_keeps_the_higher_role(Role before, string invited, Role after)
    {
        string email = $"{before}-{invited}@example.net".ToLowerInvariant();
        Colleague member = await Colleague.CreateAsync(gateway, before);
        string code = CodeOf(await InviteAsync(email, invited));
        await AddLoginAsync(member, email, trusted: true);

        (await Admin.AcceptAsync(member.User.Id, code, Cancelled)).ShouldBeOfType<Acceptance.Joined>().Membership.Role.ShouldBe(after);
    }

    /// <summary>An Admin may invite Members only, and so must not make lasting what a group gave above that.</summary>
    [Theory]
    [InlineData(Role.Owner, "member", Role.Owner, true)]
    [InlineData(Role.Admin, "member", Role.Admin, true)]
    [InlineData(Role.Member, "member", Role.Member, false)]
    [InlineData(Role.Member, "admin", Role.Admin, false)]
    public async Task A_place_that_groups_gave_becomes_peoples_by_an_invitation_to_as_much(Role before, string invited, Role after, bool fromGroups)
    {
        string email = $"grouped-{before}-{invited}@example.net".ToLowerInvariant();
        Colleague grouped = await Colleague.CreateAsync(gateway, before);
        await Colleague.ExecuteAsync(gateway, "UPDATE members SET from_groups = true WHERE user_id = $1", grouped.User.Id.Value);
        string code = CodeOf(await InviteAsync(email, invited));
        await AddLoginAsync(grouped, email, trusted: true);

        (await Admin.AcceptAsync(grouped.User.Id, code, Cancelled)).ShouldBeOfType<Acceptance.Joined>().Membership.Role.ShouldBe(after);

        (await Colleague.QueryAsync(gateway, "SELECT from_groups FROM members WHERE user_id = $1", grouped.User.Id.Value)).ShouldBe(fromGroups);
    }

    [Fact]
    public async Task Invitations_end_with_the_right_to_make_them()
    {
        Colleague owner = await Colleague.CreateAsync(gateway, Role.Owner);
        HttpAnswer asOwner = await gateway.ApiAsync(HttpMethod.Post, "/api/invitations", new { email = "dan@example.com", role = "admin" }, owner.Token);
        HttpAnswer asMember = await gateway.ApiAsync(HttpMethod.Post, "/api/invitations", new { email = "dora@example.com" }, owner.Token);
        Colleague dan = await Colleague.CreateAloneAsync(gateway, "Dan", "dan@example.com");
        Colleague dora = await Colleague.CreateAloneAsync(gateway, "Dora", "dora@example.com");

        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/members/{owner.User.Id}", new { role = "admin" })).Status.ShouldBe(HttpStatusCode.OK);
        (await Admin.AcceptAsync(dan.User.Id, CodeOf(asOwner), Cancelled)).ShouldBe(new Acceptance.Over(InvitationState.Revoked));
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/members/{owner.User.Id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await Admin.AcceptAsync(dora.User.Id, CodeOf(asMember), Cancelled)).ShouldBe(new Acceptance.Over(InvitationState.Revoked));
    }

    [Theory]
    [InlineData("""{"email":"nobody"}""", "email")]
    [InlineData("""{"email":"a@b.c\r\nBcc: x@y.z"}""", "email")]
    [InlineData("""{}""", "email")]
    [InlineData("""{"email":"a@example.com","role":"god"}""", "role")]
    [InlineData("""{"email":"a@example.com","role":2}""", "role")]
    [InlineData("""{"email":"a@example.com","organization":"x"}""", "organization")]
    public async Task What_is_wrong_is_said_and_nobody_is_invited(string body, string named)
    {
        HttpAnswer answer = await gateway.SendAsync(HttpMethod.Post, "/api/invitations", System.Text.Encoding.UTF8.GetBytes(body), gateway.Token);

        ServersApiTests.ShouldBeProblem(answer, 400);
        answer.Body.ShouldContain(named);
    }

    private async Task<HttpAnswer> InviteAsync(string email, string role = "member")
    {
        HttpAnswer made = await gateway.ApiAsync(HttpMethod.Post, "/api/invitations", new { email, role });
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        return made;
    }

    private Task AddLoginAsync(Colleague person, string email, bool trusted) => Colleague.ExecuteAsync(gateway,
        "INSERT INTO external_logins (issuer, subject, user_id, provider, email, email_trusted, name, linked_at) VALUES ('https://idp.example', $1, $2, 'oidc', $3, $4, 'x', now())",
        person.User.Id.ToString(), person.User.Id.Value, email, trusted);

    private static string CodeOf(HttpAnswer answer) => answer.Json["link"]!.GetValue<string>().Split("code=")[1];
}
