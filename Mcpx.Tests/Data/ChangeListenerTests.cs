using System.Collections.Concurrent;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Data.Changes;
using Mcpx.Data.Identity;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

public sealed class ChangeListenerTests(PostgresFixture postgres) : DataTests(postgres)
{
    [Fact]
    public async Task A_change_reaches_another_replica_and_not_its_writer()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        await using DataHost other = await DataHost.JoinAsync(Host.ConnectionString);
        ConcurrentQueue<Change> here = await ListenAsync(Host), there = await ListenAsync(other);

        UpstreamServer server = await Host.AddServerAsync(acme, "finance");
        Change expected = new(ChangeKind.Configuration, acme.Value);
        await Eventually.TrueAsync(() => there.Contains(expected), "the other replica hears of the server", Cancelled);
        // What the other replica writes comes after what we wrote, so nothing of ours is still under way.
        await other.Get<IGovernanceStore>().ReplaceAsync(acme, new ServerGovernance(server.Id, GovernanceMode.Blocklist, []), Cancelled);
        await Eventually.TrueAsync(() => here.Contains(expected), "we hear of the rules", Cancelled);

        here.Count(c => c == expected).ShouldBe(1);
        await StopAsync(Host, other);
    }

    [Fact]
    public async Task A_revocation_reaches_another_replica()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        PersonalAccessToken token = DataHost.NewToken(acme, "laptop");
        await Host.Get<ITokenStore>().AddAsync(token, [1], Cancelled);
        await using DataHost other = await DataHost.JoinAsync(Host.ConnectionString);
        ConcurrentQueue<Change> there = await ListenAsync(other);

        await Host.Get<ITokenStore>().RevokeAsync(acme.Organization.Id, [token.Id], DataHost.Now, Cancelled);

        await Eventually.TrueAsync(() => there.Contains(new Change(ChangeKind.Token, token.Id.Value)), "the revocation is heard", Cancelled);
        await StopAsync(other);
    }

    [Fact]
    public async Task A_refused_write_tells_nobody()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        OrganizationId globex = (await Host.AddOrganizationAsync("globex")).Organization.Id;
        await Host.AddServerAsync(acme, "finance");
        await using DataHost other = await DataHost.JoinAsync(Host.ConnectionString);
        ConcurrentQueue<Change> there = await ListenAsync(other);

        await Should.ThrowAsync<RefusalException.Conflict>(() => Host.AddServerAsync(acme, "finance"));
        await Host.AddServerAsync(globex, "finance");

        await Eventually.TrueAsync(() => there.Contains(new Change(ChangeKind.Configuration, globex.Value)), "the later write is heard", Cancelled);
        there.ShouldNotContain(new Change(ChangeKind.Configuration, acme.Value));
        await StopAsync(other);
    }

    [Fact]
    public async Task A_lost_connection_is_made_again_and_everything_counts_as_changed()
    {
        ConcurrentQueue<Change> heard = await ListenAsync(Host);
        heard.Count(c => c.Kind is ChangeKind.Everything).ShouldBe(1);

        // The owner of the schema may not end what the logins run.
        await using NpgsqlDataSource admin = NpgsqlDataSource.Create(await Postgres.GetAdminConnectionStringAsync(new NpgsqlConnectionStringBuilder(Host.ConnectionString).Database!));
        await using NpgsqlCommand kill = admin.CreateCommand("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()");
        await kill.ExecuteNonQueryAsync(Cancelled);

        await Eventually.TrueAsync(() => heard.Count(c => c.Kind is ChangeKind.Everything) == 2, "the listener comes back", Cancelled);
        await StopAsync(Host);
    }

    [Fact]
    public async Task The_poll_finds_what_no_notification_told()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        Membership gone = await Host.AddOrganizationAsync("gone");
        PersonalAccessToken token = DataHost.NewToken(acme, "laptop");
        await Host.Get<ITokenStore>().AddAsync(token, [1], Cancelled);
        ChangePoll poll = ActivatorUtilities.CreateInstance<ChangePoll>(Host.Services);
        (await poll.LookAsync(Cancelled)).ShouldBeEmpty();

        await Host.AddServerAsync(acme.Organization.Id, "finance");
        await Host.Get<ITokenStore>().RevokeAsync(acme.Organization.Id, [token.Id], DataHost.Now, Cancelled);
        await Host.QueryAsync($"DELETE FROM organizations WHERE id = '{gone.Organization.Id}'");
        Membership made = await Host.AddOrganizationAsync("made");

        (await poll.LookAsync(Cancelled)).ShouldBe(
        [
            new Change(ChangeKind.Token, token.Id.Value),
            new Change(ChangeKind.Configuration, acme.Organization.Id.Value),
            new Change(ChangeKind.Configuration, made.Organization.Id.Value),
            new Change(ChangeKind.Configuration, gone.Organization.Id.Value),
        ], ignoreOrder: true);
        (await poll.LookAsync(Cancelled)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("x y z")]
    [InlineData("11111111-2222-4333-8444-555555555555 novelty 11111111-2222-4333-8444-555555555555")]
    public void A_message_that_is_not_understood_is_left_alone(string payload) => ChangeMessage.Parse(payload).ShouldBeNull();

    [Fact]
    public async Task Last_uses_are_written_when_the_replica_stops()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        string text = TokenText.Create(TokenText.PersonalAccessTokenPrefix);
        PersonalAccessToken token = DataHost.NewToken(acme, "laptop");
        await Host.Get<ITokenStore>().AddAsync(token, Host.Get<TokenHasher>().Hash(text), Cancelled);
        TokenUseWriter writer = Host.Services.GetServices<IHostedService>().OfType<TokenUseWriter>().Single();
        await writer.StartAsync(Cancelled);

        (await Host.Get<CallerDirectory>().FindAsync(text, Cancelled)).ShouldNotBeNull();
        await writer.StopAsync(Cancelled);

        (await Host.Get<ITokenStore>().ListAsync(acme.Organization.Id, user: null, Cancelled)).Single().LastUsedAt.ShouldNotBeNull();
    }

    private static async Task<ConcurrentQueue<Change>> ListenAsync(DataHost host)
    {
        ConcurrentQueue<Change> heard = new();
        host.Get<ChangeFeed>().Subscribe(change =>
        {
            heard.Enqueue(change);
            return ValueTask.CompletedTask;
        });
        await host.Get<ChangeListener>().StartAsync(Cancelled);
        await Eventually.TrueAsync(() => heard.Any(c => c.Kind is ChangeKind.Everything), "the listener is connected", Cancelled);
        return heard;
    }

    private static async Task StopAsync(params DataHost[] hosts)
    {
        foreach (DataHost host in hosts) await host.Get<ChangeListener>().StopAsync(Cancelled);
    }
}
