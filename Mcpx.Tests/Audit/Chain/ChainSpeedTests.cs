using System.Diagnostics;
using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Calls;
using Mcpx.Data;
using Mcpx.Data.Audit.Chain;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Audit.Chain;

/// <summary>“Verify a million records in a minute”, and what a link costs the drain.</summary>
public sealed class ChainSpeedTests(PostgresFixture postgres) : DataTests(postgres)
{
    private const int Batch = 1_000;

    /// <summary>So long as the sentence promises for a million.</summary>
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_million_records_are_verified_in_a_minute_and_one_that_was_changed_is_found()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("MCPX_CHAIN_RECORDS"), out int asked) ? asked : Property.Times(normally: 3_000, nightly: 1_000_000);
        ChainLab lab = await ChainLab.CreateAsync(Host);
        long began = Stopwatch.GetTimestamp();
        for (int written = 0; written < count; written += Batch) await lab.WriteCallsAsync(Batch);
        TimeSpan writing = Stopwatch.GetElapsedTime(began);
        double linking = await LinkingAsync(lab);

        began = Stopwatch.GetTimestamp();
        ChainReport report = await lab.VerifyAsync();
        TimeSpan verifying = Stopwatch.GetElapsedTime(began);
        report.Finding.ShouldBeNull();
        report.Calls.ShouldBe(count);

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{count:N0} records: written in {writing.TotalSeconds:0.0} s ({writing.TotalMicroseconds / count:0} µs each, of which {linking:0.0} µs are for the link), verified in {verifying.TotalSeconds:0.00} s ({verifying.TotalMicroseconds / count:0.0} µs each, a million in {verifying.TotalSeconds / count * 1_000_000:0} s)");
        await FindAsync(lab, count);
        if (Property.IsNightly) verifying.ShouldBeLessThan(Promised);
    }

    /// <summary>One near the end, so that all before it are gone through.</summary>
    private static async Task FindAsync(ChainLab lab, int count)
    {
        Guid victim = await lab.QueryAsync<Guid>($"SELECT record_id FROM audit_links WHERE seq = {count - 10}");
        await lab.ExecuteAsync($"UPDATE calls SET status = status + 1 WHERE id = '{victim}'");
        (await lab.VerifyAsync()).Finding.ShouldNotBeNull().ShouldSatisfyAllConditions(f => f.Fault.ShouldBe(ChainFault.RecordAltered), f => f.Record.ShouldBe(victim));
    }

    /// <summary>Microseconds a row: hashing it, and its part of the lock and of the statement that adds the links.</summary>
    private async Task<double> LinkingAsync(ChainLab lab)
    {
        const int Rounds = 10;
        CallRecord[] calls = [.. Enumerable.Range(0, Batch).Select(i => lab.NewCall(i))];
        await using NpgsqlConnection connection = await Host.Get<ScopedContexts>().OpenConnectionAsync(DataScope.Everything, Cancelled);
        TimeSpan took = TimeSpan.Zero;
        for (int i = 0; i <= Rounds; i++)
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(Cancelled);
            long began = Stopwatch.GetTimestamp();
            await Host.Get<ChainWriter>().AppendAsync(connection, NewLink.Of(calls), Cancelled);
            if (i > 0) took += Stopwatch.GetElapsedTime(began);
            await transaction.RollbackAsync(Cancelled);
        }

        return took.TotalMicroseconds / (Rounds * Batch);
    }
}
