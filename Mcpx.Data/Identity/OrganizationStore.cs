using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Calls;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.Identity;

internal sealed class OrganizationStore(ScopedContexts contexts, ChangeWriter changes, OrphanedCalls calls) : IOrganizationStore
{
    private const string SlugKey = "ix_organizations_slug";

    // Everything that hangs on an organisation goes with its row.
    private static readonly TimeSpan DeletePatience = TimeSpan.FromSeconds(60);

    public async Task<Membership?> AddAsync(Organization organization, UserId owner, int most, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken)
    {
        try
        {
            return await AddOnceAsync(organization, owner, most, at, change, cancellationToken);
        }
        catch (DbUpdateException e) when (ConstraintViolation.IsUnique(e, SlugKey))
        {
            throw new RefusalException.Conflict("slug", OrganizationAdmin.SlugIsTaken);
        }
    }

    public async Task<OrganizationDetails?> FindAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await context.Organizations.Where(o => o.Id == organization)
            .Select(o => new OrganizationDetails(new Organization(o.Id, o.Slug, o.Name), o.CreatedAt)).SingleOrDefaultAsync(cancellationToken);
    }

    public Task<bool> RenameAsync(OrganizationId organization, string name, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await ReadAsync(context, organization, cancellationToken) is not { } before) return null;
            await context.Organizations.Where(o => o.Id == organization).ExecuteUpdateAsync(set => set.SetProperty(o => o.Name, name), cancellationToken);
            return Written.As(change.Between(before.ToAudit(), (before with { Name = name }).ToAudit()));
        }, cancellationToken);

    public async Task<EndedOrganization?> DeleteAsync(
        OrganizationId organization, UserId? actor, Action<Organization, Role?> check, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        context.Database.SetCommandTimeout(DeletePatience);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (!await OrganizationLock.TakeAsync(context, organization, cancellationToken) || await ReadAsync(context, organization, cancellationToken) is not { } row) return null;
        check(row, await OrganizationLock.RoleOfAsync(context, organization, actor, cancellationToken));

        EndedOrganization ended = new(
            await context.Members.Where(m => m.OrgId == organization).Select(m => m.UserId).ToListAsync(cancellationToken),
            await context.ServiceAccounts.Where(a => a.OrgId == organization).Select(a => a.Id).ToListAsync(cancellationToken));
        await context.Organizations.Where(o => o.Id == organization).ExecuteDeleteAsync(cancellationToken);
        // Its own log has gone with it.
        await Written.As((change with { Organization = null }).Between(row.ToAudit(), null)).SaveAsync(context, cancellationToken);
        await changes.RevokeAsync(context, ChangeKind.Member, [.. ended.Members.Select(m => m.Value)], cancellationToken);
        await changes.RevokeAsync(context, ChangeKind.ServiceAccount, [.. ended.ServiceAccounts.Select(a => a.Value)], cancellationToken);
        await changes.NotifyAsync(context, new Change(ChangeKind.Configuration, organization.Value), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        calls.Delete(organization);
        return ended;
    }

    private static Task<Organization?> ReadAsync(McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        context.Organizations.Where(o => o.Id == organization).Select(o => new Organization(o.Id, o.Slug, o.Name)).SingleOrDefaultAsync(cancellationToken);

    private async Task<Membership?> AddOnceAsync(Organization organization, UserId owner, int most, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken)
    {
        if (await FindPersonAsync(owner, most, cancellationToken) is not { } person) return null;
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization.Id), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        context.Organizations.Add(new OrganizationRow { Id = organization.Id, Slug = organization.Slug, Name = organization.Name, ConfigVersion = 1, CreatedAt = at });
        context.Members.Add(new MemberRow { OrgId = organization.Id, UserId = owner, Role = Role.Owner, JoinedAt = at });
        await context.SaveChangesAsync(cancellationToken);
        await Written.As(change.In(organization.Id, person.Name).Between(null, organization.ToAudit())).SaveAsync(context, cancellationToken);
        await changes.RevokeAsync(context, new Change(ChangeKind.Member, owner.Value), cancellationToken);
        await changes.NotifyAsync(context, new Change(ChangeKind.Configuration, organization.Id.Value), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new Membership(organization, person, Role.Owner);
    }

    /// <summary>
    /// In the person's own scope, and not under a lock: the bound keeps a script from taking thousands of names, and a few
    /// more by a race take nothing from anybody.
    /// </summary>
    private async Task<User?> FindPersonAsync(UserId user, int most, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(user), cancellationToken);
        if (await context.Members.CountAsync(m => m.UserId == user && m.Role == Role.Owner, cancellationToken) >= most)
            throw new RefusalException.Conflict("name", $"You own {most} organisations already: delete one that nobody uses.");
        UserRow? row = await context.Users.AsNoTracking().SingleOrDefaultAsync(u => u.Id == user, cancellationToken);
        return row?.ToUser();
    }
}
