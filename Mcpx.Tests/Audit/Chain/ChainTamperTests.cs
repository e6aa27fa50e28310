using System.Globalization;
using Mcpx.Core.Audit.Chain;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Audit.Chain;

/// <summary>Whoever owns the database changes something of the audit: a verification names the first record that is wrong.</summary>
public sealed class ChainTamperTests(PostgresFixture postgres) : DataTests(postgres)
{
    private static readonly string[] Tables = ["calls", "call_payloads", "admin_entries", "audit_links", "audit_checkpoints", "audit_stubs"];

    private ChainLab _lab = null!;
    private long _last;

    [Fact]
    public async Task Whatever_column_of_whatever_row_is_changed_is_found()
    {
        await SeedAsync();
        foreach (string table in (string[])["calls", "call_payloads", "admin_entries", "audit_links"])
        {
            List<(string Column, string Type)> columns = await ColumnsAsync(table);
            // Words to search by are no part of the record: who doubts them finds them anew from the payloads.
            foreach ((string column, string type) in columns.Where(c => c.Type != "tsvector"))
            {
                // Of every row another one, so that all kinds of rows have their turn.
                (Guid record, long sequence) = await VictimAsync(table, Random.Shared.Next(10_000));
                string key = table == "audit_links" ? $"seq = {sequence}" : $"id = '{record}'";
                ChainReport report = await TamperAsync($"UPDATE {table} SET {column} = {Replaced(table, column, type)} WHERE {key}");
                ChainFinding finding = report.Finding.ShouldNotBeNull($"{table}.{column} of link {sequence}");
                finding.Sequence.ShouldBe(sequence, $"{table}.{column}: {finding.Text}");
                if (table is "calls" or "admin_entries") finding.Record.ShouldBe(record, $"{table}.{column}");
            }
        }

        (await _lab.VerifyAsync()).Finding.ShouldBeNull();
    }

    [Fact]
    public async Task Random_tampering_is_found_each_time_and_the_first_wrong_record_is_named()
    {
        await SeedAsync();
        int seed = Random.Shared.Next();
        Random random = new(seed);
        for (int i = 0; i < Property.Times(normally: 40, nightly: 3_000); i++)
        {
            (string what, string sql, long sequence) = await AttackAsync(random);
            ChainReport report = await TamperAsync(sql);
            string because = $"{what} at {sequence} (seed {seed}, turn {i}): {sql}";
            ChainFinding finding = report.Finding.ShouldNotBeNull(because);
            (finding.Sequence ?? sequence).ShouldBe(sequence, $"{because}: {finding.Text}");
        }

        (await _lab.VerifyAsync()).Finding.ShouldBeNull();
    }

    [Fact]
    public async Task A_chain_that_was_computed_anew_without_the_key_is_found_where_it_begins()
    {
        await SeedAsync();
        (Guid record, long sequence) = await VictimAsync("calls", 3);
        await BackUpAsync();
        await _lab.ExecuteAsync($"UPDATE calls SET outcome = outcome + 1, tool = 'harmless' WHERE id = '{record}'");
        await RelinkAsync(sequence);

        ChainFinding finding = (await _lab.VerifyAsync()).Finding.ShouldNotBeNull();
        (finding.Fault, finding.Sequence, finding.Record).ShouldBe((ChainFault.LinkAltered, sequence, record));
        finding.Text.ShouldContain("without the organisation's key");
        // The hourly signature is not to be had for it either.
        await _lab.ExecuteAsync("DELETE FROM audit_checkpoints");
        (await _lab.Keeper.SignAsync(Cancelled)).ShouldBe((0, 1));
    }

    [Fact]
    public async Task A_tail_that_is_cut_off_is_missed_by_the_checkpoint_behind_it()
    {
        await SeedAsync();
        (_, long sequence) = await VictimAsync("calls", 5);
        ChainReport report = await TamperAsync($"DELETE FROM calls WHERE id IN (SELECT record_id FROM audit_links WHERE seq >= {sequence}); DELETE FROM admin_entries WHERE id IN (SELECT record_id FROM audit_links WHERE seq >= {sequence}); DELETE FROM call_payloads WHERE id IN (SELECT record_id FROM audit_links WHERE seq >= {sequence}); DELETE FROM audit_links WHERE seq >= {sequence}");

        ChainFinding finding = report.Finding.ShouldNotBeNull();
        (finding.Fault, finding.Sequence).ShouldBe((ChainFault.TailMissing, sequence));
        finding.Text.ShouldContain($"The links {sequence} to {_last} are gone");
    }

    [Fact]
    public async Task Checkpoints_that_are_changed_or_forged_are_found()
    {
        await SeedAsync();
        foreach ((string column, string type) in (await ColumnsAsync("audit_checkpoints")).Where(c => c.Column != "org_id"))
            (await TamperAsync($"UPDATE audit_checkpoints SET {column} = {Other(column, type)}")).Finding.ShouldNotBeNull(column).Fault.ShouldBe(ChainFault.CheckpointAltered, column);
        (await TamperAsync("INSERT INTO audit_checkpoints SELECT org_id, seq + 1, link, begins, at, key_id, signature FROM audit_checkpoints LIMIT 1")).Finding.ShouldNotBeNull().Fault.ShouldBe(ChainFault.CheckpointAltered);
    }

    [Fact]
    public async Task Retention_leaves_a_chain_that_verifies_and_a_stub_that_can_t_be_changed()
    {
        _lab = await ChainLab.CreateAsync(Host);
        DateTimeOffset old = DataHost.Now.AddDays(-2);
        await _lab.WriteCallsAsync(30, old);
        await _lab.WriteCallsAsync(10);
        await _lab.Keeper.SignAsync(Cancelled);
        // The first link is of the organisation's own beginning, which is today's: what stands behind it waits for it.
        (await _lab.Keeper.RemoveAsync(_lab.Organization, DataHost.Now.AddDays(-1), Cancelled)).ShouldBe(new ChainRemoval(0, 0, 0));

        (await _lab.Keeper.RemovePayloadsAsync(_lab.Organization, DataHost.Now.AddDays(1), Cancelled)).Calls.ShouldBe(40);
        (await _lab.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => (r.Calls, r.ExpiredPayloads).ShouldBe((40, 40)));
        IReadOnlyList<Core.Calls.CallRecord> fresh = await _lab.WriteCallsAsync(5, DataHost.Now.AddMinutes(10));
        (await _lab.Keeper.RemoveAsync(_lab.Organization, DataHost.Now.AddMinutes(5), Cancelled)).ShouldBe(new ChainRemoval(40, 1, 1));

        ChainReport report = await _lab.VerifyAsync();
        report.Finding.ShouldBeNull();
        (report.First, report.Last, report.Calls, report.RemovedCalls, report.RemovedEntries).ShouldBe((42, 46, 5, 40, 1));
        (await _lab.QueryAsync<long>("SELECT count(*) FROM calls")).ShouldBe(5);
        (await _lab.QueryAsync<long>("SELECT count(*) FROM call_payloads")).ShouldBe(5);
        (await _lab.QueryAsync<long>("SELECT count(*) FROM admin_entries")).ShouldBe(0);

        (await TamperAsync($"DELETE FROM call_payloads WHERE id = '{fresh[2].Id}'")).Finding.ShouldNotBeNull().ShouldSatisfyAllConditions(f => f.Fault.ShouldBe(ChainFault.PayloadMissing), f => f.Record.ShouldBe(fresh[2].Id.Value));
        foreach ((string column, string type) in (await ColumnsAsync("audit_stubs")).Where(c => c.Column is not ("org_id" or "kind")))
            (await TamperAsync($"UPDATE audit_stubs SET {column} = {Other(column, type)} WHERE kind = 1")).Finding.ShouldNotBeNull(column).Fault.ShouldBe(ChainFault.StubAltered, column);
        (await TamperAsync("DELETE FROM audit_stubs WHERE kind = 1")).Finding.ShouldNotBeNull().Fault.ShouldBe(ChainFault.LinkMissing);
        // And it goes on from there, also when nothing is left.
        (await _lab.Keeper.RemoveAsync(_lab.Organization, DataHost.Now.AddDays(1), Cancelled)).ShouldBe(new ChainRemoval(5, 0, 1));
        (await _lab.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => (r.Links, r.Last, r.RemovedCalls).ShouldBe((0, 46, 45)));
        await _lab.WriteCallsAsync(1);
        (await _lab.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => (r.First, r.Last).ShouldBe((47, 47)));
    }

    [Fact]
    public async Task A_stub_that_is_not_true_removes_nothing()
    {
        await SeedAsync();
        IAuditChainStore store = Host.Get<IAuditChainStore>();
        ChainStub period = (await store.FindPeriodAsync(_lab.Organization, ChainStubKind.Period, DataHost.Now.AddDays(1), 10, Cancelled)).ShouldNotBeNull();
        (period.First, period.Last).ShouldBe((1, 10));
        foreach (ChainStub wrong in (ChainStub[])[period with { Calls = period.Calls + 1 }, period with { Last = 11 }, period with { First = 2 }, period with { Link = period.Before }])
            await Should.ThrowAsync<InvalidOperationException>(() => store.CloseAsync(wrong with { At = DataHost.Now }, Cancelled));

        (await _lab.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => r.First.ShouldBe(1));
    }

    private async Task SeedAsync()
    {
        _lab = await ChainLab.CreateAsync(Host);
        await _lab.WriteCallsAsync(20);
        await _lab.WriteEntriesAsync(6);
        await _lab.WriteCallsAsync(10);
        await _lab.Keeper.SignAsync(Cancelled);
        await _lab.WriteEntriesAsync(3);
        await _lab.WriteCallsAsync(10);
        await _lab.Keeper.SignAsync(Cancelled);
        _last = await _lab.QueryAsync<long>("SELECT max(seq) FROM audit_links");
        (await _lab.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => r.Checkpoints.ShouldBe(2));
        await BackUpAsync();
    }

    /// <summary>An attack, and the link at which it must be found.</summary>
    private async Task<(string What, string Sql, long Sequence)> AttackAsync(Random random)
    {
        (Guid call, long callAt) = await VictimAsync("calls", random.Next());
        (Guid entry, long entryAt) = await VictimAsync("admin_entries", random.Next());
        (Guid other, long otherAt) = await VictimAsync("calls", random.Next());
        long gap = random.Next(1, (int)_last);
        switch (random.Next(10))
        {
            case 0: return ("delete a call", $"DELETE FROM calls WHERE id = '{call}'", callAt);
            case 1: return ("delete an entry", $"DELETE FROM admin_entries WHERE id = '{entry}'", entryAt);
            case 2: return ("delete a payload", $"DELETE FROM call_payloads WHERE id = '{call}'", callAt);
            case 3: return ("delete a link with its call", $"DELETE FROM calls WHERE id = '{call}'; DELETE FROM call_payloads WHERE id = '{call}'; DELETE FROM audit_links WHERE record_id = '{call}'", callAt);
            case 4: return ("swap two links", $"UPDATE audit_links SET seq = -1 WHERE seq = {gap}; UPDATE audit_links SET seq = {gap} WHERE seq = {gap + 1}; UPDATE audit_links SET seq = {gap + 1} WHERE seq = -1", gap);
            case 5 when call != other:
                return ("swap what two calls say", $"UPDATE calls c SET tool = o.tool, user_name = o.user_name FROM calls o WHERE (c.id, o.id) IN (('{call}', '{other}'), ('{other}', '{call}'))", Math.Min(callAt, otherAt));
            case 6 when call != other:
                return ("swap payloads", $"UPDATE call_payloads c SET request = o.request FROM call_payloads o WHERE (c.id, o.id) IN (('{call}', '{other}'), ('{other}', '{call}'))", Math.Min(callAt, otherAt));
            case 7: return ("insert a call", "INSERT INTO calls (time, id, org_id, endpoint, era, outcome, status, total_us, upstream_us, request_bytes, response_bytes) " +
                $"VALUES (now(), gen_random_uuid(), '{_lab.Organization}', '/mcp/x', 0, 0, 200, 1, 1, 1, 1)", gap);
            case 8: return ("insert an entry", $"INSERT INTO admin_entries SELECT (json_populate_record(e, json_build_object('id', gen_random_uuid()))).* FROM admin_entries e WHERE id = '{entry}'", gap);
            default: return ("repeat a link behind the end", $"INSERT INTO audit_links SELECT org_id, {_last + 1}, kind, version, record_id, time, payload_hash, leaf, link, seal FROM audit_links WHERE seq = {gap}", _last + 1);
        }
    }

    private async Task<ChainReport> TamperAsync(string sql)
    {
        await BackUpAsync();
        try
        {
            await _lab.ExecuteAsync(sql);
            return await _lab.VerifyAsync();
        }
        finally
        {
            foreach (string table in Tables) await _lab.ExecuteAsync($"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM safe.{table}");
        }
    }

    private Task BackUpAsync() => _lab.ExecuteAsync("DROP SCHEMA IF EXISTS safe CASCADE; CREATE SCHEMA safe; " + string.Concat(Tables.Select(t => $"CREATE TABLE safe.{t} AS SELECT * FROM {t};")));

    private async Task<(Guid Record, long Sequence)> VictimAsync(string table, int which)
    {
        string kind = table switch { "admin_entries" => "kind = 2", "audit_links" => "true", _ => "kind = 1" };
        await using NpgsqlCommand command = Host.Owner.CreateCommand(
            $"SELECT record_id, seq FROM audit_links WHERE {kind} ORDER BY seq OFFSET {which.ToString(CultureInfo.InvariantCulture)} % (SELECT count(*) FROM audit_links WHERE {kind}) LIMIT 1");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Cancelled);
        await reader.ReadAsync(Cancelled);
        return (reader.GetGuid(0), reader.GetInt64(1));
    }

    private async Task<List<(string Column, string Type)>> ColumnsAsync(string table)
    {
        List<(string, string)> columns = [];
        await using NpgsqlCommand command = Host.Owner.CreateCommand($"SELECT attname, format_type(atttypid, null) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Cancelled);
        while (await reader.ReadAsync(Cancelled)) columns.Add((reader.GetString(0), reader.GetString(1)));
        return columns;
    }

    /// <summary>As somebody with the database and the published format, and without the key, would do it.</summary>
    private async Task RelinkAsync(long from)
    {
        IAuditChainStore store = Host.Get<IAuditChainStore>();
        byte[] previous = from == 1 ? ChainHash.Genesis(_lab.Organization) : (byte[])(await Host.QueryAsync($"SELECT link FROM audit_links WHERE seq = {from - 1}"))!;
        List<(long Sequence, byte[] Leaf, byte[] Link)> anew = [];
        await foreach (ChainRow row in store.ReadAsync(_lab.Organization, from, _last, Cancelled))
        {
            byte[] leaf = ChainHash.Leaf(row.Link.Kind, row.Link.Version, row.Fields!.Value.Span, row.Link.PayloadHash);
            previous = ChainHash.Link(previous, row.Link.Sequence, leaf);
            anew.Add((row.Link.Sequence, leaf, previous));
        }

        foreach ((long sequence, byte[] leaf, byte[] link) in anew)
            await _lab.ExecuteAsync($"UPDATE audit_links SET leaf = decode('{Convert.ToHexStringLower(leaf)}', 'hex'), link = decode('{Convert.ToHexStringLower(link)}', 'hex') WHERE seq = {sequence}");
    }

    /// <summary>Into no other organisation's log, for there is none here, but into the installation's.</summary>
    private static string Replaced(string table, string column, string type) => (table, column) is ("admin_entries", "org_id") ? "NULL" : Other(column, type);

    /// <summary>A value that the column does not have.</summary>
    private static string Other(string column, string type) => type switch
    {
        "uuid" => "gen_random_uuid()",
        "text" or "character varying" => $"coalesce({column}, '') || 'x'",
        "smallint" or "integer" => $"coalesce({column}, 0) + 1",
        "bigint" => $"coalesce({column}, 0) + {(column is "seq" or "last_seq" ? 1_000_000 : 1)}",
        "boolean" => $"NOT {column}",
        "timestamp with time zone" => $"coalesce({column}, now()) + interval '1 microsecond'",
        "bytea" => $"coalesce({column}, ''::bytea) || '\\x00'::bytea",
        "json" => "'{\"name\": \"x\"}'::json",
        _ => throw new NotSupportedException(type),
    };
}
