using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Identity;

public sealed class SessionDirectoryTests : IDisposable
{
    private readonly TestClock _clock = new();
    private readonly ChangeFeed _changes = new();
    private readonly FakeSessions _store = new();
    private readonly SessionDirectory _directory;
    private readonly SignedIn _me;

    public SessionDirectoryTests()
    {
        _directory = new SessionDirectory(_store, _changes, _clock);
        _me = new SignedIn(EntityId.New<UserId>(_clock), EntityId.New<SessionId>(_clock), TestChanges.Origin);
        _store.Session = new UserSession(_me.Session, _me.User, "link", "test", "127.0.0.1", _clock.GetUtcNow(), _clock.GetUtcNow(), _clock.GetUtcNow() + UserSession.LongestLife, null);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_is_read_once_while_it_is_fresh()
    {
        for (var i = 0; i < 10; i++) (await UseAsync()).ShouldBeTrue();

        _store.Reads.ShouldBe(1);
    }

    [Fact]
    public async Task It_ends_eight_hours_after_its_last_use_and_asking_is_no_use()
    {
        (await UseAsync()).ShouldBeTrue();
        _clock.Advance(UserSession.LongestIdle - TimeSpan.FromSeconds(1));
        (await IsLiveAsync()).ShouldBeTrue();

        _clock.Advance(TimeSpan.FromSeconds(1));

        (await IsLiveAsync()).ShouldBeFalse();
        (await UseAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task Its_use_puts_the_end_off_though_the_database_does_not_know_of_it_yet()
    {
        _clock.Advance(UserSession.LongestIdle - TimeSpan.FromSeconds(1));
        (await UseAsync()).ShouldBeTrue();
        await _changes.PublishAsync(new Change(ChangeKind.Everything, Guid.Empty));

        _clock.Advance(UserSession.LongestIdle - TimeSpan.FromSeconds(1));

        (await IsLiveAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task It_ends_after_seven_days_however_busy_it_is()
    {
        for (var hour = 0; hour < 7 * 24; hour++)
        {
            (await UseAsync()).ShouldBeTrue($"hour {hour}");
            _clock.Advance(TimeSpan.FromHours(1));
        }

        (await UseAsync()).ShouldBeFalse();
    }

    [Theory]
    [InlineData(ChangeKind.Session)]
    [InlineData(ChangeKind.Everything)]
    public async Task A_revocation_that_is_told_is_effective_at_once(ChangeKind kind)
    {
        (await UseAsync()).ShouldBeTrue();
        Revoke();

        await _changes.PublishAsync(new Change(kind, _me.Session.Value));

        (await UseAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task What_becomes_of_a_person_is_read_again()
    {
        (await UseAsync()).ShouldBeTrue();
        _store.Session = null;

        await _changes.PublishAsync(new Change(ChangeKind.Member, _me.User.Value));

        (await UseAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task A_revocation_that_no_one_told_is_noticed_when_the_memory_is_no_longer_fresh()
    {
        (await UseAsync()).ShouldBeTrue();
        Revoke();
        (await UseAsync()).ShouldBeTrue();

        _clock.Advance(SessionDirectory.FreshFor);

        (await UseAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task A_request_that_comes_after_a_revocation_does_not_join_a_reading_from_before_it()
    {
        _store.Hold();
        var before = UseAsync();
        await Eventually.TrueAsync(() => _store.Reads == 1, "the first reading began", Cancelled);
        Revoke();
        await _changes.PublishAsync(new Change(ChangeKind.Session, _me.Session.Value));
        var after = UseAsync();
        _store.Release();

        await before;
        (await after).ShouldBeFalse();
        (await UseAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task Somebody_elses_session_proves_nothing() =>
        (await _directory.UseAsync(_me with { User = EntityId.New<UserId>(_clock) }, Cancelled)).ShouldBeFalse();

    [Fact]
    public async Task While_the_database_is_away_known_sessions_go_on_for_a_while()
    {
        await UseAsync();
        _store.Away = true;

        _clock.Advance(SessionDirectory.StaleFor - TimeSpan.FromSeconds(1));
        (await UseAsync()).ShouldBeTrue();

        _clock.Advance(TimeSpan.FromSeconds(2));
        await Should.ThrowAsync<TimeoutException>(UseAsync);
    }

    [Fact]
    public async Task Uses_are_noted_at_most_once_a_minute()
    {
        _clock.Advance(TimeSpan.FromMinutes(1));
        await UseAsync();
        await UseAsync();
        _directory.TakeUses().ShouldHaveSingleItem().Key.ShouldBe(_me.Session);
        await UseAsync();
        _directory.TakeUses().ShouldBeEmpty();
        _clock.Advance(TimeSpan.FromMinutes(1));
        await UseAsync();
        _directory.TakeUses().ShouldHaveSingleItem();
    }

    public void Dispose() => _directory.Dispose();

    private Task<bool> UseAsync() => _directory.UseAsync(_me, Cancelled).AsTask();

    private Task<bool> IsLiveAsync() => _directory.IsLiveAsync(_me, Cancelled).AsTask();

    private void Revoke() => _store.Session = _store.Session! with { RevokedAt = _clock.GetUtcNow() };

    private sealed class FakeSessions : ISessionStore
    {
        private TaskCompletionSource _gate = new();
        private int _reads;

        public FakeSessions() => _gate.SetResult();

        public UserSession? Session { get; set; }

        public bool Away { get; set; }

        public int Reads => Volatile.Read(ref _reads);

        public void Hold() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => _gate.SetResult();

        public async Task<UserSession?> FindAsync(SessionId session, CancellationToken cancellationToken)
        {
            // The database's answer is of the moment of the question, however late it arrives.
            var answer = Session;
            Interlocked.Increment(ref _reads);
            await _gate.Task.WaitAsync(cancellationToken);
            return Away ? throw new TimeoutException("away") : answer;
        }

        public Task AddAsync(UserSession session, AdminChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<UserSession>> ListAsync(UserId user, DateTimeOffset now, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> RevokeAsync(UserId user, SessionId session, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<SessionId>> RevokeOthersAsync(UserId user, SessionId kept, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task TouchAsync(IReadOnlyDictionary<SessionId, DateTimeOffset> lastSeen, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
