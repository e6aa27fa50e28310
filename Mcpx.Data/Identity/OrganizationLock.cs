using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Identity;

/// <summary>
/// The row of the organisation, locked first: whatever changes who belongs to it happens one after the other. Counting
/// Owners without it would let each of two find the other one, and both leave.
/// </summary>
internal static class OrganizationLock
{
    /// <summary>Until the transaction ends; false when there is no such organisation.</summary>
    public static async Task<bool> TakeAsync(McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        (await context.Database.SqlQuery<Guid>($"SELECT id AS \"Value\" FROM organizations WHERE id = {organization.Value} FOR NO KEY UPDATE")
            .ToListAsync(cancellationToken)).Count == 1;

    /// <summary>The person's role at this moment; null when they are no member, or there is no person.</summary>
    public static async Task<Role?> RoleOfAsync(McpxDbContext context, OrganizationId organization, UserId? user, CancellationToken cancellationToken) =>
        user is { } id
            ? await context.Members.Where(m => m.OrgId == organization && m.UserId == id).Select(m => (Role?)m.Role).SingleOrDefaultAsync(cancellationToken)
            : null;
}
