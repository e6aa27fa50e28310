using System.Diagnostics.CodeAnalysis;
using BenchmarkDotNet.Attributes;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Journal;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mcpx.Bench.Micro;

/// <summary>A record onto the disk: sealed, written, and flushed together with those of other callers.</summary>
[SuppressMessage("Design", "CA1001", Justification = "BenchmarkDotNet calls the clean-up.")]
public class JournalSteps
{
    /// <summary>Callers at once: a flush of the disk is shared by whoever waits for it.</summary>
    private const int Crowd = 64;

    private readonly Task[] _appends = new Task[Crowd];
    private DirectoryInfo _directory = null!;
    private CallJournal _journal = null!;
    private CallRecord _metadata = null!;
    private CallRecord _whole = null!;

    [GlobalSetup]
    public Task SetUpAsync()
    {
        var time = TimeProvider.System;
        _metadata = new CallRecord
        {
            Id = EntityId.New<CallId>(time),
            Time = time.GetUtcNow(),
            Organization = EntityId.New<OrganizationId>(time),
            Endpoint = "/mcp/acme/server/crm",
            Method = "tools/call",
            Tool = "find",
            Outcome = CallOutcome.Ok,
            Status = 200,
            TotalMicroseconds = 1_500,
            RequestBytes = 1_024,
            ResponseBytes = 1_024,
        };
        _whole = _metadata with { Request = new byte[1_024], Response = new byte[1_024] };
        _directory = Directory.CreateTempSubdirectory("mcpx-bench-journal-");
        var keys = new JournalKeys(new KeyRing([[.. Enumerable.Range(1, KeyRing.MinimumKeyBytes).Select(value => (byte)value)]]));
        _journal = new CallJournal(new JournalSettings(_directory.FullName), keys, new NoDatabase(), [], NullLogger<CallJournal>.Instance, time);
        return _journal.StartAsync(CancellationToken.None);
    }

    [GlobalCleanup]
    public async Task CleanUpAsync()
    {
        await _journal.StopAsync(CancellationToken.None);
        _journal.Dispose();
        _directory.Delete(recursive: true);
    }

    [Benchmark(Description = "journal append, one caller, metadata")]
    public ValueTask AppendMetadata() => _journal.AppendAsync(_metadata);

    [Benchmark(Description = "journal append, 64 callers, metadata", OperationsPerInvoke = Crowd)]
    public Task AppendMetadataInCrowd() => AppendAsync(_metadata);

    [Benchmark(Description = "journal append, 64 callers, two payloads of 1 KB", OperationsPerInvoke = Crowd)]
    public Task AppendWholeInCrowd() => AppendAsync(_whole);

    private Task AppendAsync(CallRecord call)
    {
        for (var i = 0; i < Crowd; i++) _appends[i] = _journal.AppendAsync(call).AsTask();
        return Task.WhenAll(_appends);
    }
}
