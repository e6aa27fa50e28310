using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Mcpx.Data.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Audit;

/// <summary>
/// A line of the audit log. It is written once and never changed, and refers to nothing but its organisation, so that it
/// outlives whom and what it names. Its link in the chain stands in a table of its own.
/// </summary>
internal sealed class AdminEntryRow
{
    public required AdminEntryId Id { get; init; }

    /// <summary>Null for the installation's own log.</summary>
    public OrganizationId? OrgId { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required AuditActorKind ActorKind { get; init; }

    public Guid? ActorId { get; init; }

    public required string ActorName { get; init; }

    public required UsedCredentialKind CredentialKind { get; init; }

    public Guid? CredentialId { get; init; }

    public string? CredentialName { get; init; }

    public string? Address { get; init; }

    public string? UserAgent { get; init; }

    public required string Action { get; init; }

    public required string SubjectKind { get; init; }

    public Guid? SubjectId { get; init; }

    public required string SubjectName { get; init; }

    /// <summary>As <c>json</c>, which keeps the text as it was written.</summary>
    public string? Before { get; init; }

    public string? After { get; init; }

    public static AdminEntryRow From(AdminEntry entry) => new()
    {
        Id = entry.Id,
        OrgId = entry.Organization,
        Time = entry.Time,
        ActorKind = entry.Actor.Kind,
        ActorId = entry.Actor.Id,
        ActorName = PostgresText.Clean(entry.Actor.Name),
        CredentialKind = entry.Origin.Credential.Kind,
        CredentialId = entry.Origin.Credential.Id,
        CredentialName = PostgresText.Clean(entry.Origin.Credential.Name),
        Address = entry.Origin.Address,
        UserAgent = PostgresText.Clean(entry.Origin.UserAgent),
        Action = entry.Action,
        SubjectKind = entry.Subject.Kind,
        SubjectId = entry.Subject.Id,
        SubjectName = PostgresText.Clean(entry.Subject.Name),
        Before = entry.Before,
        After = entry.After,
    };

    /// <summary>The same line in one of a person's organisations.</summary>
    public AdminEntryRow For(UserId person, AdminEntryId id, OrganizationId? organization, string name) => new()
    {
        Id = id,
        OrgId = organization,
        Time = Time,
        ActorKind = ActorKind,
        ActorId = person.Value,
        ActorName = name,
        CredentialKind = CredentialKind,
        CredentialId = CredentialId,
        CredentialName = CredentialName,
        Address = Address,
        UserAgent = UserAgent,
        Action = Action,
        SubjectKind = SubjectKind,
        SubjectId = SubjectId,
        SubjectName = SubjectName,
        Before = Before,
        After = After,
    };

    public AdminEntry ToEntry() => new(Id, Time, OrgId, new AuditActor(ActorKind, ActorId, ActorName),
        new RequestOrigin(new UsedCredential(CredentialKind, CredentialId, CredentialName), Address, UserAgent),
        Action, new AuditSubject(SubjectKind, SubjectId, SubjectName), Before, After);
}

internal sealed class AdminEntryConfiguration : IEntityTypeConfiguration<AdminEntryRow>
{
    public void Configure(EntityTypeBuilder<AdminEntryRow> builder)
    {
        builder.ToTable("admin_entries").HasKey(e => e.Id);
        builder.Property(e => e.ActorKind).HasConversion<short>();
        builder.Property(e => e.CredentialKind).HasConversion<short>();
        builder.Property(e => e.Before).HasColumnType("json");
        builder.Property(e => e.After).HasColumnType("json");
        builder.HasIndex(e => new { e.OrgId, e.Time, e.Id });
        builder.HasIndex(e => new { e.OrgId, e.ActorId, e.Time });
        builder.HasIndex(e => new { e.OrgId, e.SubjectId, e.Time });
        builder.HasOne<OrganizationRow>().WithMany().HasForeignKey(e => e.OrgId).OnDelete(DeleteBehavior.Cascade);
    }
}
