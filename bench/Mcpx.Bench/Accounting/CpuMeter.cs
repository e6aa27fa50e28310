namespace Mcpx.Bench.Accounting;

/// <summary>CPU used by one process, or by a tree of them, since the meter was made.</summary>
internal sealed class CpuMeter
{
    private readonly Func<IEnumerable<int>> _processes;
    private readonly bool _withReaped;
    private readonly long _start;

    private CpuMeter(Func<IEnumerable<int>> processes, bool withReaped)
    {
        _processes = processes;
        _withReaped = withReaped;
        _start = Total();
    }

    public long Nanoseconds => Total() - _start;

    public static CpuMeter OfProcess(int processId) => new(() => [processId], withReaped: false);

    /// <summary>Processes may come and go below these roots while the meter runs: those that ended count through their parent.</summary>
    public static CpuMeter OfTrees(IReadOnlyCollection<int> roots) =>
        new(() => roots.SelectMany(ProcessFiles.Tree).Distinct(), withReaped: true);

    private long Total() => _processes().Sum(id =>
        (Native.CpuNanoseconds(id) ?? 0) + (_withReaped ? ProcessFiles.ReapedChildrenNanoseconds(id) : 0));
}
