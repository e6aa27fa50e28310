namespace Mcpx.Core.Health;

/// <summary>Calls and failures of the last ten seconds, in slots of one second; needs its owner's lock.</summary>
internal sealed class FailureWindow
{
    public const int Seconds = 10;

    private readonly (long Second, int Calls, int Failures)[] _slots = new (long, int, int)[Seconds];

    public void Clear() => Array.Clear(_slots);

    public void Add(long second, bool failed)
    {
        ref (long Second, int Calls, int Failures) slot = ref _slots[second % Seconds];
        if (slot.Second != second) slot = (second, 0, 0);
        slot.Calls++;
        if (failed) slot.Failures++;
    }

    public (int Calls, int Failures) Sum(long second)
    {
        (int calls, int failures) = (0, 0);
        foreach ((long Second, int Calls, int Failures) slot in _slots)
        {
            if (slot.Second <= second - Seconds) continue;
            calls += slot.Calls;
            failures += slot.Failures;
        }

        return (calls, failures);
    }
}
