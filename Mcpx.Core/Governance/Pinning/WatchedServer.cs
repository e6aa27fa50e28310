using Mcpx.Core.Gateways;

namespace Mcpx.Core.Governance.Pinning;

/// <summary>When one server's definitions are read next. Touched by calls, so without a lock.</summary>
internal sealed class WatchedServer(ServerRoute route, TimeProvider time)
{
    /// <summary>A server in use: a change is found, and its tools closed, well within a minute.</summary>
    public static readonly TimeSpan WhileUsed = TimeSpan.FromSeconds(30);

    /// <summary>A server that nobody calls: whoever calls it first has it read.</summary>
    public static readonly TimeSpan WhileIdle = TimeSpan.FromMinutes(30);

    private static readonly TimeSpan UsedFor = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(5);

    private readonly double _jitter = 0.8 + 0.2 * Random.Shared.NextDouble();
    private ServerRoute _route = route;
    private long _usedAt;
    private long _readAt;
    private int _failures;
    private bool _isBeingRead;

    public ServerRoute Route => Volatile.Read(ref _route);

    public bool IsBeingRead
    {
        get => Volatile.Read(ref _isBeingRead);
        set => Volatile.Write(ref _isBeingRead, value);
    }

    public void Use() => Volatile.Write(ref _usedAt, time.GetTimestamp());

    /// <summary>The server as it is configured now. At another address, or with another credential, it is read at once.</summary>
    public void Follow(ServerRoute current)
    {
        if (current.Server.UpdatedAt != Route.Server.UpdatedAt) Volatile.Write(ref _readAt, 0);
        Volatile.Write(ref _route, current);
    }

    /// <summary>A server whose list is known needs no reading at once when the gateway starts: thousands would be read together.</summary>
    public void StartSomewhere() => _readAt = time.GetTimestamp() - (long)(WhileIdle.TotalSeconds * Random.Shared.NextDouble() * time.TimestampFrequency);

    public void Ended(bool succeeded)
    {
        Volatile.Write(ref _readAt, time.GetTimestamp());
        _failures = succeeded ? 0 : _failures + 1;
    }

    public bool IsDue()
    {
        long read = Volatile.Read(ref _readAt);
        if (read == 0) return true;
        long used = Volatile.Read(ref _usedAt);
        bool isUsed = used != 0 && time.GetElapsedTime(used) < UsedFor;
        TimeSpan wait = !isUsed ? WhileIdle * _jitter : _failures == 0 ? WhileUsed * _jitter : BackOff();
        return time.GetElapsedTime(read) >= wait;
    }

    private TimeSpan BackOff() => TimeSpan.FromSeconds(Math.Min(LongestBackOff.TotalSeconds, WhileUsed.TotalSeconds * Math.Pow(2, _failures - 1)));
}
