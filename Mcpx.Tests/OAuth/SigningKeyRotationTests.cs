using Mcpx.Core.Credentials;
using Mcpx.Core.OAuth;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.OAuth;

public sealed class SigningKeyRotationTests(PostgresFixture postgres) : DataTests(postgres)
{
    private readonly TestClock _clock = new(DataHost.Now);
    private readonly SigningKeyVault _vault = new(new AesGcmSecretProtector(new KeyRing([new byte[32]]), SigningKeyVault.Purpose));

    private readonly ChangeFeed _changes = new();

    private ISigningKeyStore Store => Host.Get<ISigningKeyStore>();

    [Fact]
    public async Task Replicas_that_rotate_at_once_make_one_key()
    {
        var made = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Rotation().RunAsync(Cancelled))));

        made.Count(m => !m.IsEmpty).ShouldBe(1);
        (await Store.ListAsync(Cancelled)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task The_job_says_what_it_did_and_finds_nothing_to_do_afterwards()
    {
        SigningKeyJob job = new(Rotation());

        (await job.RunAsync(Cancelled)).ShouldBe("1 made, 0 taken away.");
        (await job.RunAsync(Cancelled)).ShouldBe("0 made, 0 taken away.");
    }

    [Fact]
    public async Task A_fresh_installation_signs_before_the_job_has_run()
    {
        using SigningKeys keys = new(Store, _vault, Rotation(), _changes, _clock);
        (await keys.ListAsync(Cancelled)).ShouldBeEmpty();

        string? signer = null;
        await keys.SignAsync(id => System.Text.Encoding.UTF8.GetBytes(signer = id), Cancelled);

        (await keys.ListAsync(Cancelled)).ShouldHaveSingleItem().Stored.Id.ShouldBe(signer);
    }

    [Fact]
    public async Task The_next_key_is_published_a_day_before_it_signs_and_the_old_one_stays_until_its_tokens_are_dead()
    {
        await Rotation().RunAsync(Cancelled);
        var first = (await Store.ListAsync(Cancelled))[0];
        _clock.Advance(SigningKeyRotation.SignsFor - SigningKeyRotation.PublishedBefore - TimeSpan.FromMinutes(1));
        (await Rotation().RunAsync(Cancelled)).IsEmpty.ShouldBeTrue();

        _clock.Advance(TimeSpan.FromMinutes(1));
        (await Rotation().RunAsync(Cancelled)).IsEmpty.ShouldBeFalse();
        (await Rotation().RunAsync(Cancelled)).IsEmpty.ShouldBeTrue();
        var keys = await Store.ListAsync(Cancelled);
        keys.Count.ShouldBe(2);
        var second = keys[1];
        (second.ActiveAt - _clock.GetUtcNow()).ShouldBe(SigningKeyRotation.PublishedBefore);
        SigningKeyRotation.SignerAt(keys, _clock.GetUtcNow()).ShouldBe(keys[0]);

        _clock.Advance(SigningKeyRotation.PublishedBefore);
        (await Rotation().RunAsync(Cancelled)).IsEmpty.ShouldBeTrue();
        SigningKeyRotation.SignerAt(keys, _clock.GetUtcNow()).ShouldBe(second);
        (first.ExpiresAt - _clock.GetUtcNow()).ShouldBeGreaterThan(AccessTokens.Lifetime);
        _clock.Advance(SigningKeyRotation.AcceptedAfter);
        (await Rotation().RunAsync(Cancelled)).IsEmpty.ShouldBeFalse();
        (await Store.ListAsync(Cancelled)).Select(k => k.Id).ShouldBe([second.Id]);
    }

    [Fact]
    public async Task After_an_outage_over_the_change_there_is_a_key_at_once()
    {
        await Rotation().RunAsync(Cancelled);
        _clock.Advance(TimeSpan.FromDays(60));

        await Rotation().RunAsync(Cancelled);

        var key = (await Store.ListAsync(Cancelled)).ShouldHaveSingleItem();
        SigningKeyRotation.SignerAt([key], _clock.GetUtcNow()).ShouldBe(key);
    }

    [Fact]
    public async Task The_private_part_opens_in_its_own_row_only()
    {
        await Rotation().RunAsync(Cancelled);
        var key = (await Store.ListAsync(Cancelled))[0];

        _vault.Open(key).ShouldNotBeNull();
        _vault.Open(key with { Id = "another" }).ShouldBeNull();
        new SigningKeyVault(new AesGcmSecretProtector(new KeyRing([[.. Enumerable.Repeat((byte)1, 32)]]), SigningKeyVault.Purpose)).Open(key).ShouldBeNull();
    }

    private SigningKeyRotation Rotation() => new(Store, _vault, _changes, _clock, NullLogger<SigningKeyRotation>.Instance);
}
