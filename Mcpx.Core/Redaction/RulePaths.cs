using System.Numerics;
using System.Text;

namespace Mcpx.Core.Redaction;

/// <summary>The paths of a set of rules, followed all at once: a bit for each.</summary>
internal sealed class RulePaths(IEnumerable<(RedactionPath Path, int Rule)> paths)
{
    /// <summary>As many as there are bits.</summary>
    public const int Most = 64;

    private readonly (RedactionStep[] Steps, int Rule)[] _paths = [.. paths.Take(Most).Select(p => (p.Path.Steps, p.Rule))];

    public bool IsEmpty => _paths.Length == 0;

    /// <summary>Those of the active paths that go on into a member or an element.</summary>
    /// <param name="at">How many steps were taken.</param>
    /// <param name="index">Of the element; -1 for a member.</param>
    public ulong Step(ulong active, int at, ReadOnlySpan<byte> name, int index)
    {
        if (_paths.Length == 0 || active == 0) return 0;
        string? folded = null;
        ulong next = 0;
        for (int i = 0; i < _paths.Length; i++)
        {
            RedactionStep[] steps = _paths[i].Steps;
            if ((active & 1UL << i) == 0 || at >= steps.Length) continue;
            RedactionStep step = steps[at];
            bool matches = step.IsWild || (index >= 0 ? step.Name is null && step.Index == index
                : step.Name is not null && step.Name == (folded ??= KeyNames.FoldCase(Encoding.UTF8.GetString(name))));
            if (matches) next |= 1UL << i;
        }

        return next;
    }

    /// <summary>The first rule whose path ends after so many steps; -1 when none does.</summary>
    public int Reached(ulong active, int steps)
    {
        int best = -1;
        for (int i = 0; active != 0 && i < _paths.Length; i++)
        {
            if ((active & 1UL << i) != 0 && _paths[i].Steps.Length == steps && (best < 0 || _paths[i].Rule < best)) best = _paths[i].Rule;
        }

        return best;
    }

    /// <summary>The rule of one of these paths; there is at least one.</summary>
    public int FirstOf(ulong active) => _paths[BitOperations.TrailingZeroCount(active)].Rule;
}
