using Mcpx.Core.Calls;

namespace Mcpx.Data.Calls;

/// <summary>What of a batch goes where.</summary>
/// <param name="Calls">Those that have ended.</param>
/// <param name="Intents">Those that are under way as far as this batch knows.</param>
/// <param name="Closed">Whose intents are of no use any more.</param>
internal sealed record CallBatch(CallRecord[] Calls, CallRecord[] Intents, Guid[] Closed)
{
    public static CallBatch Of(IReadOnlyList<CallRecord> records)
    {
        HashSet<Guid> closed = [.. records.Where(c => c.Stage is RecordStage.End).Select(c => c.Id.Value)];
        // Always in one order: two writers of the same calls wait for each other's keys, but never in a ring.
        CallRecord[] ordered = [.. records];
        Array.Sort(ordered, static (a, b) => a.Time != b.Time ? a.Time.CompareTo(b.Time) : a.Id.Value.CompareTo(b.Id.Value));
        if (closed.Count == 0 && !records.Any(c => c.Stage is RecordStage.Intent)) return new CallBatch(ordered, [], []);
        return new CallBatch([.. ordered.Where(c => c.Stage is not RecordStage.Intent)],
            [.. ordered.Where(c => c.Stage is RecordStage.Intent && !closed.Contains(c.Id.Value))], [.. closed]);
    }
}
