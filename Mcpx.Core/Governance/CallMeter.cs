using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance;

/// <summary>Which limit a call ran into.</summary>
/// <param name="RetryAfter">When it is worth to try again.</param>
public sealed record LimitHit(CallLimit Limit, bool IsAtOnce, TimeSpan RetryAfter);

/// <summary>How far a limit is used now, by its busiest caller where each caller has their own.</summary>
/// <param name="Callers">How many callers have used it lately.</param>
public sealed record LimitUse(int Callers, int PerMinute, int AtOnce);

/// <summary>
/// Counts calls against limits, for this replica. A limit a minute is a bucket of as many calls that fills evenly (GCRA,
/// ITU-T I.371, annex A): one number for each limit and caller, moved by compare and swap, without a lock or a timer.
/// </summary>
public sealed class CallMeter(TimeProvider time)
{
    /// <summary>Beyond it calls of callers who were not counted lately are refused: memory must not grow with who comes.</summary>
    public const int MostMeters = 100_000;

    private const int SweepEvery = 1024;

    private static readonly TimeSpan WorthTryingAgain = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Key, Meter> _meters = new();
    private int _count;

    /// <summary>Null with a place to give back when the call may go on; null and no place when nothing is limited.</summary>
    /// <param name="place">Give it back however the call ends.</param>
    public LimitHit? TryEnter(IReadOnlyList<CallLimit> limits, ServerId server, string tool, Caller caller, out IDisposable? place)
    {
        place = null;
        Place? taken = null;
        RuleSubject who = RuleSubject.Of(caller);
        foreach (CallLimit limit in limits)
        {
            if (!limit.Covers(server, tool, who)) continue;
            taken ??= new Place();
            if (Enter(limit, caller, taken) is not { } hit) continue;
            taken.Undo();
            return hit;
        }

        place = taken;
        return null;
    }

    public LimitUse UseOf(CallLimit limit)
    {
        int callers = 0, perMinute = 0, atOnce = 0;
        long now = Now();
        foreach ((Key key, Meter meter) in _meters)
        {
            if (key.Limit != limit.Id) continue;
            callers++;
            perMinute = Math.Max(perMinute, limit.PerMinute is { } most ? meter.UsedOf(most, now) : 0);
            atOnce = Math.Max(atOnce, meter.Inside);
        }

        return new LimitUse(callers, perMinute, atOnce);
    }

    private LimitHit? Enter(CallLimit limit, Caller caller, Place taken)
    {
        Key key = new(limit.Id, limit.EachCaller ? caller.Principal.Id : Guid.Empty);
        while (true)
        {
            if (MeterOf(key) is not { } meter) return new LimitHit(limit, IsAtOnce: true, WorthTryingAgain);
            Entry entry = meter.TryEnter(limit.AtOnce ?? int.MaxValue);
            if (entry is Entry.Retired) continue;
            if (entry is Entry.Full) return new LimitHit(limit, IsAtOnce: true, WorthTryingAgain);
            if (limit.PerMinute is { } most && meter.TrySpend(most, Now()) is { } wait)
            {
                meter.Leave();
                return new LimitHit(limit, IsAtOnce: false, wait);
            }

            taken.Add(meter, limit.PerMinute);
            return null;
        }
    }

    private Meter? MeterOf(Key key)
    {
        if (_meters.TryGetValue(key, out Meter? known)) return known;
        // Before the new one is there: it has nobody inside yet, and would be forgotten again, over and over.
        if (Volatile.Read(ref _count) is var count && (count >= MostMeters || count % SweepEvery == SweepEvery - 1)) Sweep();
        if (Volatile.Read(ref _count) >= MostMeters) return null;
        Meter made = new();
        Meter kept = _meters.GetOrAdd(key, made);
        if (ReferenceEquals(kept, made)) Interlocked.Increment(ref _count);
        return kept;
    }

    /// <summary>Forgets who has a full bucket and nothing under way: a new meter would say the same.</summary>
    private void Sweep()
    {
        long now = Now();
        foreach ((Key key, Meter meter) in _meters)
        {
            if (meter.TryRetire(now) && _meters.TryRemove(new KeyValuePair<Key, Meter>(key, meter))) Interlocked.Decrement(ref _count);
        }
    }

    private long Now() => time.GetElapsedTime(0, time.GetTimestamp()).Ticks;

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Key(CallLimitId Limit, Guid Caller);

    private enum Entry
    {
        Inside,
        Full,
        Retired,
    }

    private sealed class Meter
    {
        private int _inside;

        // When the bucket will be full again, in ticks (the "theoretical arrival time" of GCRA).
        private long _full;

        public int Inside => Math.Max(0, Volatile.Read(ref _inside));

        public Entry TryEnter(int most)
        {
            int seen = Volatile.Read(ref _inside);
            while (seen >= 0 && seen < most)
            {
                int was = Interlocked.CompareExchange(ref _inside, seen + 1, seen);
                if (was == seen) return Entry.Inside;
                seen = was;
            }

            return seen < 0 ? Entry.Retired : Entry.Full;
        }

        public void Leave() => Interlocked.Decrement(ref _inside);

        /// <summary>Null when the call was counted; else how long until one may be.</summary>
        public TimeSpan? TrySpend(int most, long now)
        {
            long each = TimeSpan.TicksPerMinute / most;
            long seen = Volatile.Read(ref _full);
            while (true)
            {
                long next = Math.Max(seen, now) + each;
                // As many as fit into a minute's bucket; what the division loses must not cost a call.
                if (next - now > TimeSpan.TicksPerMinute) return TimeSpan.FromTicks(next - now - TimeSpan.TicksPerMinute);
                long was = Interlocked.CompareExchange(ref _full, next, seen);
                if (was == seen) return null;
                seen = was;
            }
        }

        public void Refund(int most) => Interlocked.Add(ref _full, -(TimeSpan.TicksPerMinute / most));

        public int UsedOf(int most, long now)
        {
            long each = TimeSpan.TicksPerMinute / most;
            return (int)Math.Clamp((Volatile.Read(ref _full) - now + each - 1) / each, 0, most);
        }

        public bool TryRetire(long now) => Volatile.Read(ref _full) <= now && Interlocked.CompareExchange(ref _inside, int.MinValue, 0) == 0;
    }

    private sealed class Place : IDisposable
    {
        private readonly List<(Meter Meter, int? PerMinute)> _taken = [];
        private int _left;

        public void Add(Meter meter, int? perMinute) => _taken.Add((meter, perMinute));

        /// <summary>The call does not happen: it is not counted either.</summary>
        public void Undo()
        {
            foreach ((Meter meter, int? perMinute) in _taken)
            {
                if (perMinute is { } most) meter.Refund(most);
            }

            Dispose();
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) != 0) return;
            foreach ((Meter meter, _) in _taken)
                meter.Leave();
        }
    }
}
