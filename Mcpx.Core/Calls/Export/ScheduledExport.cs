using Mcpx.Core.Audit;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Export;

/// <summary>How much of the time one file holds. The numbers are stored: never reuse one.</summary>
public enum ExportPeriod
{
    Hour = 0,

    /// <summary>From midnight to midnight, UTC.</summary>
    Day = 1,
}

/// <summary>A bucket of an S3-compatible store, reached by path: <c>{endpoint}/{bucket}/{prefix}/…</c>.</summary>
/// <param name="Region">What requests are signed for; MinIO takes <c>us-east-1</c>.</param>
/// <param name="Prefix">Without a slash at either end; may be empty.</param>
public sealed record S3Bucket(Uri Endpoint, string Region, string Bucket, string Prefix, string AccessKeyId);

/// <summary>How the last try went.</summary>
/// <param name="Problem">Null when it worked.</param>
/// <param name="File">The file that was written last.</param>
public sealed record ExportRun(DateTimeOffset At, string? Problem, string? File, long? Calls);

/// <summary>Calls of an organisation that are written away, a file for each whole hour or day.</summary>
/// <param name="Name">Also the folder below the organisation's, see <see cref="ExportFolder"/>.</param>
/// <param name="Payloads">With what calls carried.</param>
/// <param name="S3">Null for the operator's directory.</param>
/// <param name="Secret">The key of the store as a ciphertext, see <see cref="ExportVault"/>.</param>
/// <param name="SecretHint">What people may see of it.</param>
/// <param name="DoneUntil">Everything before that is written; the beginning of a period.</param>
public sealed record ScheduledExport(
    ScheduledExportId Id, OrganizationId Organization, string Name, ExportPeriod Period, bool Payloads, S3Bucket? S3, byte[]? Secret, string? SecretHint, DateTimeOffset DoneUntil, DateTimeOffset CreatedAt, ExportRun? LastRun)
{
    /// <summary>Which calls, see <see cref="Search.CallQuery.ToText"/>; servers and gateways by their ids. Empty for all.</summary>
    public string Query { get; init; } = "";

    /// <summary>The number in the organisation's chain up to which what came late is in a file; null before the first file.</summary>
    public long? Position { get; init; }

    /// <summary>Calls are in the database seconds after they ended; after an outage it may take the journal longer.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromMinutes(10);

    /// <summary>Calls before that are of no file: it was not there yet.</summary>
    public DateTimeOffset BeginsAt => BeginningOf(Period, CreatedAt);

    public static TimeSpan LengthOf(ExportPeriod period) => period is ExportPeriod.Hour ? TimeSpan.FromHours(1) : TimeSpan.FromDays(1);

    /// <summary>When the next file can be written.</summary>
    public DateTimeOffset NextAt => DoneUntil + LengthOf(Period) + Settling;

    /// <summary>The beginning of the period in which an instant is.</summary>
    public static DateTimeOffset BeginningOf(ExportPeriod period, DateTimeOffset instant)
    {
        long length = LengthOf(period).Ticks;
        return new DateTimeOffset(instant.UtcTicks - instant.UtcTicks % length, TimeSpan.Zero);
    }

    public AuditView ToAudit() => new AuditView(Name).With("period", Period).With("payloads", Payloads).With("endpoint", S3?.Endpoint.AbsoluteUri).With("region", S3?.Region)
        .With("bucket", S3?.Bucket).With("prefix", S3?.Prefix).With("accessKeyId", S3?.AccessKeyId).With("secret", SecretHint)
        .With("query", Query.Length == 0 ? null : Query);
}

/// <summary>Seals the keys of stores for the database and opens them again.</summary>
public sealed class ExportVault(ISecretProtector protector) : TextVault(protector, "scheduled_exports", "secret")
{
    /// <summary>The purpose label of the key that seals them.</summary>
    public const string Purpose = "mcpx/scheduled-exports/v1";

    public byte[] Seal(OrganizationId organization, ScheduledExportId export, Secret secret) => Seal(organization, export.Value, secret);

    /// <summary>Null when no key of the ring opens it.</summary>
    public Secret? Open(ScheduledExport export) => Open(export.Organization, export.Id.Value, export.Secret);
}

public interface IScheduledExportStore
{
    /// <summary>By name.</summary>
    Task<IReadOnlyList<ScheduledExport>> ListAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>Of all organisations, whose next period ended before then.</summary>
    Task<IReadOnlyList<ScheduledExport>> ListDueAsync(DateTimeOffset hourBegins, DateTimeOffset dayBegins, CancellationToken cancellationToken);

    /// <summary>Adds it while the organisation has fewer than <paramref name="most"/>; false when it has as many.</summary>
    /// <exception cref="RefusalException.Conflict">The name is taken.</exception>
    Task<bool> AddAsync(ScheduledExport export, int most, AdminChange change, CancellationToken cancellationToken);

    /// <summary>False when the organisation has none of that id.</summary>
    Task<bool> DeleteAsync(OrganizationId organization, ScheduledExportId export, AdminChange change, CancellationToken cancellationToken);

    /// <summary>
    /// The number in the organisation's chain that belongs to the period that is written next: its end when the period was tried
    /// first, the same at every other try. Null when another run came as far, or the export is gone.
    /// </summary>
    Task<long?> AimAsync(ScheduledExport export, CancellationToken cancellationToken);

    /// <summary>Calls between two numbers of the chain whose times the filter names, in the chain's order and in pages.</summary>
    /// <param name="filter">With both ends of the time.</param>
    IAsyncEnumerable<IReadOnlyList<CallRecord>> ReadLateAsync(OrganizationId organization, long after, long until, CallFilter filter, CancellationToken cancellationToken);

    /// <summary>How a run went, and how far it came; with the period, the number that belongs to it is done. Does nothing when another run came as far, or it is gone.</summary>
    Task NoteAsync(ScheduledExport before, DateTimeOffset doneUntil, ExportRun run, CancellationToken cancellationToken);
}
