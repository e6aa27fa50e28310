namespace Mcpx.Core.Health;

/// <summary>Counts who is inside, without a lock.</summary>
internal sealed class Places
{
    private int _taken;

    public int Taken => Volatile.Read(ref _taken);

    /// <summary>False when <paramref name="most"/> or more are inside.</summary>
    public bool TryEnter(int most)
    {
        // Not "count up and look": a refused one would for an instant hold a place that another is then refused.
        int seen = Volatile.Read(ref _taken);
        while (seen < most)
        {
            int was = Interlocked.CompareExchange(ref _taken, seen + 1, seen);
            if (was == seen) return true;
            seen = was;
        }

        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _taken);
}
