using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Identity;

internal sealed class MemberStore(ScopedContexts contexts, ChangeWriter changes) : IMemberStore
{
    public async Task<Page<Member>> ListAsync(OrganizationId organization, UserId? after, int size, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        Guid from = after?.Value ?? Guid.Empty;
        // The comparison of ids is the database's: a typed id has none.
        List<Member> found = await context.Members
            .FromSql($"SELECT * FROM members WHERE org_id = {organization.Value} AND user_id > {from}")
            .OrderBy(m => m.UserId).Take(size + 1).ToMembers().ToListAsync(cancellationToken);
        return new Page<Member>([.. found.Take(size)], found.Count > size ? found[size - 1].User.Id.ToString() : null);
    }

    public async Task<Member?> FindAsync(OrganizationId organization, UserId user, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await ReadAsync(context, organization, user, cancellationToken);
    }

    public Task<bool> ChangeAsync(
        OrganizationId organization, UserId user, UserId? actor, Func<MemberFacts, Role?> decide, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteRevocationAsync(DataScope.Of(organization), new Change(ChangeKind.Member, user.Value), async context =>
        {
            if (!await OrganizationLock.TakeAsync(context, organization, cancellationToken)) return null;
            if (await ReadAsync(context, organization, user, cancellationToken) is not { } member) return null;
            MemberFacts facts = new(
                await OrganizationLock.RoleOfAsync(context, organization, actor, cancellationToken),
                member,
                await context.Members.CountAsync(m => m.OrgId == organization && m.Role == Role.Owner, cancellationToken));
            Role? after = decide(facts);
            IQueryable<MemberRow> row = context.Members.Where(m => m.OrgId == organization && m.UserId == user);
            // Whose place it is stays as it was: a role that groups gave is theirs to change, and only an invitation turns
            // such a place into one that people gave.
            if (after is { } role) await row.ExecuteUpdateAsync(set => set.SetProperty(m => m.Role, role), cancellationToken);
            else await row.ExecuteDeleteAsync(cancellationToken);
            int revoked = await RevokeInvitationsAsync(context, organization, user, after, at, cancellationToken);
            AuditView before = member.ToAudit(), now = after is { } given ? (member with { Role = given }).ToAudit() : new AuditView(member.User.Name);
            if (revoked > 0) now.With("revokedInvitations", revoked);
            return Written.As(change.Between(before, now));
        }, cancellationToken);

    /// <summary>Somebody who was put out must not come back, or bring in others, by a link that they made before.</summary>
    private static Task<int> RevokeInvitationsAsync(
        McpxDbContext context, OrganizationId organization, UserId by, Role? role, DateTimeOffset at, CancellationToken cancellationToken)
    {
        Role[] beyond = [.. Enum.GetValues<Role>().Where(r => role?.Allows(Invitation.PermissionFor(r)) is not true)];
        return context.Invitations
            .Where(i => i.OrgId == organization && i.InvitedBy == by && i.AcceptedAt == null && i.RevokedAt == null && beyond.Contains(i.Role))
            .ExecuteUpdateAsync(set => set.SetProperty(i => i.RevokedAt, at.ToUniversalTime()), cancellationToken);
    }

    private static Task<Member?> ReadAsync(McpxDbContext context, OrganizationId organization, UserId user, CancellationToken cancellationToken) =>
        context.Members.Where(m => m.OrgId == organization && m.UserId == user).ToMembers().SingleOrDefaultAsync(cancellationToken);
}

internal static class MemberProjection
{
    public static IQueryable<Member> ToMembers(this IQueryable<MemberRow> members) => members.Select(m => new Member(
        new User(m.UserId, m.User!.Name, m.User.Email), m.Role, m.JoinedAt, m.FromGroups));
}
