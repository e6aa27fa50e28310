using System.Collections.Concurrent;
using Mcpx.Core.Calls;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls;

public sealed class CallJournalTests : IAsyncDisposable
{
    private readonly TestClock _clock = new();
    private readonly FakeCalls _store = new();
    private readonly CountingSink _sink = new();
    private readonly CallJournal _journal;
    private bool _started;

    public CallJournalTests() => _journal = new CallJournal(_store, [_sink], NullLogger<CallJournal>.Instance, _clock);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_are_written_in_their_order_and_flush_waits_for_them()
    {
        await StartAsync();
        var calls = await AppendAsync(2500);

        await _journal.FlushAsync(Cancelled);

        _store.Written.Select(c => c.Id).ShouldBe(calls.Select(c => c.Id));
        _sink.Count.ShouldBe(2500);
        _journal.Depth.ShouldBe(0);
    }

    [Fact]
    public async Task A_batch_that_fails_is_tried_again_and_nothing_is_lost_or_reordered()
    {
        _store.Failures = 3;
        var calls = await AppendAsync(1500);
        await StartAsync();
        var flush = _journal.FlushAsync(Cancelled);
        await AdvanceUntilAsync(() => _store.Written.Count == 1500);

        _store.Written.Select(c => c.Id).ShouldBe(calls.Select(c => c.Id));
        await flush;
        _journal.LastError.ShouldBeNull();
    }

    [Fact]
    public async Task The_last_failure_is_told_until_a_write_succeeds()
    {
        _store.Failures = int.MaxValue;
        await AppendAsync(1);
        await StartAsync();

        await AdvanceUntilAsync(() => _journal.LastError == "away");
        // Said at each look: an attempt under way may still count its own failure down from the old number.
        await AdvanceUntilAsync(() =>
        {
            _store.Failures = 0;
            return _journal.LastError is null;
        });
    }

    [Fact]
    public async Task Flush_does_not_wait_for_ever()
    {
        _store.Failures = int.MaxValue;
        await AppendAsync(1);
        await StartAsync();
        var flush = _journal.FlushAsync(Cancelled);

        await AdvanceUntilAsync(() => flush.IsCompleted);

        await flush;
        _journal.Depth.ShouldBe(1);
    }

    [Fact]
    public async Task Flush_without_anything_to_write_returns_at_once() => await _journal.FlushAsync(Cancelled);

    [Fact]
    public async Task A_full_journal_admits_no_more_calls_until_there_is_room()
    {
        _journal.CanAdmit.ShouldBeTrue();
        await AppendAsync(CallJournal.MostRecords);
        _journal.CanAdmit.ShouldBeFalse();

        await StartAsync();
        await Eventually.TrueAsync(() => _journal.CanAdmit && _journal.Depth == 0, "the journal is empty", Cancelled);

        _store.Written.Count.ShouldBe(CallJournal.MostRecords);
    }

    [Fact]
    public async Task A_record_waits_for_company_unless_somebody_asks_for_it()
    {
        await StartAsync();
        await AppendAsync(1);
        _store.Attempts.ShouldBe(0);

        await _journal.FlushAsync(Cancelled);

        _store.Written.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Payloads_count_too()
    {
        var payload = new byte[64 << 20];
        for (var i = 0; i < 4; i++) await _journal.AppendAsync(Call() with { Request = payload });

        _journal.CanAdmit.ShouldBeFalse();
        await StartAsync();
        await AdvanceUntilAsync(() => _journal.CanAdmit);
    }

    [Fact]
    public async Task Stopping_writes_what_is_left()
    {
        _store.Hold();
        await StartAsync();
        var calls = await AppendAsync(3000);
        await AdvanceUntilAsync(() => _store.Attempts > 0);
        var stopping = _journal.StopAsync(Cancelled);
        _store.Release();

        await stopping;

        _store.Written.Select(c => c.Id).ShouldBe(calls.Select(c => c.Id));
        _journal.Depth.ShouldBe(0);
    }

    public async ValueTask DisposeAsync()
    {
        _store.Failures = 0;
        if (_started)
        {
            var stopping = _journal.StopAsync(CancellationToken.None);
            await AdvanceUntilAsync(() => stopping.IsCompleted);
        }

        _journal.Dispose();
    }

    private Task StartAsync()
    {
        _started = true;
        return _journal.StartAsync(Cancelled);
    }

    private Task AdvanceUntilAsync(Func<bool> condition) => Eventually.TrueAsync(() =>
    {
        if (condition()) return true;
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        return condition();
    }, "the journal got there", CancellationToken.None);

    private async Task<List<CallRecord>> AppendAsync(int count)
    {
        var calls = Enumerable.Range(0, count).Select(_ => Call()).ToList();
        foreach (var call in calls) await _journal.AppendAsync(call);
        return calls;
    }

    private CallRecord Call() => new()
    {
        Id = EntityId.New<CallId>(_clock),
        Time = _clock.GetUtcNow(),
        Organization = OrganizationId.None,
        Endpoint = "/mcp/acme/server/x",
        Outcome = CallOutcome.Ok,
        Status = 200,
        TotalMicroseconds = 1,
        RequestBytes = 1,
        ResponseBytes = 1,
    };

    private sealed class CountingSink : ICallSink
    {
        public int Count { get; private set; }

        public void CallFinished(CallRecord call) => Count++;
    }

    private sealed class FakeCalls : ICallStore
    {
        private TaskCompletionSource? _gate;

        public ConcurrentQueue<CallRecord> Written { get; } = new();

        public int Failures { get; set; }

        public int Attempts { get; private set; }

        public void Hold() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => _gate!.SetResult();

        public async Task WriteAsync(IReadOnlyList<CallRecord> calls, CancellationToken cancellationToken)
        {
            Attempts++;
            if (_gate is not null) await _gate.Task.WaitAsync(cancellationToken);
            if (Failures > 0)
            {
                Failures--;
                throw new TimeoutException("away");
            }

            foreach (var call in calls) Written.Enqueue(call);
        }

        public Task<Page<CallRecord>> ListAsync(OrganizationId organization, CallFilter filter, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<CallRecord?> FindAsync(OrganizationId organization, CallId id, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
