using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

public sealed class IdentityStoreTests(PostgresFixture postgres) : DataTests(postgres)
{
    private ITokenStore Tokens => Host.Get<ITokenStore>();

    private ISignInLinkStore Links => Host.Get<ISignInLinkStore>();

    private IMembershipStore Memberships => Host.Get<IMembershipStore>();

    [Fact]
    public async Task Replicas_that_ensure_the_owner_together_agree_on_one()
    {
        await using DataHost other = await DataHost.JoinAsync(Host.ConnectionString);
        Membership[] owners = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => (i % 2 == 0 ? Host : other).AddOrganizationAsync("acme")));

        owners.Distinct().ShouldHaveSingleItem().Role.ShouldBe(Role.Owner);
        (await Host.QueryAsync("SELECT count(*) FROM members")).ShouldBe(1L);
        (await Host.QueryAsync("SELECT count(*) FROM users")).ShouldBe(1L);
    }

    [Fact]
    public async Task An_owner_is_found_in_their_organisation_only()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        Membership globex = await Host.AddOrganizationAsync("globex");

        (await Memberships.FindAsync("acme", acme.User.Id, Cancelled)).ShouldBe(acme);
        (await Memberships.FindAsync("globex", acme.User.Id, Cancelled)).ShouldBeNull();
        (await Memberships.FindAsync("nowhere", acme.User.Id, Cancelled)).ShouldBeNull();
        (await Memberships.FindAsync("ac\0me\uD800", acme.User.Id, Cancelled)).ShouldBeNull();
        (await Memberships.ListAsync(globex.User.Id, Cancelled)).ShouldBe([globex]);
    }

    [Fact]
    public async Task A_user_may_own_several_organisations_listed_by_name()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        foreach (string slug in (string[])["zeta", "beta"])
            await Memberships.EnsureOwnerAsync(new Organization(DataHost.NewId<OrganizationId>(), slug, slug), acme.User, Cancelled);

        (await Memberships.ListAsync(acme.User.Id, Cancelled)).Select(m => m.Organization.Slug).ShouldBe(["acme", "beta", "zeta"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_token_is_found_by_any_of_its_hashes()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        PersonalAccessToken token = DataHost.NewToken(acme, "laptop");
        await Tokens.AddAsync(token, [1, 2, 3], Cancelled);

        TokenGrant? grant = await Tokens.FindByHashAsync([[9, 9], [1, 2, 3]], Cancelled);

        grant.ShouldBe(new TokenGrant(token, acme));
        (await Tokens.FindByHashAsync([[9, 9]], Cancelled)).ShouldBeNull();
        await Should.ThrowAsync<Exception>(() => Tokens.AddAsync(token with { Id = DataHost.NewId<TokenId>() }, [1, 2, 3], Cancelled));
    }

    [Fact]
    public async Task A_token_of_somebody_who_left_stands_for_nobody()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        await Tokens.AddAsync(DataHost.NewToken(acme, "laptop"), [1], Cancelled);
        await Host.QueryAsync("DELETE FROM members");

        (await Tokens.FindByHashAsync([[1]], Cancelled)).ShouldBeNull();
        (await Tokens.ListAsync(acme.Organization.Id, user: null, Cancelled)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Tokens_are_listed_newest_first_and_never_across_organisations()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        Membership globex = await Host.AddOrganizationAsync("globex");
        PersonalAccessToken old = DataHost.NewToken(acme, "old") with { CreatedAt = DataHost.Now.AddDays(-1) };
        PersonalAccessToken recent = DataHost.NewToken(acme, "new");
        await Tokens.AddAsync(old, [1], Cancelled);
        await Tokens.AddAsync(recent, [2], Cancelled);

        (await Tokens.ListAsync(acme.Organization.Id, user: null, Cancelled)).ShouldBe([recent with { UserName = acme.User.Name }, old with { UserName = acme.User.Name }]);
        (await Tokens.ListAsync(acme.Organization.Id, globex.User.Id, Cancelled)).ShouldBeEmpty();
        (await Tokens.ListAsync(globex.Organization.Id, user: null, Cancelled)).ShouldBeEmpty();
        (await Tokens.RevokeAsync(globex.Organization.Id, [old.Id], DataHost.Now, Cancelled)).ShouldBeEmpty();
        (await Host.QueryAsync("SELECT count(*) FROM tokens WHERE revoked_at IS NOT NULL")).ShouldBe(0L);
    }

    [Fact]
    public async Task Revoking_twice_keeps_the_first_instant()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        PersonalAccessToken token = DataHost.NewToken(acme, "laptop");
        await Tokens.AddAsync(token, [1], Cancelled);
        DateTimeOffset first = DataHost.Now;

        (await Tokens.RevokeAsync(acme.Organization.Id, [token.Id], first, Cancelled)).ShouldBe([token.Id]);
        (await Tokens.RevokeAsync(acme.Organization.Id, [token.Id], first.AddHours(1), Cancelled)).ShouldBeEmpty();

        (await Tokens.FindByHashAsync([[1]], Cancelled))!.Token.RevokedAt.ShouldBe(first);
    }

    [Fact]
    public async Task Last_use_moves_forward_only_also_when_replicas_write_together()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        DateTimeOffset now = DataHost.Now;
        PersonalAccessToken[] tokens = [.. Enumerable.Range(0, 30).Select(i => DataHost.NewToken(acme, $"token {i}"))];
        foreach ((int i, PersonalAccessToken token) in tokens.Index()) await Tokens.AddAsync(token, [(byte)i], Cancelled);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(turn => Tokens.TouchAsync(
            (turn % 2 == 0 ? tokens : tokens.Reverse()).ToDictionary(t => t.Id, _ => now.AddMinutes(turn)), Cancelled)));
        await Tokens.TouchAsync(tokens.ToDictionary(t => t.Id, _ => now.AddDays(-1)), Cancelled);
        await Tokens.TouchAsync(new Dictionary<TokenId, DateTimeOffset>(), Cancelled);

        (await Tokens.ListAsync(acme.Organization.Id, user: null, Cancelled)).ShouldAllBe(t => t.LastUsedAt == now.AddMinutes(7));
    }

    [Fact]
    public async Task A_link_that_twenty_take_at_once_lets_one_in()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        await Links.AddAsync([7], acme.User.Id, DataHost.Now.AddHours(1), Cancelled);

        UserId?[] taken = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Links.TakeAsync([7], DataHost.Now, Cancelled)));

        taken.OfType<UserId>().ShouldHaveSingleItem().ShouldBe(acme.User.Id);
    }

    [Fact]
    public async Task A_link_that_expired_or_never_was_lets_nobody_in()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        DateTimeOffset now = DataHost.Now;
        await Links.AddAsync([7], acme.User.Id, now, Cancelled);
        (await Links.TakeAsync([7], now, Cancelled)).ShouldBeNull();
        (await Links.TakeAsync([8], now, Cancelled)).ShouldBeNull();
    }

    [Fact]
    public async Task Data_protection_keys_come_back_as_they_went_in()
    {
        TestClock clock = new();
        await using DataHost host = await DataHost.JoinAsync(Host.ConnectionString, clock);
        IDataProtectionKeyStore keys = host.Get<IDataProtectionKeyStore>();
        keys.List().ShouldBeEmpty();
        keys.Add("key-1", "<key id=\"1\"/>");
        clock.Advance(TimeSpan.FromMilliseconds(1));
        keys.Add("key-2", "<key id=\"2\">ü</key>");
        keys.List().ShouldBe(["<key id=\"1\"/>", "<key id=\"2\">ü</key>"]);
    }

    [Fact]
    public async Task A_row_can_not_point_into_another_organisation()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        Membership globex = await Host.AddOrganizationAsync("globex");
        await Host.AddServerAsync(acme.Organization.Id, "finance", [1]);

        await Should.ThrowAsync<PostgresException>(() => Host.QueryAsync($"UPDATE credentials SET org_id = '{globex.Organization.Id}'"));
    }
}
