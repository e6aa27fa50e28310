using System.Collections.Concurrent;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>
/// How many connection tests an organisation may run a minute, for this replica: a bucket of as many that fills evenly
/// (GCRA, ITU-T I.371, annex A). One number for each organisation that tested lately.
/// </summary>
public sealed class ConnectionTestLimit(int perMinute, TimeProvider time)
{
    public const int Default = 30;
    public const int Largest = 1_000_000;

    private const int ManyOrganizations = 10_000;

    private readonly ConcurrentDictionary<OrganizationId, long> _fullAt = new();
    private readonly long _minute = 60 * time.TimestampFrequency;

    /// <summary>Takes one test, or says when the next may be.</summary>
    /// <exception cref="RefusalException.TooMany">The organisation has tested too much.</exception>
    public void Take(OrganizationId organization)
    {
        // Who may register servers may test any address and port, saved or not, and gets told how far it went: without an
        // end, an account that somebody took over would scan what the gateway can reach, a port a millisecond, in its name.
        long one = Math.Max(1, _minute / perMinute);
        while (true)
        {
            long now = time.GetTimestamp();
            bool isKnown = _fullAt.TryGetValue(organization, out long before);
            long next = Math.Max(isKnown ? before : now, now) + one;
            if (next - now > _minute) throw Refusal(TimeSpan.FromSeconds((next - now - _minute) / (double)time.TimestampFrequency));
            if (isKnown ? _fullAt.TryUpdate(organization, next, before) : _fullAt.TryAdd(organization, next)) break;
        }

        if (_fullAt.Count > ManyOrganizations) Sweep();
    }

    private RefusalException.TooMany Refusal(TimeSpan wait) =>
        new($"This organisation has tested {perMinute:N0} connections within a minute, which is the limit. Try again in {Math.Max(1, Math.Ceiling(wait.TotalSeconds)):0} s.", wait);

    /// <summary>A bucket that is full again says nothing.</summary>
    private void Sweep()
    {
        long now = time.GetTimestamp();
        foreach (KeyValuePair<OrganizationId, long> bucket in _fullAt.Where(b => b.Value <= now)) _fullAt.TryRemove(bucket);
    }
}
