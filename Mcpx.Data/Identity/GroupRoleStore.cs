using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.Identity;

internal sealed class GroupRoleStore(ScopedContexts contexts) : IGroupRoleStore
{
    public async Task<IReadOnlyList<GroupRole>> ListAsync(OrganizationId organization, string issuer, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await ReadAsync(context, organization, issuer, cancellationToken);
    }

    public async Task ReplaceAsync(OrganizationId organization, string issuer, IReadOnlyList<GroupRole> roles, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // Two who save at once: the later list stands, whole.
        await context.Database.ExecuteSqlAsync($"SELECT 1 FROM organizations WHERE id = {organization.Value} FOR NO KEY UPDATE", cancellationToken);
        string name = await context.OrganizationAsync(organization, cancellationToken);
        AuditView before = ViewOf(name, await ReadAsync(context, organization, issuer, cancellationToken));
        await context.GroupRoles.Where(g => g.OrgId == organization && g.Issuer == issuer).ExecuteDeleteAsync(cancellationToken);
        context.GroupRoles.AddRange(roles.Select(role => new GroupRoleRow { OrgId = organization, Issuer = issuer, GroupName = role.Group, Role = role.Role }));
        await context.SaveChangesAsync(cancellationToken);
        await Written.As(change.Between(before, ViewOf(name, roles))).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<IReadOnlyList<GroupRole>> ReadAsync(McpxDbContext context, OrganizationId organization, string issuer, CancellationToken cancellationToken) =>
        await context.GroupRoles.Where(g => g.OrgId == organization && g.Issuer == issuer).OrderBy(g => g.GroupName)
            .Select(g => new GroupRole(g.GroupName, g.Role)).ToListAsync(cancellationToken);

    private static AuditView ViewOf(string organization, IEnumerable<GroupRole> roles)
    {
        AuditView view = new(organization);
        foreach (GroupRole role in roles) view.With(role.Group, role.Role);
        return view;
    }
}
