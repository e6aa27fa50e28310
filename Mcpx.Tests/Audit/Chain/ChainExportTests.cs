using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Core.Audit.Chain;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Audit.Chain;

/// <summary>The chain as a file, verified away from the installation.</summary>
public sealed class ChainExportTests(PostgresFixture postgres) : DataTests(postgres)
{
    [Fact]
    public async Task An_export_verifies_by_itself_and_holds_no_payload()
    {
        ChainLab lab = await SeedAsync();
        byte[] export = await lab.ExportAsync();

        ChainReport report = await ChainLab.VerifyExportAsync(export);

        report.Finding.ShouldBeNull();
        (report.First, report.Last, report.Calls, report.Entries).ShouldBe((1, 26, 20, 6));
        // One of before, and one of the moment of the export.
        report.Checkpoints.ShouldBe(2);
        report.KeyId.ShouldBe((await Host.Get<AuditKeys>().GetAsync(Cancelled)).Id);
        string text = Encoding.UTF8.GetString(export);
        text.ShouldNotContain("request 1");
        text.ShouldContain("\"user_name\":\"Ann 3\"");
        // The records say what the database says.
        JsonNode call = JsonNode.Parse(text.Split('\n').First(l => l.Contains("\"type\":\"call\"", StringComparison.Ordinal)))!;
        call["record"]!["tool"]!.GetValue<string>().ShouldBe(await lab.QueryAsync<string>($"SELECT tool FROM calls WHERE id = '{call["id"]}'"));
        call["payload"]!["request_sha256"]!.GetValue<string>().ShouldBe(await lab.QueryAsync<string>($"SELECT encode(sha256(request), 'hex') FROM call_payloads WHERE id = '{call["id"]}'"));
    }

    [Fact]
    public async Task A_digit_that_is_changed_anywhere_is_found()
    {
        ChainLab lab = await SeedAsync();
        byte[] export = await lab.ExportAsync();
        int head = Array.IndexOf(export, (byte)'\n') + 1;
        int seed = Random.Shared.Next();
        Random random = new(seed);
        for (int i = 0; i < Property.Times(normally: 300, nightly: 20_000); i++)
        {
            byte[] changed = [.. export];
            int at;
            // The line of the key has a base64 text, whose last digit has bits that mean nothing.
            do at = random.Next(head, export.Length); while (export[at] is < (byte)'0' or > (byte)'9');
            changed[at] = (byte)('0' + (export[at] - '0' + random.Next(1, 10)) % 10);
            (await ChainLab.VerifyExportAsync(changed)).Finding.ShouldNotBeNull($"Byte {at} (seed {seed}): {Encoding.UTF8.GetString(changed[Math.Max(0, at - 60)..Math.Min(changed.Length, at + 20)])}");
        }
    }

    [Fact]
    public async Task Lines_that_are_missing_moved_repeated_or_added_are_found()
    {
        ChainLab lab = await SeedAsync();
        string[] lines = Encoding.UTF8.GetString(await lab.ExportAsync()).TrimEnd('\n').Split('\n');
        int first = Array.FindIndex(lines, l => l.Contains("\"sequence\":1,\"id\"", StringComparison.Ordinal)), last = lines.Length - 1;
        for (int i = first; i < last; i++)
        {
            (await VerifyAsync(lines.Where((_, at) => at != i))).Finding.ShouldNotBeNull().Fault.ShouldBe(i == last - 1 ? ChainFault.Malformed : ChainFault.LinkMissing);
            (await VerifyAsync([.. lines[..i], lines[i], .. lines[i..]])).Finding.ShouldNotBeNull();
            if (i + 1 < last) (await VerifyAsync([.. lines[..i], lines[i + 1], lines[i], .. lines[(i + 2)..]])).Finding.ShouldNotBeNull().Sequence.ShouldBe(i - first + 1);
        }

        // Cut off, with an end that counts right: the signature over the end says that there was more.
        ChainFinding cut = (await VerifyAsync([.. lines[..(last - 3)], """{"type":"end","links":23}"""])).Finding.ShouldNotBeNull();
        (cut.Fault, cut.Sequence).ShouldBe((ChainFault.TailMissing, 24));
        // Without any signature it is no proof of anything.
        string[] unsigned = [.. lines.Where(l => !l.Contains("\"type\":\"checkpoint\"", StringComparison.Ordinal))];
        (await VerifyAsync(unsigned)).Finding.ShouldNotBeNull().Fault.ShouldBe(ChainFault.TailUnsigned);
        foreach (string[] broken in (string[][])[[], [""], ["{}"], ["nonsense"], lines[..^1], [.. lines, "{}"], [.. lines[..first], "null"], [.. lines[..first], """{"type":"x"}"""]])
            (await VerifyAsync(broken)).Finding.ShouldNotBeNull().Fault.ShouldBe(ChainFault.Malformed);

        static Task<ChainReport> VerifyAsync(IEnumerable<string> lines) => ChainLab.VerifyExportAsync(Encoding.UTF8.GetBytes(string.Join('\n', lines)));
    }

    [Fact]
    public async Task The_export_of_a_chain_that_was_tampered_with_says_so_elsewhere()
    {
        ChainLab lab = await SeedAsync();
        await lab.ExecuteAsync("UPDATE calls SET user_name = 'Somebody else' WHERE id = (SELECT record_id FROM audit_links WHERE kind = 1 ORDER BY seq OFFSET 4 LIMIT 1)");
        ChainFinding altered = (await ChainLab.VerifyExportAsync(await lab.ExportAsync())).Finding.ShouldNotBeNull();
        altered.Fault.ShouldBe(ChainFault.RecordAltered);
        altered.Record.ShouldBe(await lab.QueryAsync<Guid>("SELECT record_id FROM audit_links WHERE kind = 1 ORDER BY seq OFFSET 4 LIMIT 1"));

        await lab.ExecuteAsync("DELETE FROM calls WHERE user_name = 'Somebody else'");
        (await ChainLab.VerifyExportAsync(await lab.ExportAsync())).Finding.ShouldNotBeNull().ShouldSatisfyAllConditions(f => f.Fault.ShouldBe(ChainFault.RecordMissing), f => f.Record.ShouldBe(altered.Record));
    }

    /// <summary>Whoever has database and key may make a whole new history. What was taken away before it still says no.</summary>
    [Fact]
    public async Task Checkpoints_that_were_taken_away_hold_a_later_chain_to_what_it_was()
    {
        ChainLab lab = await SeedAsync();
        byte[] kept = await CheckpointsAsync(lab);
        await lab.WriteCallsAsync(2);
        (await ChainLab.VerifyExportAsync(await lab.ExportAsync(), kept)).Finding.ShouldBeNull();

        await lab.ExecuteAsync("DELETE FROM audit_links; DELETE FROM audit_checkpoints; DELETE FROM calls; DELETE FROM admin_entries; DELETE FROM call_payloads");
        await lab.WriteCallsAsync(3);
        (await lab.VerifyAsync()).Finding.ShouldBeNull();
        (await ChainLab.VerifyExportAsync(await lab.ExportAsync(), kept)).Finding.ShouldNotBeNull().Fault.ShouldBe(ChainFault.TailMissing);
        await lab.WriteCallsAsync(40);
        (await ChainLab.VerifyExportAsync(await lab.ExportAsync(), kept)).Finding.ShouldNotBeNull().Fault.ShouldBe(ChainFault.CheckpointDiffers);
    }

    [Fact]
    public async Task An_export_after_retention_verifies()
    {
        ChainLab lab = await SeedAsync();
        await lab.Keeper.RemoveAsync(lab.Organization, DataHost.Now.AddHours(1), Cancelled);
        await lab.WriteCallsAsync(3);

        (await ChainLab.VerifyExportAsync(await lab.ExportAsync())).ShouldSatisfyAllConditions(
            r => r.Finding.ShouldBeNull(), r => (r.First, r.Calls, r.RemovedCalls, r.RemovedEntries).ShouldBe((27, 3, 20, 6)));
    }

    [Fact]
    public async Task An_empty_chain_can_be_exported()
    {
        ChainLab lab = await ChainLab.CreateAsync(Host);
        await lab.ExecuteAsync("DELETE FROM audit_links; DELETE FROM admin_entries");
        (await ChainLab.VerifyExportAsync(await lab.ExportAsync())).ShouldSatisfyAllConditions(r => r.Finding.ShouldBeNull(), r => r.Links.ShouldBe(0));
    }

    private async Task<ChainLab> SeedAsync()
    {
        ChainLab lab = await ChainLab.CreateAsync(Host);
        await lab.WriteCallsAsync(10);
        await lab.WriteEntriesAsync(5);
        await lab.Keeper.SignAsync(Cancelled);
        await lab.WriteCallsAsync(10);
        return lab;
    }

    /// <summary>As the API answers them.</summary>
    private static async Task<byte[]> CheckpointsAsync(ChainLab lab)
    {
        (IReadOnlyList<ChainCheckpoint> checkpoints, _) = await lab.Chain.ListCheckpointsAsync(lab.Actor, Cancelled);
        JsonArray items = [.. checkpoints.Select(c => new JsonObject
        {
            ["sequence"] = c.Sequence, ["link"] = Convert.ToHexStringLower(c.Link), ["begins"] = c.Begins?.ToString("O"), ["at"] = c.At.ToString("O"), ["key"] = c.KeyId, ["signature"] = Convert.ToHexStringLower(c.Signature),
        })];
        return Encoding.UTF8.GetBytes(new JsonObject { ["organization"] = lab.Organization.ToString(), ["items"] = items }.ToJsonString());
    }
}
