using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Audit;

/// <summary>The numbers are stored: never reuse one.</summary>
public enum AuditActorKind
{
    /// <summary>Somebody who has not shown who they are.</summary>
    Nobody = 0,
    Person = 1,
    ServiceAccount = 2,

    /// <summary>The installation by itself, e.g. at start-up.</summary>
    Installation = 3,
}

/// <summary>Who did it.</summary>
/// <param name="Name">As it was then: it stays when the account is renamed or deleted.</param>
public sealed record AuditActor(AuditActorKind Kind, Guid? Id, string Name)
{
    public static AuditActor Of(Principal principal) =>
        new(principal is Principal.Person ? AuditActorKind.Person : AuditActorKind.ServiceAccount, principal.Id, principal.Name);

    public static AuditActor Nobody { get; } = new(AuditActorKind.Nobody, null, "");

    public static AuditActor Installation { get; } = new(AuditActorKind.Installation, null, "mcpx");
}

/// <summary>What it was done to.</summary>
/// <param name="Kind">See <see cref="SubjectKinds"/>.</param>
/// <param name="Name">As it was before the change.</param>
public sealed record AuditSubject(string Kind, Guid? Id, string Name);

/// <summary>What kinds of things an entry may be about; stored and part of the API.</summary>
public static class SubjectKinds
{
    public const string Server = "server";
    public const string Gateway = "gateway";
    public const string Limit = "limit";
    public const string SavedFilter = "saved-filter";
    public const string ScheduledExport = "scheduled-export";
    public const string LogStream = "log-stream";
    public const string Organization = "organization";
    public const string Member = "member";
    public const string Invitation = "invitation";
    public const string Token = "token";
    public const string ServiceAccount = "service-account";
    public const string Account = "account";
    public const string Session = "session";
    public const string Hold = "hold";
    public const string Installation = "installation";
}

/// <summary>One line of the audit log: a change that was made, or somebody who came in, left, or was refused.</summary>
/// <param name="Organization">Whose log it is in; null for the installation's, which its operators read.</param>
/// <param name="Before">The members that changed, as they were: a JSON object; null when there was nothing before.</param>
/// <param name="After">The same as they are now; null when there is nothing any more.</param>
public sealed record AdminEntry(
    AdminEntryId Id,
    DateTimeOffset Time,
    OrganizationId? Organization,
    AuditActor Actor,
    RequestOrigin Origin,
    string Action,
    AuditSubject Subject,
    string? Before,
    string? After);

/// <summary>What to list.</summary>
/// <param name="Action">An action's name, or its part before the dot for all of that kind; null for all.</param>
/// <param name="Actor">Of a person or a service account.</param>
/// <param name="Cursor">The <see cref="Page{T}.Next"/> of the page before.</param>
public sealed record AdminEntryFilter(
    string? Action = null, Guid? Actor = null, Guid? Subject = null, DateTimeOffset? From = null, DateTimeOffset? To = null, string? Cursor = null, int Size = 50);

public interface IAdminEntryStore
{
    /// <summary>Newest first.</summary>
    /// <param name="organization">Null for the installation's.</param>
    /// <exception cref="RefusalException.Invalid">The cursor is none of ours.</exception>
    Task<Page<AdminEntry>> ListAsync(OrganizationId? organization, AdminEntryFilter filter, CancellationToken cancellationToken);

    /// <summary>Notes something that changed nothing, for the installation: a refused sign-in. Changes are noted by who makes them.</summary>
    Task AddAsync(AdminEntry entry, CancellationToken cancellationToken);

    /// <summary>Notes something that was done in an organisation and changed nothing: calls were exported.</summary>
    /// <param name="what">What was done, as the entry's “after”.</param>
    Task NoteAsync(AdminChange change, AuditView what, CancellationToken cancellationToken);

    /// <summary>
    /// Notes something that changed nothing, unless an entry of the same action, subject and address is there, or as many
    /// of that action and subject as <paramref name="most"/>. Atomic, for all replicas together.
    /// </summary>
    /// <returns>True when it was noted.</returns>
    Task<bool> AddFirstAsync(AdminEntry entry, int most, CancellationToken cancellationToken);
}
