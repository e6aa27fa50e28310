using System.Collections.Concurrent;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Journal;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Calls.Journal;
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
    private readonly ScratchFolder _folder = new("journal");
    private CallJournal _journal;

    public CallJournalTests() => _journal = New();

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
        await StartAsync();
        var calls = await AppendAsync(1500);
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
        await StartAsync();
        await AppendAsync(1);

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
        await StartAsync();
        await AppendAsync(1);
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
        _journal.CanAdmit.ShouldBeFalse("it is not open yet");
        _store.Failures = int.MaxValue;
        await StartAsync();
        _journal.CanAdmit.ShouldBeTrue();
        for (var i = 0; i < 5; i++) await _journal.AppendAsync(JournalCalls.Sized(256 << 10));
        _journal.CanAdmit.ShouldBeFalse();

        await AdvanceUntilAsync(() =>
        {
            _store.Failures = 0;
            return _journal.CanAdmit && _journal.Depth == 0;
        });
        _store.Written.Count.ShouldBe(5);
    }

    [Fact]
    public async Task What_the_database_did_not_take_before_the_end_it_gets_at_the_next_start()
    {
        _store.Failures = int.MaxValue;
        await StartAsync();
        var calls = await AppendAsync(1500);
        var stopping = _journal.StopAsync(Cancelled);
        await AdvanceUntilAsync(() => stopping.IsCompleted);
        await stopping;
        _store.Written.ShouldBeEmpty();

        _store.Failures = 0;
        _journal = New();
        await StartAsync();
        await AdvanceUntilAsync(() => _store.Written.Count == 1500);
        _store.Written.Select(c => c.Id).ShouldBe(calls.Select(c => c.Id));
    }

    [Fact]
    public async Task What_an_ended_process_had_announced_and_not_ended_is_ended_by_the_next()
    {
        var intents = Enumerable.Range(0, 3).Select(_ => JournalCalls.Small() with { Stage = RecordStage.Intent, Outcome = CallOutcome.Interrupted }).ToList();
        var end = intents[1] with { Stage = RecordStage.End, Outcome = CallOutcome.Ok };
        var other = JournalCalls.Small();
        _store.Failures = int.MaxValue;
        await StartAsync();
        foreach (var call in (CallRecord[])[.. intents, end, other]) await _journal.AppendAsync(call);
        _sink.Count.ShouldBe(2, "what is announced has not ended");
        var stopping = _journal.StopAsync(Cancelled);
        await AdvanceUntilAsync(() => stopping.IsCompleted);
        await stopping;

        _store.Failures = 0;
        _journal = New();
        await StartAsync();
        await AdvanceUntilAsync(() => _store.Written.Count == 7);
        _store.Written.Take(5).Select(c => (c.Id, c.Stage)).ShouldBe([.. intents.Select(c => (c.Id, c.Stage)), (end.Id, end.Stage), (other.Id, other.Stage)]);
        _store.Written.Skip(5).Select(c => (c.Id, c.Stage, c.Outcome))
            .ShouldBe([(intents[0].Id, RecordStage.End, CallOutcome.Interrupted), (intents[2].Id, RecordStage.End, CallOutcome.Interrupted)], ignoreOrder: true);

        // Its own that are under way are not touched.
        await _journal.AppendAsync(JournalCalls.Small() with { Stage = RecordStage.Intent });
        await _journal.FlushAsync(Cancelled);
        _store.Written.Count.ShouldBe(8);
    }

    [Fact]
    public async Task Whoever_demands_the_database_is_told_that_it_is_away()
    {
        _store.Failures = int.MaxValue;
        await StartAsync();
        await AppendAsync(1);
        var demand = _journal.DemandStoredAsync(TimeSpan.FromSeconds(1));

        await AdvanceUntilAsync(() => demand.IsCompleted);

        (await Should.ThrowAsync<JournalException>(demand)).Message.ShouldContain("away");
        _journal.CanStore.ShouldBeFalse();
    }

    [Fact]
    public async Task It_says_how_much_waits_and_since_when()
    {
        _store.Failures = int.MaxValue;
        await StartAsync();
        _journal.Oldest.ShouldBeNull();
        var calls = await AppendAsync(2);
        await AdvanceUntilAsync(() => _journal.LastError is not null);

        _journal.Depth.ShouldBe(2);
        _journal.Bytes.ShouldBeGreaterThan(0);
        _journal.Oldest.ShouldBe(calls[0].Time);
    }

    [Fact]
    public async Task A_call_before_the_start_is_refused_not_lost() =>
        await Should.ThrowAsync<JournalException>(async () => await _journal.AppendAsync(JournalCalls.Small()));

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
        var stopping = _journal.StopAsync(CancellationToken.None);
        await AdvanceUntilAsync(() => stopping.IsCompleted);
        _journal.Dispose();
        _folder.Dispose();
    }

    private CallJournal New() => new(new JournalSettings(_folder.Path, Budget: 1 << 20), JournalCalls.Keys, _store, [_sink], NullLogger<CallJournal>.Instance, _clock);

    private Task StartAsync() => _journal.StartAsync(Cancelled);

    private Task AdvanceUntilAsync(Func<bool> condition) => Eventually.TrueAsync(() =>
    {
        if (condition()) return true;
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        return condition();
    }, "the journal got there", CancellationToken.None);

    private async Task<List<CallRecord>> AppendAsync(int count)
    {
        var calls = Enumerable.Range(0, count).Select(_ => JournalCalls.Small()).ToList();
        foreach (var call in calls) await _journal.AppendAsync(call);
        return calls;
    }

    private sealed class CountingSink : ICallSink
    {
        public int Count { get; private set; }

        public void CallFinished(CallRecord call) => Count++;
    }

    private sealed class FakeCalls : ICallStore
    {
        public IAsyncEnumerable<RecordedCall> ReadToolCallsAsync(OrganizationId organization, ServerId server, DateTimeOffset from, int most, CancellationToken cancellationToken) =>
            AsyncEnumerable.Empty<RecordedCall>();

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

        public Task<int> EndInterruptedAsync(DateTimeOffset before, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<Page<CallRecord>> ListAsync(OrganizationId organization, CallFilter filter, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<CallCount> CountAsync(OrganizationId organization, CallFilter filter, int most, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<CallRecord>> ReadPayloadsAsync(OrganizationId organization, IReadOnlyList<CallRecord> calls, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<CallRecord?> FindAsync(OrganizationId organization, CallId id, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
