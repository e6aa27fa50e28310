using Mcpx.Core.Calls;
using Mcpx.Core.Proxy;
using Mcpx.Data;

namespace Mcpx.Web.Hosting;

/// <summary>May this replica get traffic, and if not, why.</summary>
internal sealed class Readiness(SnapshotKeeper snapshots, CallJournal journal, DatabaseMigrator migrator)
{
    private volatile bool _started;

    /// <summary>Said once by start-up, when everything that a call needs is there.</summary>
    public void Started() => _started = true;

    /// <summary>
    /// A database that is away for a while does not make us unready: known callers are served from memory, and their
    /// calls are kept. A journal that is full does.
    /// </summary>
    public bool IsReady => _started && snapshots.IsLoaded && journal.CanAdmit;

    public object Report() => Report(journal.State);

    private object Report(JournalState waiting) => new
    {
        status = IsReady ? "ready" : "not ready",
        configuration = snapshots.IsLoaded ? "loaded" : "not loaded",
        journal = new
        {
            accepting = waiting.IsAccepting,
            depth = waiting.Depth,
            bytes = waiting.Bytes,
            budgetBytes = waiting.Budget,
            oldestSeconds = waiting.Oldest is { } oldest ? (int?)Math.Max(0, oldest.TotalSeconds) : null,
            lastError = waiting.LastError,
            diskError = waiting.DiskError,
            drained = waiting.Drained,
            drainFailures = waiting.DrainFailures,
        },
        database = migrator.Facts,
    };
}
