using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.Identity;

internal sealed class InvitationStore(ScopedContexts contexts, ChangeWriter changes) : IInvitationStore
{
    public async Task<IReadOnlyList<Invitation>> ListAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await Waiting(context, organization).OrderByDescending(i => i.CreatedAt).ThenByDescending(i => i.Id)
            .ToInvitations(context).ToListAsync(cancellationToken);
    }

    public async Task<Invitation?> FindAsync(OrganizationId organization, InvitationId id, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await context.Invitations.Where(i => i.OrgId == organization && i.Id == id).ToInvitations(context).SingleOrDefaultAsync(cancellationToken);
    }

    public async Task<Invitation?> PutAsync(Invitation invitation, byte[] hash, Action<InvitationFacts> check, AdminChange change, CancellationToken cancellationToken)
    {
        OrganizationId organization = invitation.Organization;
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (!await OrganizationLock.TakeAsync(context, organization, cancellationToken)) return null;
        InvitationFacts facts = await ReadFactsAsync(context, invitation, cancellationToken);
        check(facts);

        Invitation kept = facts.Before is null ? invitation : invitation with { Id = facts.Before.Id };
        UserId? by = invitation.InvitedBy?.Id;
        if (facts.Before is null) context.Invitations.Add(ToRow(invitation, hash));
        else
        {
            await context.Invitations.Where(i => i.OrgId == organization && i.Id == kept.Id).ExecuteUpdateAsync(set => set
                .SetProperty(i => i.Hash, hash)
                .SetProperty(i => i.Role, kept.Role)
                .SetProperty(i => i.InvitedBy, by)
                .SetProperty(i => i.CreatedAt, kept.CreatedAt.ToUniversalTime())
                .SetProperty(i => i.ExpiresAt, kept.ExpiresAt.ToUniversalTime())
                .SetProperty(i => i.SentAt, (DateTimeOffset?)null), cancellationToken);
        }

        await context.SaveChangesAsync(cancellationToken);
        await Written.As(change.On(kept.Id.Value).Between(facts.Before?.ToAudit(), kept.ToAudit())).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return kept;
    }

    public async Task<bool> RevokeAsync(OrganizationId organization, InvitationId id, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        Invitation? before = await Waiting(context, organization).Where(i => i.Id == id).ToInvitations(context).SingleOrDefaultAsync(cancellationToken);
        int revoked = await Waiting(context, organization).Where(i => i.Id == id)
            .ExecuteUpdateAsync(set => set.SetProperty(i => i.RevokedAt, at.ToUniversalTime()), cancellationToken);
        // Of two who revoke it at once, one did.
        if (revoked == 0 || before is null) return false;
        await Written.As(change.Between(before.ToAudit(), (before with { RevokedAt = at.ToUniversalTime() }).ToAudit())).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public async Task MarkSentAsync(OrganizationId organization, InvitationId id, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await context.Invitations.Where(i => i.OrgId == organization && i.Id == id)
            .ExecuteUpdateAsync(set => set.SetProperty(i => i.SentAt, at.ToUniversalTime()), cancellationToken);
    }

    public async Task<InvitationOffer?> FindByHashAsync(byte[] hash, CancellationToken cancellationToken)
    {
        // The code names the organisation; before it was looked up there is none to keep to.
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        Invitation? invitation = await context.Invitations.Where(i => i.Hash == hash).ToInvitations(context).SingleOrDefaultAsync(cancellationToken);
        if (invitation is null) return null;
        Organization? organization = await context.Organizations.Where(o => o.Id == invitation.Organization)
            .Select(o => new Organization(o.Id, o.Slug, o.Name)).SingleOrDefaultAsync(cancellationToken);
        return organization is null ? null : new InvitationOffer(invitation, organization);
    }

    public async Task<IReadOnlyList<string>> VerifiedAddressesAsync(UserId user, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(user), cancellationToken);
        List<string?> own = await context.Users.Where(u => u.Id == user && u.EmailVerified).Select(u => u.Email).ToListAsync(cancellationToken);
        List<string?> vouched = await context.ExternalLogins.Where(l => l.UserId == user && l.EmailTrusted).Select(l => l.Email).ToListAsync(cancellationToken);
        return [.. own.Concat(vouched).OfType<string>()];
    }

    public async Task<Acceptance> AcceptAsync(OrganizationId organization, byte[] hash, UserId user, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken)
    {
        DateTimeOffset now = at.ToUniversalTime();
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (!await OrganizationLock.TakeAsync(context, organization, cancellationToken)) return new Acceptance.Unknown();
        // Read under the lock: of many who come with one link, all but the first find it accepted.
        Invitation? invitation = await context.Invitations.Where(i => i.OrgId == organization && i.Hash == hash).ToInvitations(context).SingleOrDefaultAsync(cancellationToken);
        if (invitation is null) return new Acceptance.Unknown();
        if (invitation.StateAt(at) is not InvitationState.Open and var state) return new Acceptance.Over(state);
        await context.Invitations.Where(i => i.OrgId == organization && i.Id == invitation.Id).ExecuteUpdateAsync(set => set
            .SetProperty(i => i.AcceptedAt, now).SetProperty(i => i.AcceptedBy, user), cancellationToken);
        // A person invited them: from here on no provider's groups take them out again. But an invitation to less than what
        // groups gave must not keep that for ever: whoever made it may not have been allowed to give it.
        await context.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO members (org_id, user_id, role, joined_at, from_groups) VALUES ({organization.Value}, {user.Value}, {(short)invitation.Role}, {now}, false)
            ON CONFLICT (org_id, user_id) DO UPDATE
                SET role = greatest(members.role, excluded.role), from_groups = members.from_groups AND members.role > excluded.role
            """, cancellationToken);
        await changes.RevokeAsync(context, new Change(ChangeKind.Member, user.Value), cancellationToken);
        Membership membership = await context.Members.Where(m => m.OrgId == organization && m.UserId == user).ToMemberships().SingleAsync(cancellationToken);
        AuditView after = (invitation with { AcceptedAt = now }).ToAudit().With("memberRole", membership.Role);
        await Written.As(change.In(organization, membership.User.Name).Between(invitation.ToAudit(), after)).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new Acceptance.Joined(membership);
    }

    private static IQueryable<InvitationRow> Waiting(McpxDbContext context, OrganizationId organization) =>
        context.Invitations.Where(i => i.OrgId == organization && i.AcceptedAt == null && i.RevokedAt == null);

    private static async Task<InvitationFacts> ReadFactsAsync(McpxDbContext context, Invitation invitation, CancellationToken cancellationToken)
    {
        OrganizationId organization = invitation.Organization;
        List<string?> addresses = await context.Members.Where(m => m.OrgId == organization && m.User!.EmailVerified).Select(m => m.User!.Email).ToListAsync(cancellationToken);
        return new InvitationFacts(
            await OrganizationLock.RoleOfAsync(context, organization, invitation.InvitedBy?.Id, cancellationToken),
            addresses.Any(a => EmailAddress.TryNormalize(a, out string? own) && own == invitation.Email),
            await Waiting(context, organization).CountAsync(i => i.Email != invitation.Email, cancellationToken),
            await Waiting(context, organization).Where(i => i.Email == invitation.Email).ToInvitations(context).SingleOrDefaultAsync(cancellationToken));
    }

    private static InvitationRow ToRow(Invitation invitation, byte[] hash) => new()
    {
        Id = invitation.Id,
        OrgId = invitation.Organization,
        Email = invitation.Email,
        Role = invitation.Role,
        Hash = hash,
        InvitedBy = invitation.InvitedBy?.Id,
        CreatedAt = invitation.CreatedAt.ToUniversalTime(),
        ExpiresAt = invitation.ExpiresAt.ToUniversalTime(),
    };
}

internal static class InvitationProjection
{
    public static IQueryable<Invitation> ToInvitations(this IQueryable<InvitationRow> invitations, McpxDbContext context) =>
        from i in invitations
        join u in context.Users on i.InvitedBy equals u.Id into inviters
        from u in inviters.DefaultIfEmpty()
        select new Invitation(i.Id, i.OrgId, i.Email, i.Role, u == null ? null : new User(u.Id, u.Name, u.Email),
            i.CreatedAt, i.ExpiresAt, i.SentAt, i.RevokedAt, i.AcceptedAt, i.AcceptedBy);
}
