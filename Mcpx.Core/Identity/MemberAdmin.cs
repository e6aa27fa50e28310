using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Identity;

/// <summary>The one door to who belongs to an organisation, and as what. New people come by invitation.</summary>
public sealed partial class MemberAdmin(IMemberStore store, ChangeFeed changes, TimeProvider time, ILogger<MemberAdmin> logger)
{
    public const int LargestPage = 200;

    private const string LastOwner = "An organisation always has an Owner: make somebody else Owner first.";

    /// <param name="after">The <see cref="Page{T}.Next"/> of the page before.</param>
    /// <exception cref="RefusalException">Not allowed, or no such page.</exception>
    public Task<Page<Member>> ListAsync(Actor actor, string? after, int size, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        UserId from = default;
        new InputCheck().Require(after is null || EntityId.TryParse(after, out from), "after", "Use the value of next of the page before.").ThrowIfWrong();
        return store.ListAsync(actor.Organization, after is null ? null : from, Math.Clamp(size, 1, LargestPage), cancellationToken);
    }

    /// <exception cref="RefusalException">Not allowed, not there, decided by groups, or the last Owner.</exception>
    public async Task<Member> ChangeRoleAsync(Actor actor, UserId user, Role role, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageRoles);
        new InputCheck().Require(Enum.IsDefined(role), "role", "Use owner, admin or member.").ThrowIfWrong();
        Role before = role;
        bool found = await store.ChangeAsync(actor.Organization, user, actor.User, facts =>
        {
            AsOfNow(actor, facts).Demand(Permission.ManageRoles);
            before = facts.Member.Role;
            if (before != role) RefuseIfFromGroups(facts);
            if (role is not Role.Owner) RefuseIfLastOwner(facts);
            return role;
        }, Instant.Now(time), ChangeBy(actor, AdminAction.MemberRole, user), cancellationToken);
        if (!found) throw new RefusalException.NotFound("member");
        await PublishAsync(user);
        LogRoleChanged(logger, user, actor.Organization, before, role, actor.Name);
        return await store.FindAsync(actor.Organization, user, cancellationToken) ?? throw new RefusalException.NotFound("member");
    }

    /// <summary>Ends a membership; one's own needs no permission, see <see cref="LeaveAsync"/>.</summary>
    /// <exception cref="RefusalException">Not allowed, not there, an Owner whom an Admin can't remove, or the last Owner.</exception>
    public Task RemoveAsync(Actor actor, UserId user, CancellationToken cancellationToken)
    {
        if (actor.User == user) return LeaveAsync(actor, cancellationToken);
        actor.Demand(Permission.ManageMembers);
        return EndAsync(actor, AdminAction.MemberRemove, user, facts =>
        {
            Actor now = AsOfNow(actor, facts);
            now.Demand(Permission.ManageMembers);
            if (facts.Member.Role is Role.Owner && now.Role is not Role.Owner)
                throw new RefusalException.Forbidden("Only an Owner can remove an Owner.");
            RefuseIfLastOwner(facts);
        }, cancellationToken);
    }

    /// <exception cref="RefusalException">A service account, or the last Owner.</exception>
    public Task LeaveAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return EndAsync(actor, AdminAction.MemberLeave, actor.DemandPerson().Id, RefuseIfLastOwner, cancellationToken);
    }

    private async Task EndAsync(Actor actor, AdminAction action, UserId user, Action<MemberFacts> check, CancellationToken cancellationToken)
    {
        bool found = await store.ChangeAsync(actor.Organization, user, actor.User, facts =>
        {
            check(facts);
            return null;
        }, Instant.Now(time), ChangeBy(actor, action, user), cancellationToken);
        if (!found) throw new RefusalException.NotFound("member");
        await PublishAsync(user);
        LogEnded(logger, user, actor.Organization, actor.Name);
    }

    /// <summary>The actor's role may have been taken away while they were on their way here.</summary>
    private static Actor AsOfNow(Actor actor, MemberFacts facts) => actor.User is null
        ? actor
        : actor with { Role = facts.Actor ?? throw new RefusalException.Forbidden("You are no longer a member of this organisation.") };

    private static void RefuseIfLastOwner(MemberFacts facts)
    {
        if (facts is { Member.Role: Role.Owner, Owners: 1 }) throw new RefusalException.Conflict("role", LastOwner);
    }

    /// <summary>The next sign-in would undo it without a word.</summary>
    private static void RefuseIfFromGroups(MemberFacts facts)
    {
        if (facts.Member.FromGroups)
            throw new RefusalException.Conflict("role", "This role comes from the groups of an identity provider: change it there, or which role the group gives.");
    }

    private AdminChange ChangeBy(Actor actor, AdminAction action, UserId user) => AdminChange.By(actor, action, SubjectKinds.Member, user.Value, time);

    private ValueTask PublishAsync(UserId user) => changes.PublishAsync(new Change(ChangeKind.Member, user.Value));

    [LoggerMessage(6090, LogLevel.Information, "Member {User} of organisation {Organization} is {Role} now, was {Before}; changed by {Actor}.")]
    private static partial void LogRoleChanged(ILogger logger, UserId user, OrganizationId organization, Role before, Role role, string actor);

    [LoggerMessage(6091, LogLevel.Information, "Member {User} left organisation {Organization}; done by {Actor}.")]
    private static partial void LogEnded(ILogger logger, UserId user, OrganizationId organization, string actor);
}
