using System.Security.Cryptography;
using System.Text.Json;
using Mcpx.Core.Credentials;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Credentials;

public sealed class SecretProtectorTests
{
    private static readonly TestClock Clock = new();
    private static readonly byte[] Old = RandomNumberGenerator.GetBytes(32);
    private static readonly byte[] New = RandomNumberGenerator.GetBytes(32);

    [Fact]
    public void A_text_opens_where_it_was_sealed_and_is_never_sealed_the_same_way_twice()
    {
        using var protector = Protector(Old);
        var sealed1 = protector.Protect("secret"u8, "here");
        var sealed2 = protector.Protect("secret"u8, "here");

        sealed1.ShouldNotBe(sealed2);
        protector.Unprotect(sealed1, "here").ShouldBe("secret"u8.ToArray());
        protector.Unprotect(protector.Protect([], "here"), "here").ShouldBe([]);
    }

    [Fact]
    public void Many_threads_seal_and_open_at_the_same_time()
    {
        using var protector = Protector(Old);
        var failures = 0;

        Parallel.For(0, 20_000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, number =>
        {
            var text = BitConverter.GetBytes(number);
            if (protector.Unprotect(protector.Protect(text, "here"), "here") is not { } opened || !opened.AsSpan().SequenceEqual(text)) Interlocked.Increment(ref failures);
        });

        failures.ShouldBe(0);
    }

    [Fact]
    public void A_ciphertext_that_was_moved_or_changed_does_not_open()
    {
        using var protector = Protector(Old);
        using var otherPurpose = Protector("other", Old);
        var cipher = protector.Protect("secret"u8, "here");

        protector.Unprotect(cipher, "there").ShouldBeNull();
        otherPurpose.Unprotect(cipher, "here").ShouldBeNull();
        for (var at = 0; at < cipher.Length; at++)
        {
            var changed = cipher.ToArray();
            changed[at] ^= 1;
            protector.Unprotect(changed, "here").ShouldBeNull();
            protector.Unprotect(cipher.AsSpan(0, at), "here").ShouldBeNull();
        }
    }

    [Fact]
    public void Keys_rotate_the_first_seals_and_all_open()
    {
        using var before = Protector(Old);
        using var during = Protector(New, Old);
        using var after = Protector(New);
        var old = before.Protect("secret"u8, "here");
        var fresh = during.Protect("secret"u8, "here");

        during.Unprotect(old, "here").ShouldNotBeNull();
        after.Unprotect(fresh, "here").ShouldNotBeNull();
        after.Unprotect(old, "here").ShouldBeNull();
        before.Unprotect(fresh, "here").ShouldBeNull();
    }

    [Fact]
    public void Tokens_survive_a_rotation()
    {
        var stored = new TokenHasher(new KeyRing([Old])).Hash("token");

        new TokenHasher(new KeyRing([New, Old])).AllHashes("token").ShouldContain(h => h.SequenceEqual(stored));
        new TokenHasher(new KeyRing([New])).AllHashes("token").ShouldNotContain(h => h.SequenceEqual(stored));
    }

    [Fact]
    public void A_credential_belongs_to_its_server_and_organisation()
    {
        using var protector = Protector(Old);
        var vault = new CredentialVault(protector);
        var (organization, server) = (EntityId.New<OrganizationId>(Clock), EntityId.New<ServerId>(Clock));
        var stored = vault.Seal(organization, server, new CredentialInput(CredentialKind.Bearer, Secret: new Secret("a-long-secret-1234")))!;

        vault.Open(stored).ToHeader()!.Value.Value.Reveal().ShouldBe("Bearer a-long-secret-1234");
        stored.Hint.ShouldBe("••••1234");
        Should.Throw<CredentialUnreadableException>(() => vault.Open(stored with { Server = EntityId.New<ServerId>(Clock) }));
        Should.Throw<CredentialUnreadableException>(() => vault.Open(stored with { Organization = EntityId.New<OrganizationId>(Clock) }));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" , ")]
    [InlineData("c2hvcnQ=")]
    public void A_ring_without_a_strong_key_is_refused(string keys) => Should.Throw<ArgumentException>(() => KeyRing.Parse(keys));

    [Fact]
    public void A_passphrase_is_no_key() => Should.Throw<FormatException>(() => KeyRing.Parse("correct horse battery staple"));

    [Fact]
    public void A_secret_neither_prints_nor_serializes()
    {
        var secret = new Secret("a-long-secret-1234");

        $"{secret}".ShouldBe("***");
        new CredentialInput(CredentialKind.Bearer, Secret: secret).ToString().ShouldNotContain("a-long");
        Should.Throw<NotSupportedException>(() => JsonSerializer.Serialize(new { secret }));
        Should.Throw<NotSupportedException>(() => JsonSerializer.Deserialize<Secret>("\"x\""));
        new Secret("short").Hint().ShouldBe("••••");
    }

    private static AesGcmSecretProtector Protector(params byte[][] keys) => Protector("purpose", keys);

    private static AesGcmSecretProtector Protector(string purpose, params byte[][] keys) => new(new KeyRing(keys), purpose);
}
