using System.Diagnostics;
using Mcpx.Core.Calls.Export;
using Mcpx.Core.Calls.Streaming;
using Mcpx.Core.Credentials;
using Mcpx.Core.Governance.PolicyEngines;
using Mcpx.Core.Identity;
using Mcpx.Core.OAuth;
using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;
using Mcpx.Core.Servers;
using Mcpx.Data.Credentials;
using Mcpx.Data.Isolation;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Credentials;

/// <summary>Sealing what is stored with another key of the ring, while others write.</summary>
public sealed class KeyRotationTests(PostgresFixture postgres) : DataTests(postgres)
{
    private static readonly byte[] Old = new byte[KeyRing.MinimumKeyBytes], New = [.. Enumerable.Range(0, KeyRing.MinimumKeyBytes).Select(i => (byte)i)];

    private static readonly KeyRing Both = new([New, Old]);

    [Fact]
    public async Task After_a_rotation_the_old_key_may_go_and_everything_opens_with_the_new_one()
    {
        (StoredCredential credential, SigningKey signing) = await SealEverythingAsync();
        KeyRotation rotation = RotationOf(Both);
        KeyUse before = (await rotation.CountAsync(Cancelled)).Single(u => u.Position == 1);
        before.Values.ShouldBe(new Dictionary<string, long> { ["audit-keys"] = 1, ["credentials"] = 1, ["data-protection-keys"] = 1, ["log-streams"] = 1, ["policy-engines"] = 1, ["redaction-keys"] = 1, ["scheduled-exports"] = 1, ["signing-keys"] = 1, ["token-peppers"] = 1 }, ignoreOrder: true);
        before.MayGo.ShouldBeFalse();

        (await rotation.RunAsync(Cancelled)).ShouldBe(new RotationOutcome(9, 0));

        (await rotation.CountAsync(Cancelled)).ShouldSatisfyAllConditions(
            uses => uses.Select(u => u.Total).ShouldBe([9, 0]), uses => uses.Select(u => u.MayGo).ShouldBe([false, true]));
        (await rotation.RunAsync(Cancelled)).ShouldBe(new RotationOutcome(0, 0));
        KeyRing alone = new([New]);
        byte[] rotated = (byte[])(await Host.QueryAsync("SELECT ciphertext FROM credentials"))!;
        VaultOf(alone).Open(credential with { Ciphertext = rotated }).ToHeader()!.Value.Value.Reveal().ShouldBe("Bearer a-long-secret-1234");
        using (System.Security.Cryptography.ECDsa? opened = new SigningKeyVault(new AesGcmSecretProtector(alone, SigningKeyVault.Purpose)).Open((await Host.Get<ISigningKeyStore>().ListAsync(Cancelled)).Single()))
            opened.ShouldNotBeNull().ExportSubjectPublicKeyInfo().ShouldBe(signing.PublicKey);
        Host.Get<IDataProtectionKeyStore>().List().Single().ShouldContain("<key id=\"1\">");
    }

    [Fact]
    public async Task Tokens_go_on_when_the_key_is_gone_under_which_they_were_made()
    {
        TokenHasher first = await HasherAsync(new KeyRing([Old]));
        byte[] stored = first.Hash("token");

        TokenHasher during = await HasherAsync(Both);
        during.Hash("token").ShouldBe(stored, "what a replica makes the others have to find, whatever the order of their keys");
        await RotationOf(Both).RunAsync(Cancelled);

        (await HasherAsync(new KeyRing([New]))).AllHashes("token")[0].ShouldBe(stored);
    }

    [Fact]
    public async Task Replicas_that_start_together_agree_on_the_pepper()
    {
        TokenHasher[] hashers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => HasherAsync(new KeyRing(i % 2 == 0 ? [Old] : [Old, New]))));

        byte[] chosen = hashers[0].AllHashes("token")[0];
        foreach (TokenHasher hasher in hashers) hasher.Hash("token").ShouldBe(chosen);
    }

    [Fact]
    public async Task What_somebody_saves_meanwhile_is_never_overwritten()
    {
        (StoredCredential credential, _) = await SealEverythingAsync();
        StoredCredential saved = VaultOf(Both).Seal(credential.Organization, credential.Server, new CredentialInput(CredentialKind.Bearer, Secret: new Secret("a-newer-secret-5678")))!;
        ISealedColumn[] columns = [.. Columns().Select(c => new Interrupted(c, () => WriteAsync(saved.Ciphertext)))];

        await new KeyRotation(Both, columns, NullLogger<KeyRotation>.Instance).RunAsync(Cancelled);

        byte[] kept = (byte[])(await Host.QueryAsync("SELECT ciphertext FROM credentials"))!;
        kept.ShouldBe(saved.Ciphertext);
    }

    [Fact]
    public async Task A_save_under_the_old_key_behind_the_rotation_is_found_before_it_ends()
    {
        (StoredCredential credential, _) = await SealEverythingAsync();
        StoredCredential late = VaultOf(new KeyRing([Old])).Seal(credential.Organization, credential.Server, new CredentialInput(CredentialKind.Bearer, Secret: new Secret("a-newer-secret-5678")))!;
        int written = 0;
        ISealedColumn[] columns = [.. Columns().Select(c => new Interrupted(c, () => Task.CompletedTask, () => Interlocked.Exchange(ref written, 1) == 0 ? WriteAsync(late.Ciphertext) : Task.CompletedTask))];

        await new KeyRotation(Both, columns, NullLogger<KeyRotation>.Instance).RunAsync(Cancelled);

        byte[] kept = (byte[])(await Host.QueryAsync("SELECT ciphertext FROM credentials"))!;
        VaultOf(new KeyRing([New])).Open(credential with { Ciphertext = kept }).ToHeader()!.Value.Value.Reveal().ShouldBe("Bearer a-newer-secret-5678");
    }

    /// <summary>Each ciphertext is bound to its row: moved, it neither opens nor is sealed for where it lies.</summary>
    [Fact]
    public async Task What_was_moved_to_another_row_stays_shut()
    {
        (StoredCredential credential, _) = await SealEverythingAsync();
        Membership globex = await Host.AddOrganizationAsync("globex");
        UpstreamServer thief = await Host.AddServerAsync(globex.Organization.Id, "thief", [1]);
        await Host.QueryAsync($"UPDATE credentials SET ciphertext = (SELECT ciphertext FROM credentials WHERE server_id = '{credential.Server}') WHERE server_id = '{thief.Id}'");

        (await RotationOf(Both).RunAsync(Cancelled)).ShouldBe(new RotationOutcome(9, 1));

        byte[] moved = (byte[])(await Host.QueryAsync($"SELECT ciphertext FROM credentials WHERE server_id = '{thief.Id}'"))!;
        moved.ShouldBe(credential.Ciphertext);
        Should.Throw<CredentialUnreadableException>(() => VaultOf(Both).Open(credential with { Organization = globex.Organization.Id, Server = thief.Id, Ciphertext = moved }));
    }

    [Fact]
    public async Task What_no_key_opens_is_told_and_left()
    {
        await SealEverythingAsync();
        KeyRotation stranger = RotationOf(new KeyRing([New]));

        (await stranger.RunAsync(Cancelled)).ShouldBe(new RotationOutcome(0, 9));

        KeyUse lost = (await stranger.CountAsync(Cancelled)).Single(u => u.Position is null);
        (lost.Total, lost.MayGo).ShouldBe((9, false));
    }

    [Fact]
    public async Task A_rotation_that_was_cut_off_is_finished_by_the_next_one()
    {
        await SeedAsync(1_200);
        using CancellationTokenSource cut = new();
        ISealedColumn[] columns = [.. Columns().Select(c => new Interrupted(c, () => Task.CompletedTask, cut.CancelAsync))];
        await Should.ThrowAsync<OperationCanceledException>(() => new KeyRotation(Both, columns, NullLogger<KeyRotation>.Instance).RunAsync(cut.Token));
        long left = (await RotationOf(Both).CountAsync(Cancelled)).Single(u => u.Position == 1).Total;
        left.ShouldBeInRange(1, 1_200);

        (await RotationOf(Both).RunAsync(Cancelled)).Resealed.ShouldBe(left);
    }

    [Fact]
    public async Task The_passwords_of_the_logins_are_sealed_anew_by_the_start_that_finds_the_new_key()
    {
        // Not a copy: those share their logins.
        string database = await Postgres.CreateDatabaseAsync();
        await using DataHost old = await DataHost.JoinAsync(database, keys: new KeyRing([Old]));
        await using DataHost both = await DataHost.JoinAsync(database, keys: Both);
        await using DataHost alone = await DataHost.JoinAsync(database, keys: new KeyRing([New]));

        // It did not have to make another password, which would lock out who has the first one.
        NpgsqlDataSource first = old.Get<Databases>().App;
        first.Clear();
        await using NpgsqlConnection still = await first.OpenConnectionAsync(Cancelled);
        still.FullState.ShouldBe(System.Data.ConnectionState.Open);
    }

    /// <summary>A column that is missing here is lost when its key leaves the ring: say what each holds.</summary>
    [Fact]
    public async Task Every_column_of_bytes_is_sealed_anew_or_known_to_hold_no_ciphertext()
    {
        string[] plain =
        [
            "audit_checkpoints.link", "audit_checkpoints.signature", "audit_keys.public_key", "audit_links.leaf", "audit_links.link", "audit_links.payload_hash", "audit_links.seal",
            "audit_stubs.before", "audit_stubs.link", "audit_stubs.signature",
            "client_assertions.jti_hash", "database_logins.password", "invitations.hash", "server_catalogs.content", "service_account_secrets.hash",
            "sign_in_links.hash", "signing_keys.public_key", "tokens.hash", "tool_pins.approved_definition", "tool_pins.approved_hash", "tool_pins.rejected_hash",
            "tool_pins.seen_definition", "tool_pins.seen_hash",
        ];
        string found = (string)(await Host.QueryAsync("""
            SELECT string_agg(c.table_name || '.' || c.column_name, ',') FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
            WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.data_type = 'bytea' AND c.table_name NOT LIKE 'call%'
            """))!;
        found.Split(',').ShouldBe([.. plain, .. SealedColumn.All.Select(p => $"{p.Table}.{p.Column}")], ignoreOrder: true);
    }

    [Fact]
    public async Task Ten_thousand_secrets_take_less_than_a_minute()
    {
        const int Many = 10_000;
        await SeedAsync(Many);

        long began = Stopwatch.GetTimestamp();
        // And the key of the audit, which the first entry made.
        (await RotationOf(Both).RunAsync(Cancelled)).ShouldBe(new RotationOutcome(Many + 1, 0));
        TimeSpan took = Stopwatch.GetElapsedTime(began);

        TestContext.Current.TestOutputHelper!.WriteLine($"{Many:N0} secrets in {took.TotalSeconds:0.0} s");
        took.ShouldBeLessThan(TimeSpan.FromMinutes(1));
    }

    /// <summary>One of each kind under the old key.</summary>
    private async Task<(StoredCredential Credential, SigningKey Signing)> SealEverythingAsync()
    {
        KeyRing ring = new([Old]);
        Membership acme = await Host.AddOrganizationAsync("acme");
        UpstreamServer server = DataHost.NewServer(acme.Organization.Id, "one");
        StoredCredential credential = VaultOf(ring).Seal(acme.Organization.Id, server.Id, new CredentialInput(CredentialKind.Bearer, Secret: new Secret("a-long-secret-1234")))!;
        await Host.Get<IServerStore>().AddAsync(server, credential, Cancelled);
        PolicyEngineVault engines = new(new AesGcmSecretProtector(ring, PolicyEngineVault.Purpose));
        await Host.Get<IPolicyEngineStore>().SaveAsync(new PolicyEngine(acme.Organization.Id, new Uri("https://opa.example.com/v1/data/mcpx/allow"), Enabled: true,
            PolicyEngine.DefaultTimeoutMilliseconds, PolicyEngine.DefaultCacheSeconds, FailOpen: false, IncludeArguments: false, CacheArguments: false,
            engines.Seal(acme.Organization.Id, new Secret("engine-token")), "engi…", DataHost.Now), Cancelled);
        SigningKey signing = new SigningKeyVault(new AesGcmSecretProtector(ring, SigningKeyVault.Purpose)).Create(DataHost.Now, DataHost.Now, DataHost.Now.AddDays(30));
        await Host.Get<ISigningKeyStore>().ChangeAsync(_ => new SigningKeyChange([signing], []), Cancelled);
        using AesGcmSecretProtector cookies = new(ring, DataProtectionSeal.Purpose);
        string sealedKey = Convert.ToBase64String(cookies.Protect("<secret />"u8, DataProtectionSeal.Context));
        Host.Get<IDataProtectionKeyStore>().Add("key-1", $"<key id=\"1\"><descriptor><encryptedSecret xmlns=\"http://schemas.asp.net/2015/03/dataProtection\"><sealed xmlns=\"\">{sealedKey}</sealed></encryptedSecret></descriptor></key>");
        RedactionVault redaction = new(new AesGcmSecretProtector(ring, RedactionVault.Purpose));
        await Host.Get<IRedactionStore>().KeepKeyAsync(acme.Organization.Id, redaction.Seal(acme.Organization.Id, new byte[32]), Cancelled);
        ScheduledExportId export = DataHost.NewId<ScheduledExportId>();
        ExportVault exports = new(new AesGcmSecretProtector(ring, ExportVault.Purpose));
        await Host.Get<IScheduledExportStore>().AddAsync(new ScheduledExport(export, acme.Organization.Id, "nightly", ExportPeriod.Day, Payloads: false, new S3Bucket(new Uri("https://s3.example.com"), "r", "b", "", "k"),
            exports.Seal(acme.Organization.Id, export, new Secret("store-secret")), "••••", DataHost.Now, DataHost.Now, LastRun: null), 1, TestChanges.In(acme.Organization.Id), Cancelled);
        LogStreamId stream = DataHost.NewId<LogStreamId>();
        LogStreamVault streams = new(new AesGcmSecretProtector(ring, LogStreamVault.Purpose));
        await Host.Get<ILogStreamStore>().AddAsync(new LogStream(stream, acme.Organization.Id, "siem", new LogTarget.Webhook(new Uri("https://logs.example.com"), WebhookAuthentication.Authorization),
            streams.Seal(acme.Organization.Id, stream, new Secret("Bearer x")), "••••", "", Payloads: false, DataHost.Now, new LogStreamProgress(0, 0, null, null, null)), 1, TestChanges.In(acme.Organization.Id), Cancelled);
        await HasherAsync(ring);
        return (credential, signing);
    }

    /// <summary>So many servers with a credential under the old key.</summary>
    private async Task SeedAsync(int count)
    {
        OrganizationId organization = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        CredentialVault vault = VaultOf(new KeyRing([Old]));
        ServerId[] ids = [.. Enumerable.Range(0, count).Select(_ => DataHost.NewId<ServerId>())];
        byte[][] ciphertexts = [.. ids.Select(id => vault.Seal(organization, id, new CredentialInput(CredentialKind.Bearer, Secret: new Secret("a-long-secret-1234")))!.Ciphertext)];
        // Everything else about them as the one that was saved has it.
        UpstreamServer pattern = await Host.AddServerAsync(organization, "pattern");
        await CopyServersAsync(Host.Owner, pattern.Id, ids, ciphertexts);
    }

    internal static async Task CopyServersAsync(NpgsqlDataSource owner, ServerId pattern, ServerId[] ids, byte[][] ciphertexts)
    {
        await using NpgsqlCommand copy = owner.CreateCommand("""
            WITH made AS (SELECT id, n FROM unnest($1) WITH ORDINALITY AS u (id, n))
            INSERT INTO servers SELECT (jsonb_populate_record(s, jsonb_build_object('id', m.id, 'slug', 'copy-' || m.n))).* FROM servers s, made m WHERE s.id = $2
            """);
        copy.Parameters.Add(new() { Value = ids.Select(i => i.Value).ToArray() });
        copy.Parameters.Add(new() { Value = pattern.Value });
        await copy.ExecuteNonQueryAsync(Cancelled);
        await using NpgsqlCommand seal = owner.CreateCommand("""
            INSERT INTO credentials (server_id, org_id, kind, header, ciphertext, hint)
            SELECT u.id, s.org_id, $3, NULL, u.c, '' FROM unnest($1, $2) AS u (id, c) JOIN servers s ON s.id = u.id
            """);
        seal.Parameters.Add(new() { Value = ids.Select(i => i.Value).ToArray() });
        seal.Parameters.Add(new() { Value = ciphertexts });
        seal.Parameters.Add(new() { Value = (short)CredentialKind.Bearer });
        await seal.ExecuteNonQueryAsync(Cancelled);
    }

    private async Task<TokenHasher> HasherAsync(KeyRing ring)
    {
        TokenHasher hasher = new(ring);
        await new TokenPeppers(Host.Get<IPepperStore>(), ring, hasher, NullLogger<TokenPeppers>.Instance).LoadAsync(Cancelled);
        return hasher;
    }

    private async Task WriteAsync(byte[] ciphertext)
    {
        await using NpgsqlCommand command = Host.Owner.CreateCommand("UPDATE credentials SET ciphertext = $1");
        command.Parameters.Add(new() { Value = ciphertext });
        await command.ExecuteNonQueryAsync(Cancelled);
    }

    private IEnumerable<ISealedColumn> Columns() => Host.Services.GetServices<ISealedColumn>();

    private KeyRotation RotationOf(KeyRing ring) => new(ring, Columns(), NullLogger<KeyRotation>.Instance);

    private static CredentialVault VaultOf(KeyRing ring) => new(new AesGcmSecretProtector(ring, CredentialVault.Purpose));

    /// <summary>Somebody else acts on the credentials between the reading and the writing of a batch, or after it.</summary>
    private sealed class Interrupted(ISealedColumn inner, Func<Task> before, Func<Task>? then = null) : ISealedColumn
    {
        public string Name => inner.Name;

        public string Purpose => inner.Purpose;

        public Task<IReadOnlyDictionary<uint, long>> CountAsync(CancellationToken cancellationToken) => inner.CountAsync(cancellationToken);

        public Task<IReadOnlyList<SealedCell>> ListOthersAsync(uint key, string? after, int size, CancellationToken cancellationToken) =>
            inner.ListOthersAsync(key, after, size, cancellationToken);

        public async Task<int> ReplaceAsync(IReadOnlyList<ResealedCell> cells, CancellationToken cancellationToken)
        {
            if (inner.Name == "credentials") await before();
            int replaced = await inner.ReplaceAsync(cells, cancellationToken);
            if (inner.Name == "credentials" && then is not null) await then();
            return replaced;
        }
    }
}
