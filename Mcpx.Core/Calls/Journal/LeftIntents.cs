using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Journal;

/// <summary>
/// Calls that an earlier process had announced and not ended: it was gone while they were under way. Found by reading what
/// it left, and known for certain, since a place in the journal is read by another only after its process has ended.
/// </summary>
internal sealed class LeftIntents
{
    private readonly Dictionary<CallId, CallRecord> _open = [];

    public int Count => _open.Count;

    /// <summary>Takes in what was read, in its order.</summary>
    public void Read(IEnumerable<CallRecord> calls)
    {
        foreach (CallRecord call in calls)
        {
            if (call.Stage is RecordStage.Intent) _open[call.Id] = call.Owned();
            else if (call.Stage is RecordStage.End) _open.Remove(call.Id);
        }
    }

    /// <summary>How these calls ended: as their intents say.</summary>
    public IReadOnlyList<CallRecord> Take()
    {
        CallRecord[] ends = [.. _open.Values.Select(c => c with { Stage = RecordStage.End })];
        _open.Clear();
        return ends;
    }
}
