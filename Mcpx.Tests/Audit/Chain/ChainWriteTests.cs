using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Calls;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Calls;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Audit.Chain;

/// <summary>Every record gets its link, once, in the transaction that writes it.</summary>
public sealed class ChainWriteTests(PostgresFixture postgres) : DataTests(postgres)
{
    [Fact]
    public async Task Calls_and_entries_stand_in_one_chain_and_verify()
    {
        ChainLab lab = await ChainLab.CreateAsync(Host);
        await lab.WriteCallsAsync(30);
        await lab.WriteEntriesAsync(5);
        await lab.WriteCallsAsync(3);

        ChainReport report = await lab.VerifyAsync();

        report.Finding.ShouldBeNull();
        // The organisation's beginning is an entry too.
        (report.First, report.Last, report.Calls, report.Entries, report.Before).ShouldBe((1, 39, 33, 6, 0L));
        (report.From, report.To).ShouldSatisfyAllConditions(t => t.From.ShouldNotBeNull(), t => t.To!.Value.ShouldBeGreaterThan(t.From!.Value));
        (report.Checkpoints, report.SignedAt).ShouldBe((0, null));
    }

    [Fact]
    public async Task Each_organisation_has_a_chain_of_its_own_and_nobody_has_none()
    {
        ChainLab acme = await ChainLab.CreateAsync(Host), globex = await ChainLab.CreateAsync(Host, "globex");
        CallRecord nobodys = DataHost.NewCall(OrganizationId.None, DataHost.Now, CallOutcome.Unauthenticated);
        await Host.Get<ICallStore>().WriteAsync([acme.NewCall(1), nobodys, globex.NewCall(2), acme.NewCall(3)], Cancelled);

        (await acme.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => r.Calls.ShouldBe(2));
        (await globex.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => r.Calls.ShouldBe(1));
        (await acme.QueryAsync<long>("SELECT count(*) FROM audit_links WHERE record_id = '" + nobodys.Id + "'")).ShouldBe(0);
    }

    [Fact]
    public async Task What_a_person_does_for_themselves_is_linked_where_they_belong()
    {
        ChainLab lab = await ChainLab.CreateAsync(Host);
        UserSession session = new(DataHost.NewId<SessionId>(), lab.Actor.User!.Value, "link", "Chrome", "127.0.0.1", DataHost.Now, DataHost.Now, DataHost.Now.AddHours(1), null);
        await Host.Get<ISessionStore>().AddAsync(session, Cancelled);

        (await lab.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => r.Entries.ShouldBe(2));
    }

    [Fact]
    public async Task A_batch_that_is_delivered_again_makes_no_second_link()
    {
        ChainLab lab = await ChainLab.CreateAsync(Host);
        CallRecord[] calls = [.. await lab.WriteCallsAsync(20)];
        await Host.Get<ICallStore>().WriteAsync(calls, Cancelled);
        await Host.Get<ICallStore>().WriteAsync([.. calls[5..], lab.NewCall(100)], Cancelled);

        (await lab.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => r.Calls.ShouldBe(21));
    }

    [Fact]
    public async Task Two_replicas_that_drain_the_same_calls_beside_changes_make_one_chain()
    {
        ChainLab lab = await ChainLab.CreateAsync(Host), other = await ChainLab.CreateAsync(Host, "globex");
        await using DataHost second = await DataHost.JoinAsync(Host.ConnectionString);
        CallRecord[][] batches = [.. Enumerable.Range(0, 12).Select(b => Enumerable.Range(0, 40).Select(i => (i % 2 == 0 ? lab : other).NewCall(b * 40 + i)).ToArray())];

        await Task.WhenAll(
            DrainAsync(Host, batches), DrainAsync(second, [.. batches.Reverse()]), DrainAsync(Host, [.. batches.Select(b => b.Reverse().ToArray())]),
            lab.WriteEntriesAsync(10), other.WriteEntriesAsync(10));

        foreach (ChainLab one in (ChainLab[])[lab, other])
            (await one.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => (r.Calls, r.Entries).ShouldBe((240, 11)));

        static async Task DrainAsync(DataHost host, CallRecord[][] batches)
        {
            foreach (CallRecord[] batch in batches) await host.Get<ICallStore>().WriteAsync(batch, Cancelled);
        }
    }

    [Fact]
    public async Task A_batch_that_dies_in_the_middle_leaves_neither_calls_nor_links()
    {
        ChainLab lab = await ChainLab.CreateAsync(Host);
        await lab.ExecuteAsync("""
            CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';
            CREATE TRIGGER die BEFORE INSERT ON audit_links FOR EACH ROW WHEN (NEW.seq = 12) EXECUTE FUNCTION die()
            """);
        CallRecord[] calls = [.. Enumerable.Range(0, 20).Select(i => lab.NewCall(i))];
        await Should.ThrowAsync<NpgsqlException>(() => Host.Get<ICallStore>().WriteAsync(calls, Cancelled));
        (await lab.QueryAsync<long>("SELECT count(*) FROM calls")).ShouldBe(0);
        (await lab.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => r.Last.ShouldBe(1));

        await lab.ExecuteAsync("DROP TRIGGER die ON audit_links");
        await Host.Get<ICallStore>().WriteAsync(calls, Cancelled);

        (await lab.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => r.Calls.ShouldBe(20));
    }

    [Fact]
    public async Task Calls_that_are_announced_or_interrupted_are_linked_when_they_end()
    {
        ChainLab lab = await ChainLab.CreateAsync(Host);
        CallRecord ended = lab.NewCall(1) with { Stage = RecordStage.Intent }, lost = lab.NewCall(2) with { Stage = RecordStage.Intent };
        await Host.Get<ICallStore>().WriteAsync([ended, lost], Cancelled);
        (await lab.VerifyAsync()).Calls.ShouldBe(0);

        await Host.Get<ICallStore>().WriteAsync([ended with { Stage = RecordStage.End, Outcome = CallOutcome.Ok }], Cancelled);
        (await Host.Get<ICallStore>().EndInterruptedAsync(DataHost.Now.AddHours(1), Cancelled)).ShouldBe(1);
        // It comes back, too late.
        await Host.Get<ICallStore>().WriteAsync([lost with { Stage = RecordStage.End, Outcome = CallOutcome.Ok }], Cancelled);

        (await lab.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => r.Calls.ShouldBe(2));
    }

    [Fact]
    public async Task The_chain_goes_on_when_the_ring_turns()
    {
        ChainLab lab = await ChainLab.CreateAsync(Host);
        await lab.WriteCallsAsync(3);
        Core.Credentials.KeyRing both = new([[.. Enumerable.Range(0, 32).Select(i => (byte)i)], new byte[32]]);
        await using (DataHost turning = await DataHost.JoinAsync(Host.ConnectionString, keys: both))
            await new Core.Credentials.KeyRotation(both, turning.Services.GetServices<Core.Credentials.ISealedColumn>(), NullLogger<Core.Credentials.KeyRotation>.Instance).RunAsync(Cancelled);
        Core.Credentials.KeyRing alone = new([[.. Enumerable.Range(0, 32).Select(i => (byte)i)]]);
        // The passwords of the logins follow at a start with both, see there.
        await using DataHost after = await DataHost.JoinAsync(Host.ConnectionString, keys: both);
        await after.Get<ICallStore>().WriteAsync([lab.NewCall(9)], Cancelled);

        (await new AuditKeys(after.Get<IAuditKeyStore>(), new AuditKeyVault(new Core.Credentials.AesGcmSecretProtector(alone, AuditKeyVault.Purpose)), TimeProvider.System).GetAsync(Cancelled)).Id
            .ShouldBe((await Host.Get<AuditKeys>().GetAsync(Cancelled)).Id);
        (await ChainLab.AdminOf(after).VerifyAsync(lab.Actor, null, Cancelled)).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => r.Calls.ShouldBe(4));
    }

    [Fact]
    public async Task Without_its_key_nothing_is_written()
    {
        ChainLab lab = await ChainLab.CreateAsync(Host);
        await lab.ExecuteAsync("UPDATE audit_keys SET secret = decode(md5('x'), 'hex')");
        await using DataHost shut = await DataHost.JoinAsync(Host.ConnectionString);

        (await Should.ThrowAsync<System.Security.Cryptography.CryptographicException>(() => shut.Get<ICallStore>().WriteAsync([lab.NewCall(1)], Cancelled))).Message.ShouldContain("ENCRYPTION_KEY");
        (await lab.QueryAsync<long>("SELECT count(*) FROM calls")).ShouldBe(0);
    }

    [Fact]
    public async Task What_was_written_before_there_were_chains_is_counted_and_not_verified()
    {
        ChainLab lab = await ChainLab.CreateAsync(Host);
        await lab.WriteCallsAsync(4);
        // As an upgrade leaves it: rows without links, and until when the previous release may have written.
        await lab.ExecuteAsync("DELETE FROM audit_links; UPDATE audit_begin SET at = now() + interval '1 hour'");
        await lab.WriteCallsAsync(2);

        (await lab.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => (r.Calls, r.Before).ShouldBe((2, 5L)));
        await lab.Keeper.SignAsync(Cancelled);
        await lab.ExecuteAsync("UPDATE audit_begin SET at = now() + interval '2 hours'");
        (await lab.VerifyAsync()).Finding.ShouldNotBeNull().Fault.ShouldBe(ChainFault.BeginAltered);
    }

    [Fact]
    public async Task An_organisation_that_ends_takes_its_chain_along()
    {
        ChainLab lab = await ChainLab.CreateAsync(Host), other = await ChainLab.CreateAsync(Host, "globex");
        await lab.WriteCallsAsync(3);
        await other.WriteCallsAsync(2);
        await lab.Keeper.SignAsync(Cancelled);
        await lab.ExecuteAsync($"DELETE FROM organizations WHERE id = '{lab.Organization}'");

        await Host.Get<OrphanedCalls>().SearchAsync(Cancelled);

        foreach (string table in (string[])["calls", "call_payloads", "audit_links", "audit_checkpoints"])
            (await lab.QueryAsync<long>($"SELECT count(*) FROM {table} WHERE org_id = '{lab.Organization}'")).ShouldBe(0, table);
        (await other.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => r.Calls.ShouldBe(2));
        (await Should.ThrowAsync<PostgresException>(() => lab.QueryAsync<int>($"SELECT audit_delete_ended('{other.Organization}', 10)"))).MessageText.ShouldContain("not gone");
    }

    [Fact]
    public void The_columns_that_are_hashed_are_those_that_are_written()
    {
        ChainSchema.Record(ChainKind.Call, ChainSchema.Newest)!.Select(c => c.Name).ShouldBe(CallCopy.CallColumns.Split(", "), "A new column of calls makes a new version of ChainSchema.");
        ChainSchema.Payload(ChainSchema.Newest)!.Select(c => c.Name.Replace("_sha256", "", StringComparison.Ordinal)).ShouldBe(CallCopy.PayloadColumns.Split(", "), "A new column of payloads makes a new version of ChainSchema.");
    }

    [Fact]
    public async Task Every_column_of_an_entry_is_hashed()
    {
        string columns = (string)(await Host.QueryAsync("SELECT string_agg(attname, ',') FROM pg_attribute WHERE attrelid = 'admin_entries'::regclass AND attnum > 0 AND NOT attisdropped"))!;
        columns.Split(',').ShouldBe(ChainSchema.Record(ChainKind.Entry, ChainSchema.Newest)!.Select(c => c.Name), ignoreOrder: true);
    }
}
