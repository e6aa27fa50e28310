using FsCheck.Fluent;
using Mcpx.Core.Health;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Health;

/// <summary>What must hold of the guard in front of a server whatever calls do, one after another and all at once.</summary>
public sealed class UpstreamGuardPropertyTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly TestClock _clock = new();
    private readonly UpstreamGuard _guard;

    public UpstreamGuardPropertyTests() => _guard = new UpstreamGuard(_clock);

    [Fact]
    public void Whatever_happens_no_more_are_inside_than_may_be_and_one_alone_when_half_open()
    {
        var steps = Gen.Choose(0, 9).ListOf(300);
        Property.Holds(steps, sequence =>
        {
            var clock = new TestClock();
            var guard = new UpstreamGuard(clock);
            var server = UpstreamGuardTests.Server(concurrent: 3);
            var inside = new List<Admission.Granted>();
            foreach (var step in sequence)
            {
                var before = guard.StateOf(server.Organization, server.Id).Phase;
                if (step <= 3 && guard.Enter(server) is Admission.Granted granted)
                {
                    before.ShouldNotBe(CircuitPhase.Open);
                    granted.IsProbe.ShouldBe(before is CircuitPhase.HalfOpen);
                    inside.Add(granted);
                }
                else if (step is 4 or 5 or 6 && inside.Count > 0) Leave(inside, step is 4 ? g => g.Succeeded() : g => g.Failed("it broke"));
                else if (step is 7 && inside.Count > 0) Leave(inside, _ => { });
                else if (step > 7) clock.Advance(step == 8 ? Second : 7 * Second);

                inside.Count.ShouldBeLessThanOrEqualTo(3);
                if (guard.StateOf(server.Organization, server.Id).Phase is not CircuitPhase.Closed) inside.Count(g => g.IsProbe).ShouldBeLessThanOrEqualTo(1);
            }
        }, Property.Times(500, 20_000));

        static void Leave(List<Admission.Granted> inside, Action<Admission.Granted> say)
        {
            var leaving = inside[^1];
            say(leaving);
            leaving.Dispose();
            inside.Remove(leaving);
        }
    }

    [Fact]
    public void Many_at_once_never_exceed_the_limit_nor_send_two_probes()
    {
        var server = UpstreamGuardTests.Server(concurrent: 4);
        int inside = 0, most = 0, probes = 0, mostProbes = 0;
        Parallel.For(0, Property.Times(20_000, 2_000_000), new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            if (i % 64 == 0) _clock.Advance(Second);
            if (_guard.Enter(server) is not Admission.Granted granted) return;
            Raise(ref most, Interlocked.Increment(ref inside));
            if (granted.IsProbe) Raise(ref mostProbes, Interlocked.Increment(ref probes));
            Thread.SpinWait(i % 50);
            if (granted.IsProbe) Interlocked.Decrement(ref probes);
            Interlocked.Decrement(ref inside);
            if (i / 1000 % 2 == 0) granted.Failed("it broke");
            else granted.Succeeded();
            granted.Dispose();
        });

        most.ShouldBeInRange(1, 4);
        mostProbes.ShouldBe(1);
        // Nothing was lost on the way: the places are free again.
        _clock.Advance(15 * Second);
        Enter(server).Succeeded();
        for (var i = 0; i < 3; i++) Enter(server);
        _guard.Enter(server).ShouldBeOfType<Admission.Refused>();
    }

    private static void Raise(ref int most, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref most)) && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }

    private Admission.Granted Enter(UpstreamServer server) => _guard.Enter(server).ShouldBeOfType<Admission.Granted>();
}
