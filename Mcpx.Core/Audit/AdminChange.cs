using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Audit;

/// <summary>
/// A change that somebody is about to make: all of its audit entry that is known before. Every method of a store that
/// changes something takes one, and writes the entry in the transaction of the change: what stands before and after is
/// only known there, and neither may exist without the other.
/// </summary>
/// <param name="Organization">Whose log the entry belongs to; null when that is for the store to find out.</param>
/// <param name="Subject">What is changed; the store names it.</param>
public sealed record AdminChange(
    AdminEntryId Id, DateTimeOffset Time, OrganizationId? Organization, AuditActor Actor, RequestOrigin Origin, AdminAction Action, (string Kind, Guid? Id) Subject)
{
    /// <summary>By a person or a service account, in its organisation.</summary>
    public static AdminChange By(Actor actor, AdminAction action, string kind, Guid? subject, TimeProvider time) =>
        New(actor.Organization, actor.Origin.Credential.Kind is UsedCredentialKind.Installation ? AuditActor.Installation : AuditActor.Of(actor.Principal), actor.Origin, action, kind, subject, time);

    /// <summary>By a person, in something of their own that is no organisation's. Who they are, the store names.</summary>
    public static AdminChange By(SignedIn person, AdminAction action, string kind, Guid? subject, TimeProvider time) =>
        By(person.User, person.Origin, action, kind, subject, time);

    /// <inheritdoc cref="By(SignedIn, AdminAction, string, Guid?, TimeProvider)"/>
    public static AdminChange By(UserId person, RequestOrigin origin, AdminAction action, string kind, Guid? subject, TimeProvider time) =>
        New(null, new AuditActor(AuditActorKind.Person, person.Value, ""), origin, action, kind, subject, time);

    /// <summary>By the installation itself.</summary>
    public static AdminChange ByInstallation(string occasion, AdminAction action, string kind, Guid? subject, TimeProvider time) =>
        New(null, AuditActor.Installation, RequestOrigin.Installation(occasion), action, kind, subject, time);

    /// <summary>The same act on another thing: an entry of its own.</summary>
    public AdminChange On(Guid subject) => this with { Id = AdminEntryId.From(Guid.CreateVersion7(Time)), Subject = (Subject.Kind, subject) };

    /// <summary>In an organisation that the store found out, by a person whose name it did.</summary>
    public AdminChange In(OrganizationId? organization, string person) => this with { Organization = organization, Actor = Actor.Kind is AuditActorKind.Person ? Actor with { Name = person } : Actor };

    /// <summary>The entry; null when nothing that people see has changed.</summary>
    /// <param name="before">Null for what is new.</param>
    /// <param name="after">Null for what is gone.</param>
    public AdminEntry? Between(AuditView? before, AuditView? after)
    {
        (string? was, string? now) = AuditView.Between(before, after);
        return was is null && now is null ? null : Entry((before ?? after)!.Name, was, now);
    }

    /// <summary>For what happened to a thing without changing a member of it: somebody signed out.</summary>
    public AdminEntry Happened(string name) => Entry(name, null, null);

    private AdminEntry Entry(string name, string? before, string? after) =>
        new(Id, Time, Organization, Actor, Origin, Action.Name, new AuditSubject(Subject.Kind, Subject.Id, name), before, after);

    private static AdminChange New(OrganizationId? organization, AuditActor actor, RequestOrigin origin, AdminAction action, string kind, Guid? subject, TimeProvider time)
    {
        DateTimeOffset now = Instant.Now(time);
        return new AdminChange(AdminEntryId.From(Guid.CreateVersion7(now)), now, organization, actor, origin, action, (kind, subject));
    }
}
