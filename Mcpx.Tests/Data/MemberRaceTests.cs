using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

/// <summary>Who belongs where, when many change it at once on two replicas.</summary>
public sealed class MemberRaceTests(PostgresFixture postgres) : DataTests(postgres)
{
    private const int Many = 50;

    [Fact]
    public async Task Fifty_owners_who_step_down_at_once_leave_one() => (await RaceAsync((members, actor, i, _) =>
        members.ChangeRoleAsync(actor, actor.User!.Value, i % 2 == 0 ? Role.Admin : Role.Member, Cancelled))).ShouldBe(1);

    [Fact]
    public async Task Fifty_owners_who_leave_at_once_leave_one() => (await RaceAsync((members, actor, _, _) => members.LeaveAsync(actor, Cancelled))).ShouldBe(1);

    /// <summary>Who was removed a moment ago removes nobody any more, so more than one may stay.</summary>
    [Fact]
    public async Task Fifty_owners_who_remove_or_demote_each_other_at_once_leave_at_least_one()
    {
        (await RaceAsync((members, actor, i, owners) => i % 2 == 0
            ? members.RemoveAsync(actor, owners[(i + 7) % Many], Cancelled)
            : members.ChangeRoleAsync(actor, owners[(i + 1) % Many], Role.Member, Cancelled))).ShouldBeInRange(1, Many - 1);
    }

    [Fact]
    public async Task One_owner_who_demotes_all_fifty_at_once_stays_or_leaves_another() => (await RaceAsync((members, actor, i, owners) =>
        members.ChangeRoleAsync(actor with { Principal = new Principal.Person(new User(owners[0], "", null)) }, owners[i], Role.Member, Cancelled))).ShouldBeInRange(1, Many - 1);

    [Fact]
    public async Task Fifty_who_follow_one_link_make_one_member_once()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        User[] people = await Task.WhenAll(Enumerable.Range(0, Many).Select(_ => AddPersonAsync("ada@example.com")));
        IssuedInvitation issued = await AdminOf(Host).InviteAsync(Actor.Of(acme, TestChanges.Origin), new NewInvitation(" Ada@Example.COM "), Cancelled);
        string code = CodeOf(issued);
        await using DataHost other = await DataHost.JoinAsync(Host.ConnectionString);

        Acceptance[] ends = await Task.WhenAll(people.Select((p, i) => AdminOf(i % 2 == 0 ? Host : other).AcceptAsync(p.Id, code, Cancelled)));

        ends.OfType<Acceptance.Joined>().ShouldHaveSingleItem().Membership.Role.ShouldBe(Role.Member);
        ends.OfType<Acceptance.Over>().Count(o => o.State == InvitationState.Accepted).ShouldBe(Many - 1);
        (await Host.QueryAsync("SELECT count(*) FROM members")).ShouldBe(2L);
    }

    [Fact]
    public async Task Fifty_invitations_of_one_address_at_once_are_one_with_one_good_link()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        User ada = await AddPersonAsync("ada@example.com");
        await using DataHost other = await DataHost.JoinAsync(Host.ConnectionString);

        IssuedInvitation[] issued = await Task.WhenAll(Enumerable.Range(0, Many).Select(i =>
            AdminOf(i % 2 == 0 ? Host : other).InviteAsync(Actor.Of(acme, TestChanges.Origin), new NewInvitation("ada@example.com"), Cancelled)));

        (await Host.QueryAsync("SELECT count(*) FROM invitations")).ShouldBe(1L);
        Acceptance[] ends = await Task.WhenAll(issued.Select(i => AdminOf(Host).AcceptAsync(ada.Id, CodeOf(i), Cancelled)));
        ends.OfType<Acceptance.Joined>().ShouldHaveSingleItem();
        ends.OfType<Acceptance.Unknown>().Count().ShouldBe(Many - 1);
    }

    [Fact]
    public async Task An_organisation_that_fifty_delete_at_once_is_deleted_once()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        OrganizationAdmin admin = new(Host.Get<IOrganizationStore>(), Host.Get<ChangeFeed>(), TimeProvider.System, Host.Services.GetRequiredService<ILogger<OrganizationAdmin>>());

        int[] done = await Task.WhenAll(Enumerable.Range(0, Many).Select(async _ =>
        {
            try
            {
                await admin.DeleteAsync(Actor.Of(acme, TestChanges.Origin), "ACME", Cancelled);
                return 1;
            }
            catch (RefusalException.NotFound)
            {
                return 0;
            }
        }));

        done.Sum().ShouldBe(1);
        (await Host.QueryAsync("SELECT count(*) FROM organizations")).ShouldBe(0L);
    }

    /// <summary>How many Owners are left.</summary>
    private async Task<long> RaceAsync(Func<MemberAdmin, Actor, int, UserId[], Task> act)
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        List<User> owners = [acme.User];
        while (owners.Count < Many)
        {
            owners.Add(await AddPersonAsync(null));
            await Host.QueryAsync($"INSERT INTO members (org_id, user_id, role, joined_at, from_groups) VALUES ('{acme.Organization.Id}', '{owners[^1].Id}', {(int)Role.Owner}, now(), false)");
        }

        await using DataHost other = await DataHost.JoinAsync(Host.ConnectionString);
        UserId[] ids = [.. owners.Select(o => o.Id)];
        string[] refusals = await Task.WhenAll(owners.Select(async (owner, i) =>
        {
            DataHost host = i % 2 == 0 ? Host : other;
            MemberAdmin members = new(host.Get<IMemberStore>(), host.Get<ChangeFeed>(), TimeProvider.System, host.Services.GetRequiredService<ILogger<MemberAdmin>>());
            try
            {
                await act(members, Actor.Of(acme with { User = owner }, TestChanges.Origin), i, ids);
                return "";
            }
            catch (RefusalException e)
            {
                return e.Message;
            }
        }));

        refusals.ShouldContain("");
        refusals.ShouldContain(r => r.Length > 0);
        return (long)(await Host.QueryAsync($"SELECT count(*) FROM members WHERE role = {(int)Role.Owner}"))!;
    }

    private async Task<User> AddPersonAsync(string? email)
    {
        User user = new(DataHost.NewId<UserId>(), "Ada", email);
        string address = email is null ? "NULL" : $"'{email}'";
        await Host.QueryAsync($"INSERT INTO users (id, name, email, email_verified) VALUES ('{user.Id}', 'Ada', {address}, {email is not null})");
        return user;
    }

    private static InvitationAdmin AdminOf(DataHost host) => new(host.Get<IInvitationStore>(), host.Get<IOrganizationStore>(), new HandedOver(),
        new InvitationLinks("https://mcpx.example/invitations/accept"), host.Get<ChangeFeed>(), TimeProvider.System, host.Services.GetRequiredService<ILogger<InvitationAdmin>>());

    private static string CodeOf(IssuedInvitation issued) => issued.Link.Reveal().Split("code=")[1];
}
