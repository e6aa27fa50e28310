using System.Text;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Journal;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Calls.Journal;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls;

/// <summary>What a record costs a call, and how quickly the database gets it. The figures are printed; the assertions hold on any machine.</summary>
public sealed class RecordingFiguresTests(PostgresFixture postgres) : DataTests(postgres)
{
    private const int Callers = 16;
    private const int Crowd = 1000;

    private static readonly int Calls = int.Parse(Environment.GetEnvironmentVariable("MCPX_RECORDING_CALLS") ?? "4000");

    [Theory]
    [InlineData("a call of 1 KB", 512)]
    [InlineData("a call of 6 KB", 3072)]
    [InlineData("metadata only", 0)]
    public async Task Onto_the_disk_and_from_there_into_the_database(string what, int each)
    {
        OrganizationId organization = (await Host.AddOrganizationAsync("figures")).Organization.Id;
        using ScratchFolder folder = new("figures");
        byte[]? payload = each == 0 ? null : Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, each / 8).Select(i => $"word{i % 1000:000} ")));
        CallRecord[] records = [.. Enumerable.Range(0, 3 * Calls).Select(_ => DataHost.NewCall(organization, DataHost.Now) with
        {
            Method = "tools/call", Tool = "create_ticket", UpstreamTool = "create_ticket", ServerSlug = "crm", Server = DataHost.NewId<ServerId>(), UserName = "Ada", TraceId = "4bf92f3577b34da6a3ce929d0e0e4736", Request = payload, Response = payload,
        })];
        Held store = new(Host.CallsOf(organization));
        using CallJournal journal = new(new JournalSettings(folder.Path), JournalCalls.Keys, store, [], NullLogger<CallJournal>.Instance, TimeProvider.System);
        await journal.StartAsync(Cancelled);
        await AppendAsync(journal, records[..Calls], Callers);
        (double cpu, double wall) = await MeasureAsync(() => AppendAsync(journal, records[Calls..(2 * Calls)], Callers));
        // Whoever waits in a crowd shares the disk and the waking up with it: what is left is the record's own.
        (double inCrowd, _) = await MeasureAsync(() => AppendAsync(journal, records[(2 * Calls)..], Crowd));
        journal.Depth.ShouldBe(3 * Calls);
        long began = TimeProvider.System.GetTimestamp();
        store.Open();
        await journal.DemandStoredAsync(TimeSpan.FromMinutes(10));
        double drained = 3 * Calls / TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        TestContext.Current.TestOutputHelper!.WriteLine($"{what}: {cpu:0.0} µs of CPU a call onto the disk, {1e6 / wall:N0} calls/s by {Callers} callers; {inCrowd:0.0} µs by {Crowd}; {drained:N0} records/s from there into the database");
        ((long)(await Host.QueryAsync("SELECT count(*) FROM audit_links WHERE kind = 1"))!).ShouldBe(3 * Calls);
        await journal.StopAsync(Cancelled);
    }

    private static async Task<(double Cpu, double Wall)> MeasureAsync(Func<Task> append)
    {
        Environment.ProcessCpuUsage before = Environment.CpuUsage;
        long began = TimeProvider.System.GetTimestamp();
        await append();
        return ((Environment.CpuUsage.TotalTime - before.TotalTime).TotalMicroseconds / Calls, TimeProvider.System.GetElapsedTime(began).TotalMicroseconds / Calls);
    }

    private static Task AppendAsync(CallJournal journal, CallRecord[] records, int callers) => Task.WhenAll(records.Chunk(records.Length / callers).Select(part => Task.Run(async () =>
    {
        foreach (CallRecord record in part) await journal.AppendAsync(record);
    }, Cancelled)));

    /// <summary>The database, away until it is let in.</summary>
    private sealed class Held(ICallStore calls) : ICallStore
    {
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Open() => _open.SetResult();

        public async Task WriteAsync(IReadOnlyList<CallRecord> batch, CancellationToken cancellationToken)
        {
            await _open.Task.WaitAsync(cancellationToken);
            await calls.WriteAsync(batch, cancellationToken);
        }

        public Task<int> EndInterruptedAsync(DateTimeOffset before, CancellationToken cancellationToken) => calls.EndInterruptedAsync(before, cancellationToken);

        public Task<Page<CallRecord>> ListAsync(OrganizationId organization, CallFilter filter, CancellationToken cancellationToken) => calls.ListAsync(organization, filter, cancellationToken);

        public Task<CallCount> CountAsync(OrganizationId organization, CallFilter filter, int most, CancellationToken cancellationToken) => calls.CountAsync(organization, filter, most, cancellationToken);

        public Task<IReadOnlyList<CallRecord>> ReadPayloadsAsync(OrganizationId organization, IReadOnlyList<CallRecord> page, CancellationToken cancellationToken) => calls.ReadPayloadsAsync(organization, page, cancellationToken);

        public IAsyncEnumerable<RecordedCall> ReadToolCallsAsync(OrganizationId organization, ServerId server, DateTimeOffset from, int most, CancellationToken cancellationToken) => calls.ReadToolCallsAsync(organization, server, from, most, cancellationToken);

        public Task<CallRecord?> FindAsync(OrganizationId organization, CallId id, CancellationToken cancellationToken) => calls.FindAsync(organization, id, cancellationToken);
    }
}
