using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Recording;

/// <summary>Where a call's record must be before its answer is sent. The numbers are stored: never reuse one.</summary>
public enum RecordingMode
{
    /// <summary>On the replica's disk; from there it goes to the database.</summary>
    Standard = 0,

    /// <summary>
    /// In the database. What is about to be forwarded stands there too, before the server sees it; while the database is
    /// away, calls are refused.
    /// </summary>
    Strict = 1,
}

/// <summary>How an organisation's calls are recorded.</summary>
public sealed record RecordingSettings(RecordingMode Mode)
{
    /// <param name="organization">Its name.</param>
    public AuditView ToAudit(string organization) => new AuditView(organization).With("recording", Mode);
}

/// <summary>Where an organisation's choice is kept.</summary>
public interface IRecordingStore
{
    /// <summary>Null when the organisation is gone.</summary>
    Task<RecordingSettings?> FindAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>False when the organisation is gone.</summary>
    Task<bool> SaveAsync(OrganizationId organization, RecordingSettings settings, AdminChange change, CancellationToken cancellationToken);
}
