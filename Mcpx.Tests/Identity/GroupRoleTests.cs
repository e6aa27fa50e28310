using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.SignIn;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Identity;

public sealed class GroupRoleTests(SignInFixture signIn, BrowserFixture browser) : IClassFixture<SignInFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string Home => signIn.Gateway.Organization;

    [Fact]
    public async Task Memberships_follow_the_groups_at_each_sign_in()
    {
        await MapAsync(("staff", "member"), ("leads", "admin"));
        signIn.Person("oidc", "Follower", subject: "FOLLOWER");
        await SignInAsync("FOLLOWER", "Follower", "staff", "unknown");
        (await RoleAsync("Follower")).ShouldBe(Role.Member);
        await SignInAsync("FOLLOWER", "Follower", "staff", "leads");
        (await RoleAsync("Follower")).ShouldBe(Role.Admin);
        await SignInAsync("FOLLOWER", "Follower", "staff");
        (await RoleAsync("Follower")).ShouldBe(Role.Member);
        await SignInAsync("FOLLOWER", "Follower");
        (await RoleAsync("Follower")).ShouldBeNull();
        // Their own organisation came from nobody's group.
        (await signIn.AccountAsync(await signIn.UserNamedAsync("Follower"))).Memberships.ShouldHaveSingleItem().Role.ShouldBe(Role.Owner);
    }

    [Fact]
    public async Task A_changed_membership_is_told_so_that_tokens_and_circuits_lose_it()
    {
        await MapAsync(("told", "admin"));
        await SignInAsync("TOLD", "Told", "told");
        var user = await signIn.UserNamedAsync("Told");
        List<Change> seen = [];
        using var listening = signIn.Services.GetRequiredService<ChangeFeed>().Subscribe(change =>
        {
            lock (seen) seen.Add(change);
            return ValueTask.CompletedTask;
        });
        await SignInAsync("TOLD", "Told", "told");
        seen.ShouldNotContain(new Change(ChangeKind.Member, user.Value));
        await SignInAsync("TOLD", "Told");
        seen.ShouldContain(new Change(ChangeKind.Member, user.Value));
        (await ScalarAsync("SELECT count(*) FROM revocations WHERE target_id = $1", user.Value)).ShouldBe(2L);
    }

    [Fact]
    public async Task Invitations_of_who_lost_rights_are_revoked_with_them()
    {
        await MapAsync(("inviters", "admin"));
        await SignInAsync("INVITER", "Inviter", "inviters");
        var user = (await signIn.UserNamedAsync("Inviter")).Value;
        await ScalarAsync("""
            INSERT INTO invitations (id, org_id, email, role, hash, invited_by, created_at, expires_at)
            SELECT $1, id, 'friend@example.com', 1, '\x01', $1, now(), now() + interval '7 days' FROM organizations WHERE slug = 'home'
            """, user);
        await SignInAsync("INVITER", "Inviter", "inviters");
        (await ScalarAsync("SELECT revoked_at FROM invitations WHERE id = $1", user)).ShouldBe(DBNull.Value);
        await SignInAsync("INVITER", "Inviter");
        (await ScalarAsync("SELECT revoked_at FROM invitations WHERE id = $1", user)).ShouldBeOfType<DateTime>();
    }

    [Fact]
    public async Task A_place_that_people_gave_is_neither_lowered_nor_taken()
    {
        await MapAsync(("manual", "member"));
        await SignInAsync("MANUAL", "Manual");
        var user = await signIn.UserNamedAsync("Manual");
        await ScalarAsync("INSERT INTO members (org_id, user_id, role, joined_at, from_groups) SELECT id, $1, 1, now(), false FROM organizations WHERE slug = 'home'", user.Value);
        await SignInAsync("MANUAL", "Manual", "manual");
        (await RoleAsync("Manual")).ShouldBe(Role.Admin);
        await SignInAsync("MANUAL", "Manual");
        (await RoleAsync("Manual")).ShouldBe(Role.Admin);
    }

    [Fact]
    public async Task The_last_owner_stays_though_no_group_names_them_any_more()
    {
        var own = await OrganizationOfAsync("Founder");
        await ScalarAsync("INSERT INTO group_roles (org_id, issuer, group_name, role) VALUES ($1, (SELECT issuer FROM external_logins WHERE name = 'Founder'), 'founders', 2)", own);
        await SignInAsync("HEIR", "Heir", "founders");
        await ScalarAsync("DELETE FROM members WHERE org_id = $1 AND NOT from_groups", own);

        await SignInAsync("HEIR", "Heir");

        (await ScalarAsync("SELECT role FROM members WHERE org_id = $1", own)).ShouldBe((short)Role.Owner);
    }

    [Fact]
    public async Task Groups_that_the_provider_keeps_elsewhere_change_nothing()
    {
        await MapAsync(("many", "member"));
        await SignInAsync("MANY", "Many", "many");
        var person = signIn.Person("oidc", "Many", subject: "MANY");
        person.Remove("groups");
        person["_claim_names"] = new JsonObject { ["groups"] = "src1" };
        await signIn.SignInAsync("oidc");
        (await RoleAsync("Many")).ShouldBe(Role.Member);
        // Not sent at all is none: providers leave an empty list out.
        person.Remove("_claim_names");
        await signIn.SignInAsync("oidc");
        (await RoleAsync("Many")).ShouldBeNull();
    }

    [Fact]
    public async Task Fifty_sign_ins_at_once_leave_one_membership()
    {
        await MapAsync(("crowd", "admin"));
        await SignInAsync("CROWD", "Crowd");
        signIn.Person("oidc", "Crowd", subject: "CROWD")["groups"] = new JsonArray("crowd");
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => signIn.SignInAsync("oidc")));
        (await RoleAsync("Crowd")).ShouldBe(Role.Admin);
    }

    [Theory]
    [InlineData("""{ "items": [{ "group": "", "role": "member" }] }""", "items[0].group")]
    [InlineData("""{ "items": [{ "group": "a", "role": "member" }, { "group": "a", "role": "owner" }] }""", "items[1].group")]
    [InlineData("""{ "items": [{ "group": "a\u0000", "role": "member" }] }""", "items[0].group")]
    [InlineData("""{ "items": [{ "group": "a", "role": "emperor" }] }""", "role")]
    public async Task A_wrong_list_is_refused_by_its_field(string body, string field)
    {
        var answer = await signIn.Gateway.SendAsync(HttpMethod.Put, "/api/group-roles", System.Text.Encoding.UTF8.GetBytes(body), signIn.Gateway.Token);
        answer.Status.ShouldBe(HttpStatusCode.BadRequest, answer.Body);
        answer.Body.ShouldContain(field);
    }

    [Fact]
    public async Task Only_owners_see_and_change_the_groups()
    {
        var groups = signIn.Services.GetRequiredService<GroupRoleAdmin>();
        foreach (var role in new[] { Role.Member, Role.Admin })
        {
            var actor = signIn.Gateway.Owner with { Role = role };
            await Should.ThrowAsync<RefusalException.Forbidden>(() => groups.ListAsync(actor, Cancelled));
            await Should.ThrowAsync<RefusalException.Forbidden>(() => groups.ReplaceAsync(actor, new NewGroupRoles([]), Cancelled));
        }
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task The_page_edits_the_list(ColorScheme scheme, int width)
    {
        await MapAsync(("first", "member"));
        await using var visit = await browser.VisitAsync(signIn.Gateway, "/groups", width, scheme);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add group" }).ClickAsync();
        await visit.Page.GetByLabel("Group", new() { Exact = true }).Nth(1).FillAsync("/engineering/leads");
        await visit.Page.GetByLabel("Role", new() { Exact = true }).Nth(1).SelectOptionAsync("Admin");
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"groups-{scheme}-{width}");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save groups" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Groups saved")).ToBeVisibleAsync();

        var answer = await signIn.Gateway.ApiAsync(HttpMethod.Get, "/api/group-roles");
        answer.Json["issuer"]!.GetValue<string>().ShouldBe(signIn.Fake.IssuerOf("oidc"));
        answer.Json["items"]!.ToJsonString().ShouldBe("""[{"group":"/engineering/leads","role":"admin"},{"group":"first","role":"member"}]""");
    }

    private async Task MapAsync(params (string Group, string Role)[] groups)
    {
        var answer = await signIn.Gateway.ApiAsync(HttpMethod.Put, "/api/group-roles", new { items = groups.Select(g => new { group = g.Group, role = g.Role }) });
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
    }

    private async Task SignInAsync(string subject, string name, params string[] groups)
    {
        signIn.Person("oidc", name, subject: subject)["groups"] = new JsonArray([.. groups.Select(g => JsonValue.Create(g))]);
        (await signIn.SignInAsync("oidc")).ShouldBe("/");
    }

    private async Task<Role?> RoleAsync(string name) =>
        (await signIn.AccountAsync(await signIn.UserNamedAsync(name))).Memberships.FirstOrDefault(m => m.Organization.Slug == Home)?.Role;

    private async Task<Guid> OrganizationOfAsync(string name)
    {
        await SignInAsync(name.ToUpperInvariant(), name);
        return (await signIn.AccountAsync(await signIn.UserNamedAsync(name))).Memberships.Single().Organization.Id.Value;
    }

    private async Task<object?> ScalarAsync(string sql, Guid parameter)
    {
        await using var database = NpgsqlDataSource.Create(signIn.Gateway.ConnectionString);
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = parameter });
        return await command.ExecuteScalarAsync(Cancelled);
    }
}
