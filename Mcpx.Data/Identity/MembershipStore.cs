using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.Identity;

internal sealed class MembershipStore(ScopedContexts contexts, ChangeWriter changes, TimeProvider time) : IMembershipStore
{
    public async Task<IReadOnlyList<Membership>> ListAsync(UserId user, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(user), cancellationToken);
        return await context.Members.Where(m => m.UserId == user).OrderBy(m => m.Organization!.Name).ThenBy(m => m.OrgId)
            .ToMemberships().ToListAsync(cancellationToken);
    }

    public async Task<Membership?> FindAsync(string organizationSlug, UserId user, CancellationToken cancellationToken)
    {
        // The slug comes from an address: what text can't hold names no organisation.
        string slug = PostgresText.Clean(organizationSlug);
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(user), cancellationToken);
        return await context.Members.Where(m => m.UserId == user && m.Organization!.Slug == slug)
            .ToMemberships().SingleOrDefaultAsync(cancellationToken);
    }

    public async Task<Membership> EnsureOwnerAsync(Organization organization, User owner, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // Of several replicas one inserts; the others wait here for its commit and then find its Owner.
        int inserted = await context.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO organizations (id, slug, name, config_version) VALUES ({organization.Id.Value}, {organization.Slug}, {organization.Name}, 1)
            ON CONFLICT (slug) DO NOTHING
            """, cancellationToken);
        if (inserted == 1)
        {
            await context.Database.ExecuteSqlAsync(
                $"INSERT INTO users (id, name, email) VALUES ({owner.Id.Value}, {owner.Name}, {owner.Email}) ON CONFLICT (id) DO NOTHING", cancellationToken);
            context.Members.Add(new MemberRow { OrgId = organization.Id, UserId = owner.Id, Role = Role.Owner, JoinedAt = time.GetUtcNow() });
            await context.SaveChangesAsync(cancellationToken);
            await Written.As(change.In(organization.Id, owner.Name).Between(null, organization.ToAudit())).SaveAsync(context, cancellationToken);
            await changes.NotifyAsync(context, new Change(ChangeKind.Configuration, organization.Id.Value), cancellationToken);
        }

        Membership first = await context.Members.Where(m => m.Organization!.Slug == organization.Slug && m.Role == Role.Owner)
            .OrderBy(m => m.JoinedAt).ThenBy(m => m.UserId)
            .ToMemberships().FirstAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return first;
    }
}

internal static class MembershipProjection
{
    public static IQueryable<Membership> ToMemberships(this IQueryable<MemberRow> members) => members.Select(m => new Membership(
        new Organization(m.OrgId, m.Organization!.Slug, m.Organization.Name),
        new User(m.UserId, m.User!.Name, m.User.Email),
        m.Role));
}
