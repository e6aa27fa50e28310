using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

public sealed class CallMeterTests
{
    private static readonly ServerId Crm = EntityId.New<ServerId>(TimeProvider.System);
    private static readonly Organization Acme = new(default, "acme", "Acme");

    private readonly TestClock _clock = new();
    private readonly CallMeter _meter;

    public CallMeterTests() => _meter = new CallMeter(_clock);

    [Fact]
    public void A_minute_holds_as_many_calls_and_fills_evenly()
    {
        CallLimit[] limits = [Limit(perMinute: 6)];
        Caller ada = Person();
        for (int i = 0; i < 6; i++) Enter(limits, ada).ShouldBeNull();

        LimitHit hit = Enter(limits, ada)!;
        (hit.IsAtOnce, hit.RetryAfter).ShouldBe((false, TimeSpan.FromSeconds(10)));
        _clock.Advance(TimeSpan.FromSeconds(9));
        Enter(limits, ada)!.RetryAfter.ShouldBe(TimeSpan.FromSeconds(1));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Enter(limits, ada).ShouldBeNull();
        Enter(limits, ada).ShouldNotBeNull();
        _clock.Advance(TimeSpan.FromMinutes(1));
        for (int i = 0; i < 6; i++) Enter(limits, ada).ShouldBeNull();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Callers_have_their_own_or_share(bool each)
    {
        CallLimit[] limits = [Limit(perMinute: 1, each: each)];
        Enter(limits, Person()).ShouldBeNull();
        (Enter(limits, Person()) is null).ShouldBe(each);
    }

    [Fact]
    public void A_place_is_held_until_it_is_given_back_and_given_back_once()
    {
        CallLimit[] limits = [Limit(atOnce: 2, each: false)];
        _meter.TryEnter(limits, Crm, "t", Person(), out IDisposable? first).ShouldBeNull();
        _meter.TryEnter(limits, Crm, "t", Person(), out IDisposable? second).ShouldBeNull();
        Enter(limits, Person())!.IsAtOnce.ShouldBeTrue();
        _meter.UseOf(limits[0]).ShouldBe(new LimitUse(1, 0, 2));

        first!.Dispose();
        first.Dispose();

        _meter.UseOf(limits[0]).AtOnce.ShouldBe(1);
        _meter.TryEnter(limits, Crm, "t", Person(), out IDisposable? third).ShouldBeNull();
        Enter(limits, Person()).ShouldNotBeNull();
        second!.Dispose();
        third!.Dispose();
        _meter.UseOf(limits[0]).AtOnce.ShouldBe(0);
    }

    [Fact]
    public void A_call_that_one_limit_refuses_uses_no_other()
    {
        CallLimit[] limits = [Limit(perMinute: 10), Limit(atOnce: 1)];
        Caller ada = Person();
        _meter.TryEnter(limits, Crm, "t", ada, out IDisposable? place).ShouldBeNull();
        for (int i = 0; i < 50; i++) Enter(limits, ada)!.IsAtOnce.ShouldBeTrue();

        _meter.UseOf(limits[0]).PerMinute.ShouldBe(1);
        place!.Dispose();
    }

    [Theory]
    [InlineData("other", null, false)]
    [InlineData("crm", "get_*", false)]
    [InlineData("crm", "drop", true)]
    [InlineData(null, "d*", true)]
    [InlineData(null, null, true)]
    public void Only_what_it_names_is_counted(string? server, string? tool, bool counts)
    {
        CallLimit[] limits = [Limit(perMinute: 1) with { Server = server is null ? null : server == "crm" ? Crm : EntityId.New<ServerId>(TimeProvider.System), Tool = tool }];
        Caller ada = Person();
        _meter.TryEnter(limits, Crm, "drop", ada, out _).ShouldBeNull();
        (_meter.TryEnter(limits, Crm, "drop", ada, out _) is not null).ShouldBe(counts);
    }

    [Fact]
    public void Many_callers_do_not_fill_the_memory()
    {
        CallLimit[] limits = [Limit(perMinute: 60)];
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < CallMeter.MostMeters; i++) Enter(limits, Person()).ShouldBeNull();
            // All places are taken by callers who are counted: one more is refused.
            Enter(limits, Person()).ShouldNotBeNull();
            _clock.Advance(TimeSpan.FromMinutes(2));
        }

        _meter.UseOf(limits[0]).Callers.ShouldBeLessThanOrEqualTo(CallMeter.MostMeters);
    }

    [Fact]
    public void Nobody_gets_more_than_the_limit_however_many_ask_at_once()
    {
        CallLimit[] limits = [Limit(perMinute: 1000, atOnce: 7, each: false)];
        int inside = 0, most = 0, entered = 0;
        Parallel.For(0, 20_000, _ =>
        {
            if (_meter.TryEnter(limits, Crm, "t", Person(), out IDisposable? place) is not null) return;
            int now = Interlocked.Increment(ref inside);
            InterlockedMax(ref most, now);
            Interlocked.Increment(ref entered);
            Interlocked.Decrement(ref inside);
            place!.Dispose();
        });

        most.ShouldBeLessThanOrEqualTo(7);
        entered.ShouldBeInRange(1, 1000);
        _meter.UseOf(limits[0]).AtOnce.ShouldBe(0);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen = Volatile.Read(ref target);
        while (seen < value && Interlocked.CompareExchange(ref target, value, seen) is var was && was != seen) seen = was;
    }

    private LimitHit? Enter(CallLimit[] limits, Caller caller)
    {
        LimitHit? hit = _meter.TryEnter(limits, Crm, "t", caller, out IDisposable? place);
        place?.Dispose();
        return hit;
    }

    private static CallLimit Limit(int? perMinute = null, int? atOnce = null, bool each = true) =>
        new(EntityId.New<CallLimitId>(TimeProvider.System), null, null, RuleAudience.Everyone, each, perMinute, atOnce, default);

    private static Caller Person() =>
        new(Acme, new Principal.Person(new User(EntityId.New<UserId>(TimeProvider.System), "Ada", null)), Role.Member, TokenScopes.Mcp, DateTimeOffset.MaxValue);
}
