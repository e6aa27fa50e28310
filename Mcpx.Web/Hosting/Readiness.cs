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

    public object Report() => new
    {
        status = IsReady ? "ready" : "not ready",
        configuration = snapshots.IsLoaded ? "loaded" : "not loaded",
        journal = new { depth = journal.Depth, lastError = journal.LastError, accepting = journal.CanAdmit },
        database = migrator.Info is { } info ? new { version = info.ServerVersion.ToString(), edition = info.Edition.ToString(), timescale = info.ExtensionVersion } : null,
    };
}
