using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Identity;

/// <summary>Lets memberships follow a provider's groups, as part of the caller's open transaction.</summary>
internal sealed class GroupMemberships(McpxDbContext context, ChangeWriter changes)
{
    /// <inheritdoc cref="IAccountWork.FollowGroupsAsync"/>
    public async Task<bool> FollowAsync(UserId user, string issuer, IReadOnlyList<string> groups, DateTimeOffset now, AdminChange change, CancellationToken cancellationToken)
    {
        // Most sign-ins change nothing, and then lock nothing.
        Guid[] touched = [.. (await CompareAsync(user, issuer, groups, cancellationToken)).Select(step => step.Organization.Value).Order()];
        if (touched.Length == 0) return false;
        // In the order of their ids; every change of memberships locks the organisation first, so that two can't each take
        // one of the last two Owners.
        await context.Database.ExecuteSqlAsync($"SELECT 1 FROM organizations WHERE id = ANY({touched}) ORDER BY id FOR NO KEY UPDATE", cancellationToken);

        bool changed = false;
        string name = (await context.FindUserAsync(user, cancellationToken))?.Name ?? "";
        foreach (Step step in await CompareAsync(user, issuer, groups, cancellationToken))
        {
            // What came up between the two readings waits for the next sign-in.
            if (!touched.Contains(step.Organization.Value)) continue;
            if (step.Had is Role.Owner && step.Wanted is not Role.Owner && !await HasOtherOwnerAsync(step.Organization, user, cancellationToken)) continue;
            await ApplyAsync(user, step, now, cancellationToken);
            if (step.Wanted is not { } role || role < step.Had) await RevokeInvitationsAsync(user, step.Organization, now, cancellationToken);
            await Written.As(change.On(user.Value).In(step.Organization, name).Between(ViewOf(name, step.Had), ViewOf(name, step.Wanted))).SaveAsync(context, cancellationToken);
            changed = true;
        }

        if (changed) await changes.RevokeAsync(context, new Change(ChangeKind.Member, user.Value), cancellationToken);
        return changed;
    }

    private async Task<List<Step>> CompareAsync(UserId user, string issuer, IReadOnlyList<string> groups, CancellationToken cancellationToken)
    {
        string[] names = [.. groups];
        var wanted = await context.GroupRoles.Where(g => g.Issuer == issuer && names.Contains(g.GroupName))
            .Select(g => new { g.OrgId, g.Role }).ToListAsync(cancellationToken);
        Dictionary<OrganizationId, Role> highest = wanted.GroupBy(g => g.OrgId).ToDictionary(g => g.Key, g => g.Max(x => x.Role));
        var present = await context.Members.Where(m => m.UserId == user).Select(m => new { m.OrgId, m.Role, m.FromGroups }).ToListAsync(cancellationToken);

        List<Step> steps = [];
        foreach (var member in present)
        {
            bool stays = highest.Remove(member.OrgId, out Role role);
            // A place that a person gave is theirs to change, in both directions.
            if (member.FromGroups && (!stays || role != member.Role)) steps.Add(new Step(member.OrgId, member.Role, stays ? role : null));
        }

        steps.AddRange(highest.Select(added => new Step(added.Key, null, added.Value)));
        return steps;
    }

    private Task<bool> HasOtherOwnerAsync(OrganizationId organization, UserId user, CancellationToken cancellationToken) =>
        context.Members.AnyAsync(m => m.OrgId == organization && m.UserId != user && m.Role == Role.Owner, cancellationToken);

    private async Task ApplyAsync(UserId user, Step step, DateTimeOffset now, CancellationToken cancellationToken)
    {
        IQueryable<MemberRow> place = context.Members.Where(m => m.OrgId == step.Organization && m.UserId == user);
        if (step.Wanted is not { } role)
        {
            await place.ExecuteDeleteAsync(cancellationToken);
        }
        else if (step.Had is not null)
        {
            await place.ExecuteUpdateAsync(set => set.SetProperty(m => m.Role, role), cancellationToken);
        }
        else
        {
            context.Members.Add(new MemberRow { OrgId = step.Organization, UserId = user, Role = role, JoinedAt = now, FromGroups = true });
            await context.SaveChangesAsync(cancellationToken);
        }
    }

    private static AuditView? ViewOf(string name, Role? role) => role is { } given ? new AuditView(name).With("role", given) : null;

    /// <summary>Who lost rights must not come back, or bring in others, by a link that they made before.</summary>
    private Task<int> RevokeInvitationsAsync(UserId user, OrganizationId organization, DateTimeOffset now, CancellationToken cancellationToken) => context.Invitations
        .Where(i => i.OrgId == organization && i.InvitedBy == user && i.AcceptedAt == null && i.RevokedAt == null)
        .ExecuteUpdateAsync(set => set.SetProperty(i => i.RevokedAt, now), cancellationToken);

    /// <param name="Had">Null: no member until now.</param>
    /// <param name="Wanted">Null: no member any more.</param>
    private sealed record Step(OrganizationId Organization, Role? Had, Role? Wanted);
}
