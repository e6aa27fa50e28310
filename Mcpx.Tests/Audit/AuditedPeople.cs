using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.OAuth;
using Mcpx.Tests.SignIn;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Audit;

/// <summary>What people do with their own accounts, sessions and memberships, and who comes in.</summary>
internal sealed class AuditedPeople(SignInFixture signIn)
{
    private readonly HashSet<string> _seen = [];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private GatewayFixture Gateway => signIn.Gateway;

    private AccountAdmin Accounts => Gateway.Services.GetRequiredService<AccountAdmin>();

    public async Task<IReadOnlyCollection<string>> ActionsAsync()
    {
        await SessionsAsync();
        await AccountsAsync();
        await GroupsAsync();
        await InvitationAsync();
        await ProgramAsync();
        return _seen;
    }

    private async Task SessionsAsync()
    {
        var ada = await Colleague.CreateAsync(Gateway, Role.Member);
        var visitor = await CookieVisitor.SignInAsync(Gateway, ada.User.Id, userAgent: "Browser/1");
        var entered = await LastAsync(ada.User.Id, AdminAction.SessionSignIn);
        entered["credential"]!.Plain().ShouldBe("""{"kind":"signInLink","id":null,"name":"link"}""");
        (((string?)entered["actor"]!["name"]), (string?)entered["address"], (string?)entered["userAgent"]).ShouldBe((ada.User.Name, "127.0.0.1", "Browser/1"));
        ((string?)entered["subject"]!["id"]).ShouldBe(visitor.SignedIn(Gateway).Session.ToString());

        // Signing in again in the same browser ends the session that it had.
        var again = await CookieVisitor.SignInAsync(Gateway, ada.User.Id, "Browser/1", visitor);
        var left = await LastAsync(ada.User.Id, AdminAction.SessionSignOut);
        (left["subject"]!["id"]!.GetValue<string>(), (string?)left["credential"]!["kind"]).ShouldBe((visitor.SignedIn(Gateway).Session.ToString(), "session"));
        var elsewhere = await CookieVisitor.SignInAsync(Gateway, ada.User.Id);
        await Gateway.Services.GetRequiredService<SessionAdmin>().RevokeOthersAsync(elsewhere.SignedIn(Gateway), Cancelled);
        (await LastAsync(ada.User.Id, AdminAction.SessionRevoke))["subject"]!["id"]!.GetValue<string>().ShouldBe(again.SignedIn(Gateway).Session.ToString());
        (await CountAsync(ada.User.Id)).ShouldBe(5);
    }

    private async Task AccountsAsync()
    {
        var bea = await Colleague.CreateAsync(Gateway, Role.Member);
        var me = TestChanges.Me(bea.User.Id);
        await Accounts.RenameAsync(me, "Beatrix", Cancelled);
        var renamed = await LastAsync(bea.User.Id, AdminAction.AccountRename);
        // Done under the old name; from now on the new one stands there.
        (renamed["actor"]!["name"]!.GetValue<string>(), renamed["after"]!.Plain()).ShouldBe((bea.User.Name, """{"name":"Beatrix"}"""));
        foreach (var provider in new[] { "google", "github" })
            await Accounts.LinkAsync(me, new ExternalIdentity(provider, $"https://{provider}.example", bea.User.Id.ToString(), "Bea", "private@example.org", true), Cancelled);
        var linked = await LastAsync(bea.User.Id, AdminAction.AccountLink);
        (linked["actor"]!["name"]!.GetValue<string>(), linked["after"]!.Plain()).ShouldBe(("Beatrix", """{"login":"github"}"""));
        await Accounts.LinkAsync(me, new ExternalIdentity("github", "https://github.example", bea.User.Id.ToString(), "Bea", "private@example.org", true), Cancelled);
        await Accounts.UnlinkAsync(me, "https://github.example", bea.User.Id.ToString(), Cancelled);
        (await LastAsync(bea.User.Id, AdminAction.AccountUnlink))["before"]!.Plain().ShouldBe("""{"login":"github"}""");
        (await CountAsync(bea.User.Id)).ShouldBe(4);

        await Gateway.Services.GetRequiredService<MemberAdmin>().LeaveAsync(bea.Actor with { Origin = RequestOrigin.Of(UsedCredential.None, "192.0.2.1", null) }, Cancelled);
        ((string?)(await LastAsync(bea.User.Id, AdminAction.MemberLeave))["address"]).ShouldBe("192.0.2.1");
    }

    private async Task GroupsAsync()
    {
        (await Gateway.ApiAsync(HttpMethod.Put, "/api/group-roles", new { items = new[] { new { group = "audited", role = "admin" } } })).Status.ShouldBe(HttpStatusCode.OK);
        var person = signIn.Person("oidc", "Grouped", subject: "AUDITED-GROUPED");
        person["groups"] = new JsonArray("audited");
        await signIn.SignInAsync("oidc");
        var user = await signIn.UserNamedAsync("Grouped");
        var joined = await LastAsync(user, AdminAction.MemberGroups);
        (joined["before"], joined["after"]!.Plain(), (string?)joined["actor"]!["name"]).ShouldBe((null, """{"role":"admin"}""", "Grouped"));
        joined["credential"]!.Plain().ShouldBe("""{"kind":"provider","id":null,"name":"oidc"}""");
        signIn.Person("oidc", "Grouped", subject: "AUDITED-GROUPED");
        await signIn.SignInAsync("oidc");
        var left = await LastAsync(user, AdminAction.MemberGroups);
        (left["before"]!.Plain(), left["after"]).ShouldBe(("""{"role":"admin"}""", null));
    }

    private async Task InvitationAsync()
    {
        var cleo = await Colleague.CreateAloneAsync(Gateway, "Cleo", "cleo@example.com");
        var link = (string)(await Gateway.ApiAsync(HttpMethod.Post, "/api/invitations", new { email = "cleo@example.com" })).Json["link"]!;
        (await Gateway.Services.GetRequiredService<InvitationAdmin>().AcceptAsync(TestChanges.Me(cleo.User.Id), link.Split("code=")[1], Cancelled)).ShouldBeOfType<Acceptance.Joined>();
        var accepted = await LastAsync(cleo.User.Id, AdminAction.InvitationAccept);
        (((string?)accepted["actor"]!["name"]), ((string?)accepted["subject"]!["name"]), (string?)accepted["after"]!["memberRole"]).ShouldBe(("Cleo", "cleo@example.com", "member"));

        // From an address that nobody let in: the installation's own log, and nobody else's.
        (await Gateway.SendAsync(HttpMethod.Get, "/sign-in/link?code=nonsense", null, "")).Status.ShouldBe(HttpStatusCode.Found);
        var refused = (await Gateway.ApiAsync(HttpMethod.Get, "/api/audit/changes?log=installation&action=session.refused")).Json["items"]!.AsArray();
        refused.Select(e => e!["after"]!.Plain()).ShouldContain("""{"reason":"linkNotGood","times":1}""");
        _seen.Add(AdminAction.SessionRefused.Name);
    }

    private async Task ProgramAsync()
    {
        var account = await Gateway.AddAccountAsync(new { name = "audited program", role = "admin", scopes = new[] { "api:read" } });
        var token = await account.TokenAsync(("resource", new Uri(Gateway.Url, "/api").ToString()), ("scope", "api:read"));
        // It may read the log, and finds itself in it.
        await Eventually.TrueAsync(async () => (await Gateway.ApiAsync(HttpMethod.Get, $"/api/audit/changes?action=service-account.new-address&subject={account.Id}", null, token)).Json["items"]!.AsArray() is [var entry]
            && (string)entry!["credential"]!["kind"]! == "accessToken" && (string)entry["actor"]!["name"]! == "audited program", "the program's first use is noted", null, Cancelled);
        _seen.Add(AdminAction.ServiceAccountNewAddress.Name);
    }

    /// <summary>The newest entry of what somebody did, in the first organisation's log.</summary>
    private async Task<JsonNode> LastAsync(UserId user, AdminAction action)
    {
        _seen.Add(action.Name);
        var items = (await Gateway.ApiAsync(HttpMethod.Get, $"/api/audit/changes?actor={user}&action={action.Name}")).Json["items"]!.AsArray();
        items.ShouldNotBeEmpty(action.Name);
        return items[0]!;
    }

    private async Task<int> CountAsync(UserId user) =>
        (await Gateway.ApiAsync(HttpMethod.Get, $"/api/audit/changes?size=200&actor={user}")).Json["items"]!.AsArray().Count;
}
