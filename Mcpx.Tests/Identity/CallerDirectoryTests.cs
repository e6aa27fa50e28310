using Mcpx.Core.Credentials;
using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Identity;

public sealed class CallerDirectoryTests : IDisposable
{
    private readonly TestClock _clock = new();
    private readonly ChangeFeed _changes = new();
    private readonly FakeTokens _tokens = new();
    private readonly CallerDirectory _directory;
    private readonly string _text = TokenText.Create(TokenText.PersonalAccessTokenPrefix);
    private readonly Membership _membership = People.Membership();
    private readonly TokenId _id;

    public CallerDirectoryTests()
    {
        _directory = new CallerDirectory(_tokens, new TokenHasher(new KeyRing([new byte[32]])), _changes, _clock);
        _id = EntityId.New<TokenId>(_clock);
        Grant();
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_caller_is_read_once_and_kept()
    {
        for (var i = 0; i < 3; i++) (await FindAsync())!.Token.ShouldBe(_id);
        _tokens.Reads.ShouldBe(1);

        _clock.Advance(CallerDirectory.FreshFor);
        await FindAsync();
        _tokens.Reads.ShouldBe(2);
    }

    [Fact]
    public async Task Many_calls_at_once_read_once()
    {
        _tokens.Hold();
        var calls = Enumerable.Range(0, 64).Select(_ => Task.Run(FindAsync)).ToList();
        await Eventually.TrueAsync(() => _tokens.Reads > 0, "the directory reads", Cancelled);
        _tokens.Release();

        (await Task.WhenAll(calls)).ShouldAllBe(c => c!.Token == _id);
        _tokens.Reads.ShouldBe(1);
    }

    [Fact]
    public async Task One_who_hangs_up_does_not_end_the_reading_for_the_others()
    {
        using var hangUp = new CancellationTokenSource();
        _tokens.Hold();
        var impatient = _directory.FindAsync(_text, hangUp.Token).AsTask();
        var patient = FindAsync();
        await hangUp.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => impatient);
        _tokens.Release();
        (await patient).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_text_that_is_no_token_costs_no_query()
    {
        (await _directory.FindAsync("mcpx_pat_nonsense", Cancelled)).ShouldBeNull();
        (await _directory.FindAsync(_text[..^1] + (_text[^1] == '0' ? '1' : '0'), Cancelled)).ShouldBeNull();

        _tokens.Reads.ShouldBe(0);
    }

    [Fact]
    public async Task An_unknown_token_is_nobody_and_asked_for_once()
    {
        _tokens.Answer = () => null;

        (await FindAsync()).ShouldBeNull();
        (await FindAsync()).ShouldBeNull();

        _tokens.Reads.ShouldBe(1);
    }

    [Fact]
    public async Task A_revoked_token_is_nobody_as_soon_as_the_change_was_published()
    {
        (await FindAsync()).ShouldNotBeNull();
        Grant(revokedAt: _clock.GetUtcNow());
        (await FindAsync()).ShouldNotBeNull();

        await _changes.PublishAsync(new Change(ChangeKind.Token, _id.Value));

        (await FindAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task A_change_of_another_token_or_of_configuration_keeps_the_caller()
    {
        await FindAsync();

        await _changes.PublishAsync(new Change(ChangeKind.Token, Guid.Empty));
        await _changes.PublishAsync(new Change(ChangeKind.Configuration, _membership.Organization.Id.Value));
        await FindAsync();

        _tokens.Reads.ShouldBe(1);
    }

    [Fact]
    public async Task A_revocation_that_no_one_told_is_noticed_when_the_memory_is_no_longer_fresh()
    {
        await FindAsync();
        Grant(revokedAt: _clock.GetUtcNow());

        _clock.Advance(CallerDirectory.FreshFor);

        (await FindAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task A_call_that_comes_after_a_revocation_does_not_join_a_reading_from_before_it()
    {
        _tokens.Hold();
        var before = FindAsync();
        await Eventually.TrueAsync(() => _tokens.Reads == 1, "the first reading began", Cancelled);
        Grant(revokedAt: _clock.GetUtcNow());
        await _changes.PublishAsync(new Change(ChangeKind.Token, _id.Value));
        var after = FindAsync();
        _tokens.Release();

        await before;
        (await after).ShouldBeNull();
        (await FindAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task A_token_expires_at_its_instant_though_it_is_fresh_in_memory()
    {
        Grant(expiresAt: _clock.GetUtcNow().AddSeconds(5));
        (await FindAsync()).ShouldNotBeNull();

        _clock.Advance(TimeSpan.FromSeconds(5));

        (await FindAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task While_the_database_is_away_known_callers_go_on_for_a_while()
    {
        await FindAsync();
        _tokens.Answer = () => throw new TimeoutException("away");

        _clock.Advance(CallerDirectory.StaleFor - TimeSpan.FromSeconds(1));
        (await FindAsync()).ShouldNotBeNull();

        _clock.Advance(TimeSpan.FromSeconds(2));
        await Should.ThrowAsync<TimeoutException>(FindAsync);
    }

    [Fact]
    public async Task A_failed_reading_is_not_remembered()
    {
        _tokens.Answer = () => throw new TimeoutException("away");
        await Should.ThrowAsync<TimeoutException>(FindAsync);

        Grant();

        (await FindAsync()).ShouldNotBeNull();
    }

    [Fact]
    public async Task Uses_are_noted_at_most_once_a_minute()
    {
        await FindAsync();
        await FindAsync();
        _directory.TakeUses().ShouldHaveSingleItem().Key.ShouldBe(_id);
        await FindAsync();
        _directory.TakeUses().ShouldBeEmpty();
        _clock.Advance(TimeSpan.FromMinutes(1));
        await FindAsync();
        _directory.TakeUses().ShouldHaveSingleItem();
    }

    public void Dispose() => _directory.Dispose();

    private Task<Caller?> FindAsync() => _directory.FindAsync(_text, Cancelled).AsTask();

    private void Grant(DateTimeOffset? revokedAt = null, DateTimeOffset? expiresAt = null)
    {
        var grant = new TokenGrant(
            new PersonalAccessToken(_id, _membership.Organization.Id, _membership.User.Id, "t", "hint", TokenScopes.All, _clock.GetUtcNow(),
                expiresAt ?? _clock.GetUtcNow().AddDays(90), revokedAt, null),
            _membership);
        _tokens.Answer = () => grant;
    }

    private sealed class FakeTokens : ITokenStore
    {
        private TaskCompletionSource _gate = new();
        private int _reads;

        public FakeTokens() => _gate.SetResult();

        public Func<TokenGrant?> Answer { get; set; } = () => null;

        public int Reads => Volatile.Read(ref _reads);

        public void Hold() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => _gate.SetResult();

        public async Task<TokenGrant?> FindByHashAsync(IReadOnlyList<byte[]> hashes, CancellationToken cancellationToken)
        {
            // The database's answer is of the moment of the question, however late it arrives.
            var answer = Answer;
            Interlocked.Increment(ref _reads);
            await _gate.Task.WaitAsync(cancellationToken);
            return answer();
        }

        public Task AddAsync(PersonalAccessToken token, byte[] hash, AdminChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<PersonalAccessToken>> ListAsync(OrganizationId organization, UserId? user, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<TokenId>> RevokeAsync(OrganizationId organization, IReadOnlyList<TokenId> tokens, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task TouchAsync(IReadOnlyDictionary<TokenId, DateTimeOffset> lastUsed, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
