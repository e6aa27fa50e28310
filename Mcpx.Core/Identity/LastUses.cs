using System.Collections.Concurrent;

namespace Mcpx.Core.Identity;

/// <summary>When things were last used, until somebody writes it down: at most once a minute for each.</summary>
public sealed class LastUses<TId>
    where TId : notnull
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<TId, DateTimeOffset> _uses = new();

    /// <summary>Notes a use, unless the one before was noted less than a minute ago.</summary>
    /// <param name="notedTicks">The UTC ticks of the use that was noted last; stands with what is used, so that a busy one costs no look-up.</param>
    public void Note(TId id, DateTimeOffset now, ref long notedTicks)
    {
        if (now.UtcTicks - Volatile.Read(ref notedTicks) < Every.Ticks) return;
        Volatile.Write(ref notedTicks, now.UtcTicks);
        _uses[id] = now;
    }

    /// <summary>A use that nobody has taken yet.</summary>
    public bool TryGet(TId id, out DateTimeOffset at) => _uses.TryGetValue(id, out at);

    /// <summary>Takes the uses that were noted since the previous call.</summary>
    public IReadOnlyDictionary<TId, DateTimeOffset> Take()
    {
        Dictionary<TId, DateTimeOffset> taken = [];
        foreach (TId id in _uses.Keys)
        {
            if (_uses.TryRemove(id, out DateTimeOffset at)) taken[id] = at;
        }

        return taken;
    }
}
