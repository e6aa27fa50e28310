using System.Runtime.InteropServices;
using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Retention;

/// <summary>How long an organisation's calls are on record.</summary>
/// <param name="PayloadDays">What calls carried goes after so many days; their metadata stays.</param>
/// <param name="RecordDays">Whole days (UTC) of records go after so many days.</param>
public sealed record RetentionSettings(int PayloadDays, int RecordDays)
{
    public const int MostDays = 3650;

    public static RetentionSettings Default { get; } = new(90, 400);

    /// <param name="organization">Its name.</param>
    public AuditView ToAudit(string organization) => new AuditView(organization).With("payloadDays", PayloadDays).With("recordDays", RecordDays);
}

/// <summary>Calls that are kept, whatever the retention says, until somebody releases the hold. Null members hold all.</summary>
/// <param name="Name">Why, in words: a case, a reference.</param>
/// <param name="User">Calls that this person made.</param>
/// <param name="Tool">Calls of a tool of this name, as an endpoint shows it or as its server calls it.</param>
/// <param name="From">Calls at or after this instant.</param>
/// <param name="To">Calls before this instant.</param>
public sealed record LegalHold(
    LegalHoldId Id, string Name, ServerId? Server, UserId? User, ServiceAccountId? ServiceAccount, string? Tool, DateTimeOffset? From, DateTimeOffset? To, DateTimeOffset CreatedAt)
{
    public AuditView ToAudit() => new AuditView(Name)
        .With("server", Server?.ToString()).With("user", User?.ToString()).With("serviceAccount", ServiceAccount?.ToString())
        .With("tool", Tool).With("from", From).With("to", To);
}

/// <summary>A hold as it shall be; see <see cref="LegalHold"/>.</summary>
public sealed record NewLegalHold(
    string? Name, ServerId? Server = null, UserId? User = null, ServiceAccountId? ServiceAccount = null, string? Tool = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <summary>What retention does for one organisation.</summary>
/// <param name="Organization"><see cref="OrganizationId.None"/> for refused calls that named none.</param>
/// <param name="HoldReleasedAt">When a hold was released whose payloads are still to be removed; null when there is none.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RetentionDuty(OrganizationId Organization, RetentionSettings Settings, DateTimeOffset? HoldReleasedAt);

/// <summary>Where both are kept, and what is removed without the chain's help.</summary>
public interface IRetentionStore
{
    /// <summary>Null when the organisation is gone.</summary>
    Task<RetentionSettings?> FindAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>False when the organisation is gone.</summary>
    Task<bool> SaveAsync(OrganizationId organization, RetentionSettings settings, AdminChange change, CancellationToken cancellationToken);

    /// <summary>The oldest first.</summary>
    Task<IReadOnlyList<LegalHold>> ListHoldsAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>Adds it while the organisation has fewer than <paramref name="most"/>; false when it has as many.</summary>
    Task<bool> AddHoldAsync(OrganizationId organization, LegalHold hold, int most, AdminChange change, CancellationToken cancellationToken);

    /// <summary>False when the organisation has no such hold.</summary>
    Task<bool> ReleaseHoldAsync(OrganizationId organization, LegalHoldId hold, AdminChange change, CancellationToken cancellationToken);

    /// <summary>Every organisation, and what belongs to none.</summary>
    Task<IReadOnlyList<RetentionDuty>> ListDutiesAsync(CancellationToken cancellationToken);

    /// <summary>Removes the payloads that only the released hold kept, among those whose time had come.</summary>
    Task RemoveReleasedAsync(RetentionDuty duty, CancellationToken cancellationToken);

    /// <summary>Removes what stands in no chain: calls that named no organisation, and those of before there were chains.</summary>
    /// <returns>How many records and payloads.</returns>
    Task<long> RemoveUnlinkedAsync(OrganizationId organization, DateTimeOffset recordsBefore, DateTimeOffset payloadsBefore, CancellationToken cancellationToken);

    /// <summary>Drops the partitions of days before an instant that hold nothing any more.</summary>
    Task DropEmptyDaysAsync(DateTimeOffset before, CancellationToken cancellationToken);
}
