using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Changes;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

public sealed class SessionStoreTests(PostgresFixture postgres) : DataTests(postgres)
{
    private ISessionStore Store => Host.Get<ISessionStore>();

    [Fact]
    public async Task A_session_is_read_as_it_was_written_whatever_the_browser_calls_itself()
    {
        UserId user = (await Host.AddOrganizationAsync("acme")).User.Id;
        UserSession session = New(user) with { Client = "<script>alert('é')</script> \ud83d\ude00" };
        await Store.AddAsync(session, Cancelled);
        await Store.AddAsync(New(user) with { Client = "nul \0 and half \ud83d" }, Cancelled);

        (await Store.FindAsync(session.Id, Cancelled)).ShouldBe(session);
        (await Store.FindAsync(DataHost.NewId<SessionId>(), Cancelled)).ShouldBeNull();
    }

    [Fact]
    public async Task The_list_holds_what_is_live_and_nobody_elses()
    {
        UserId user = (await Host.AddOrganizationAsync("acme")).User.Id, other = (await Host.AddOrganizationAsync("globex")).User.Id;
        UserSession first = New(user), second = New(user) with { LastSeenAt = DataHost.Now.AddMinutes(1) };
        foreach (UserSession session in new[]
                 {
                     first, second, New(other), New(user) with { RevokedAt = DataHost.Now }, New(user) with { ExpiresAt = DataHost.Now.AddSeconds(-1) },
                     New(user) with { LastSeenAt = DataHost.Now - UserSession.LongestIdle },
                 })
        {
            await Store.AddAsync(session, Cancelled);
        }

        (await Store.ListAsync(user, DataHost.Now, Cancelled)).ShouldBe([second, first]);
    }

    [Fact]
    public async Task Nobody_revokes_another_persons_session()
    {
        UserId user = (await Host.AddOrganizationAsync("acme")).User.Id, other = (await Host.AddOrganizationAsync("globex")).User.Id;
        UserSession mine = New(user), kept = New(user), foreign = New(other);
        foreach (UserSession session in new[] { mine, kept, foreign }) await Store.AddAsync(session, Cancelled);

        (await Store.RevokeAsync(other, mine.Id, DataHost.Now, Cancelled)).ShouldBeFalse();
        (await Store.RevokeOthersAsync(user, kept.Id, DataHost.Now, Cancelled)).ShouldBe([mine.Id]);
        (await Store.RevokeOthersAsync(user, kept.Id, DataHost.Now, Cancelled)).ShouldBeEmpty();
        (await Store.RevokeAsync(user, kept.Id, DataHost.Now, Cancelled)).ShouldBeTrue();

        (await Store.FindAsync(mine.Id, Cancelled))!.RevokedAt.ShouldNotBeNull();
        (await Store.FindAsync(foreign.Id, Cancelled))!.RevokedAt.ShouldBeNull();
    }

    [Fact]
    public async Task Every_revocation_stands_where_replicas_that_heard_nothing_look()
    {
        UserId user = (await Host.AddOrganizationAsync("acme")).User.Id;
        UserSession[] sessions = [New(user), New(user), New(user)];
        foreach (UserSession session in sessions) await Store.AddAsync(session, Cancelled);
        ChangePoll poll = ActivatorUtilities.CreateInstance<ChangePoll>(Host.Services);
        await poll.LookAsync(Cancelled);

        await Store.RevokeAsync(user, sessions[0].Id, DataHost.Now, Cancelled);
        await Store.RevokeOthersAsync(user, sessions[1].Id, DataHost.Now, Cancelled);

        (await poll.LookAsync(Cancelled)).ShouldBe(
            [new Change(ChangeKind.Session, sessions[0].Id.Value), new Change(ChangeKind.Session, sessions[2].Id.Value)], ignoreOrder: true);
    }

    [Fact]
    public async Task Last_seen_moves_forward_only()
    {
        UserId user = (await Host.AddOrganizationAsync("acme")).User.Id;
        UserSession session = New(user);
        await Store.AddAsync(session, Cancelled);

        await Store.TouchAsync(new Dictionary<SessionId, DateTimeOffset> { [session.Id] = session.LastSeenAt.AddHours(1), [DataHost.NewId<SessionId>()] = session.LastSeenAt }, Cancelled);
        await Store.TouchAsync(new Dictionary<SessionId, DateTimeOffset> { [session.Id] = session.LastSeenAt.AddMinutes(1) }, Cancelled);

        (await Store.FindAsync(session.Id, Cancelled))!.LastSeenAt.ShouldBe(session.LastSeenAt.AddHours(1));
    }

    private static UserSession New(UserId user) =>
        new(DataHost.NewId<SessionId>(), user, "link", "test", "127.0.0.1", DataHost.Now, DataHost.Now, DataHost.Now + UserSession.LongestLife, RevokedAt: null);
}
