using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Identity;

/// <summary>Whose account a sign-in opens, over the real tables.</summary>
public sealed class AccountsTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static readonly string[] Providers = ["google", "github", "microsoft", "oidc"];

    private static int _numbers;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static IdentityProviders Known => new([.. Providers.Select(p => new IdentityProvider(p, p) { HasIssuerPerTenant = p == "microsoft" })]);

    private Accounts Accounts => new(Store, Known, SignInPolicy.Everybody, Refused, new ChangeFeed(), TimeProvider.System, NullLogger<Accounts>.Instance);

    private RefusedSignIns Refused => gateway.Services.GetRequiredService<RefusedSignIns>();

    private IAccountStore Store => gateway.Services.GetRequiredService<IAccountStore>();

    private IMembershipStore Memberships => gateway.Services.GetRequiredService<IMembershipStore>();

    /// <summary>A second sign-in after a first one, and whether it opens the first one's account.</summary>
    [Theory]
    [InlineData("google", true, "github", true, true)]
    [InlineData("github", true, "google", true, true)]
    [InlineData("microsoft", true, "google", true, true)]
    [InlineData("oidc", true, "github", true, true)]
    [InlineData("google", false, "github", true, false)]
    [InlineData("google", true, "github", false, false)]
    [InlineData("google", false, "github", false, false)]
    [InlineData("google", true, "google", true, false)]
    [InlineData("microsoft", true, "microsoft", true, false)]
    public async Task An_address_joins_two_logins_only_when_both_can_be_trusted_and_of_different_providers(
        string first, bool firstTrusted, string second, bool secondTrusted, bool joins)
    {
        var email = Unique("join") + "@example.com";
        var user = await SignInAsync(Identity(first, email, firstTrusted));
        var again = await SignInAsync(Identity(second, email.ToUpperInvariant(), secondTrusted));

        (again == user).ShouldBe(joins);
        (await Store.ListLoginsAsync(user, Cancelled)).Count.ShouldBe(joins ? 2 : 1);
    }

    [Theory]
    [InlineData("oidc", true)]
    [InlineData("microsoft", false)]
    public async Task Who_moves_to_another_issuer_comes_along_but_another_tenant_does_not(string provider, bool joins)
    {
        var email = Unique("moved") + "@example.com";
        var user = await SignInAsync(Identity(provider, email));

        (await SignInAsync(Identity(provider, email) with { Issuer = "https://another.example" }) == user).ShouldBe(joins);
    }

    [Fact]
    public async Task A_known_login_stays_with_its_account_whatever_its_address_becomes()
    {
        var login = Identity("google", Unique("before") + "@example.com");
        var user = await SignInAsync(login);
        var other = await SignInAsync(Identity("github", Unique("other") + "@example.com"));
        var others = (await Store.FindUserAsync(other, Cancelled))!.Email;

        (await SignInAsync(login with { Email = others })).ShouldBe(user);
        (await SignInAsync(login with { Email = null, EmailTrusted = false })).ShouldBe(user);
    }

    [Fact]
    public async Task An_address_that_two_accounts_have_joins_neither()
    {
        var email = Unique("twice") + "@example.com";
        var first = await SignInAsync(Identity("google", email));
        var second = await SignInAsync(Identity("google", email));

        (await SignInAsync(Identity("github", email))).ShouldNotBeOneOf(first, second);
    }

    [Fact]
    public async Task A_trusted_address_that_was_lost_joins_nobody_any_more()
    {
        var email = Unique("lost") + "@example.com";
        var login = Identity("google", email);
        var user = await SignInAsync(login);
        await SignInAsync(login with { EmailTrusted = false });

        (await SignInAsync(Identity("github", email))).ShouldNotBe(user);
    }

    // The Kelvin sign folds to k: somebody may well own that address, at another server.
    [Theory]
    [InlineData("\u212Aelvin{0}@example.com")]
    [InlineData("kelvin{0}@ex\u0430mple.com")]
    [InlineData("kelvin{0}@example.com\u200b")]
    [InlineData("kelvin{0}@evil.example@example.com")]
    [InlineData("kelvin{0}@\uff45xample.com")]
    public async Task An_address_that_only_looks_the_same_joins_nobody(string pattern)
    {
        var number = Unique("");
        var user = await SignInAsync(Identity("google", $"kelvin{number}@example.com"));

        (await SignInAsync(Identity("github", pattern.Replace("{0}", number, StringComparison.Ordinal)))).ShouldNotBe(user);
    }

    [Fact]
    public async Task Two_first_sign_ins_at_once_make_one_user()
    {
        for (var round = 0; round < 5; round++)
        {
            var email = Unique("race") + "@example.com";
            var same = Identity("google", email);
            var users = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => SignInAsync(i % 2 == 0 ? same : Identity("github", email, subject: $"race-{round}"))));

            var user = users.Distinct().ShouldHaveSingleItem();
            (await Store.ListLoginsAsync(user, Cancelled)).Count.ShouldBe(2);
            (await Memberships.ListAsync(user, Cancelled)).ShouldHaveSingleItem().Role.ShouldBe(Role.Owner);
        }
    }

    [Theory]
    [InlineData("Ada Lovelace", "ada-lovelace")]
    [InlineData("Ada Lovelace", "ada-lovelace-")]
    [InlineData("profile", "profile-")]
    [InlineData("API", "api-")]
    [InlineData("李", "personal")]
    public async Task A_personal_organisation_gets_a_slug_of_its_own(string name, string slug)
    {
        // The theory's rows run in any order: the first of a name takes the plain slug.
        if (slug == "ada-lovelace-") await SignInAsync(Identity("google", null, name: name));
        var own = (await Memberships.ListAsync(await SignInAsync(Identity("google", null, name: name)), Cancelled)).Single().Organization;

        own.Slug.ShouldStartWith(slug);
        if (slug[^1] == '-') own.Slug.Length.ShouldBe(slug.Length + 6);
        own.Name.ShouldBe(name);
    }

    [Theory]
    [InlineData("", "issuer")]
    [InlineData("a b", "issuer")]
    [InlineData("a\nb", "issuer")]
    [InlineData("sub", "")]
    public async Task An_identity_without_a_key_is_nobody(string subject, string issuer)
    {
        var outcome = await Accounts.SignInAsync(new ExternalIdentity("google", issuer, subject, "x", null, false), Cancelled);
        outcome.ShouldBe(new SignInOutcome.Refused(SignInRefusal.Unusable));
    }

    [Fact]
    public async Task A_name_is_kept_without_what_would_turn_the_text_around()
    {
        var user = await SignInAsync(Identity("google", null, name: "\u202E Eve\u0000\r\nOwner \u2028" + new string('x', 500)));

        var name = (await Store.FindUserAsync(user, Cancelled))!.Name;
        name.ShouldStartWith("EveOwner");
        name.Length.ShouldBe(100);
    }

    [Theory]
    [InlineData("a@example.com", true, null)]
    [InlineData("a@EXAMPLE.com", true, null)]
    [InlineData("a@example.com", false, SignInRefusal.EmailNotVerified)]
    [InlineData(null, true, SignInRefusal.EmailNotVerified)]
    [InlineData("a@example.com.evil.example", true, SignInRefusal.DomainNotAdmitted)]
    [InlineData("a@sub.example.com", true, SignInRefusal.DomainNotAdmitted)]
    public async Task New_accounts_can_be_kept_to_some_domains(string? email, bool trusted, SignInRefusal? refusal)
    {
        var admitting = new Accounts(Store, Known, new SignInPolicy(["example.com"]), Refused, new ChangeFeed(), TimeProvider.System, NullLogger<Accounts>.Instance);
        var identity = Identity("google", email is null ? null : Unique("d") + email, trusted);
        var outcome = await admitting.SignInAsync(identity, Cancelled);
        (outcome as SignInOutcome.Refused)?.Reason.ShouldBe(refusal!.Value);
        (outcome is SignInOutcome.SignedIn).ShouldBe(refusal is null);

        // Who is known comes in, whatever the address.
        await SignInAsync(identity);
        (await admitting.SignInAsync(identity, Cancelled)).ShouldBeOfType<SignInOutcome.SignedIn>();
    }

    [Fact]
    public async Task The_last_way_in_stays_however_many_try_at_once()
    {
        var admin = new AccountAdmin(Store, Memberships, Known, TimeProvider.System, NullLogger<AccountAdmin>.Instance);
        var first = Identity("google", Unique("way") + "@example.com");
        var user = await SignInAsync(first);
        for (var i = 0; i < 4; i++) await admin.LinkAsync(user, Identity(Providers[i % 4], null), Cancelled);
        var logins = await Store.ListLoginsAsync(user, Cancelled);
        logins.Count.ShouldBe(5);

        var refused = 0;
        await Task.WhenAll(logins.Select(async login =>
        {
            try
            {
                await admin.UnlinkAsync(user, login.Issuer, login.Subject, Cancelled);
            }
            catch (RefusalException.Conflict)
            {
                Interlocked.Increment(ref refused);
            }
        }));

        refused.ShouldBe(1);
        (await Store.ListLoginsAsync(user, Cancelled)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_account_s_address_is_verified_only_while_a_login_vouches_for_it()
    {
        var admin = new AccountAdmin(Store, Memberships, Known, TimeProvider.System, NullLogger<AccountAdmin>.Instance);
        var email = Unique("vouch") + "@example.com";
        var trusted = Identity("google", email);
        var user = await SignInAsync(trusted);
        (await IsVerifiedAsync(user)).ShouldBeTrue();
        await admin.LinkAsync(user, Identity("microsoft", email, trusted: false), Cancelled);
        await admin.UnlinkAsync(user, trusted.Issuer, trusted.Subject, Cancelled);

        (await IsVerifiedAsync(user)).ShouldBeFalse();
        (await Store.FindUserAsync(user, Cancelled))!.Email.ShouldBe(email);
        await Should.ThrowAsync<RefusalException.NotFound>(() => admin.UnlinkAsync(user, trusted.Issuer, trusted.Subject, Cancelled));
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("a\nb")]
    [InlineData("a\u0000b")]
    public async Task A_name_that_is_none_is_refused(string name)
    {
        var admin = gateway.Services.GetRequiredService<AccountAdmin>();
        await Should.ThrowAsync<RefusalException.Invalid>(() => admin.RenameAsync(gateway.Owner.User!.Value, name, Cancelled));
    }

    private static string Unique(string stem) => $"{stem}{Interlocked.Increment(ref _numbers)}";

    private static ExternalIdentity Identity(string provider, string? email, bool trusted = true, string? subject = null, string name = "Somebody") =>
        new(provider, $"https://{provider}.example", subject ?? Unique("subject-"), name, email, trusted);

    private async Task<UserId> SignInAsync(ExternalIdentity identity) =>
        (await Accounts.SignInAsync(identity, Cancelled)).ShouldBeOfType<SignInOutcome.SignedIn>().User;

    private async Task<bool> IsVerifiedAsync(UserId user)
    {
        await using var database = Npgsql.NpgsqlDataSource.Create(gateway.ConnectionString);
        await using var command = database.CreateCommand("SELECT email_verified FROM users WHERE id = $1");
        command.Parameters.Add(new() { Value = user.Value });
        return (bool)(await command.ExecuteScalarAsync(Cancelled))!;
    }
}
