using System.Net;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.OAuth;

/// <summary>
/// Slows down whoever fails to prove who it is. Counted per client and address together, so that a stranger can't lock a
/// client out from elsewhere, and more generously per address. Per replica.
/// </summary>
public sealed class FailureLimit(TimeProvider time)
{
    public const int MostOfClient = 10;

    /// <summary>Generous, because everybody behind a proxy has one address.</summary>
    public const int MostOfAddress = 300;

    private const int MostEntries = 20_000;

    public static TimeSpan Window { get; } = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (DateTimeOffset Since, int Count)> _failures = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>How long to wait; null when it may try.</summary>
    public TimeSpan? WaitFor(string client, IPAddress? address)
    {
        lock (_gate)
            return Later(Wait(KeyOf(client, address), MostOfClient), Wait(KeyOf(null, address), MostOfAddress));
    }

    public void Failed(string client, IPAddress? address)
    {
        lock (_gate)
        {
            if (_failures.Count >= MostEntries) Sweep();
            Count(KeyOf(client, address));
            Count(KeyOf(null, address));
        }
    }

    private TimeSpan? Wait(string key, int most) =>
        _failures.TryGetValue(key, out (DateTimeOffset Since, int Count) entry) && entry.Count >= most && entry.Since + Window - time.GetUtcNow() is { Ticks: > 0 } left ? left : null;

    private void Count(string key)
    {
        DateTimeOffset now = time.GetUtcNow();
        _failures[key] = _failures.TryGetValue(key, out (DateTimeOffset Since, int Count) entry) && now - entry.Since < Window ? (entry.Since, entry.Count + 1) : (now, 1);
    }

    /// <summary>Invented client ids must not fill the memory. What is left of a flood is dropped: its address stays counted.</summary>
    private void Sweep()
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (string key in _failures.Where(f => now - f.Value.Since >= Window || f.Key[0] == 'c' && f.Value.Count < MostOfClient).Select(f => f.Key).ToList())
            _failures.Remove(key);
        if (_failures.Count >= MostEntries) _failures.Clear();
    }

    private static string KeyOf(string? client, IPAddress? address) => client is null ? $"a {Network(address)}" : $"c {Network(address)} {client}";

    private static string Network(IPAddress? address) => address is null ? "unknown" : HostNetwork.Of(address);

    private static TimeSpan? Later(TimeSpan? one, TimeSpan? other) => one is null ? other : other is null || one > other ? one : other;
}
