using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.Identity;

internal sealed class ServiceAccountStore(ScopedContexts contexts, ChangeWriter changes) : IServiceAccountStore
{
    private const string NameIndex = "ix_service_accounts_org_id_name";

    /// <summary>One account's last use is written once in so long: a client that asks for a token each second is no reason to write each second.</summary>
    private static readonly TimeSpan TouchEvery = TimeSpan.FromMinutes(1);

    public async Task AddAsync(ServiceAccount account, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(account.Organization.Id), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        context.ServiceAccounts.Add(new ServiceAccountRow
        {
            Id = account.Id,
            OrgId = account.Organization.Id,
            Name = account.Name,
            Description = account.Description,
            Role = account.Role,
            Scopes = account.Scopes,
            EndpointIds = account.Limits.Endpoints?.ToArray(),
            Tools = account.Limits.Tools?.ToArray(),
            Jwks = account.Jwks,
            CreatedAt = account.CreatedAt,
            UpdatedAt = account.UpdatedAt,
            DisabledAt = account.DisabledAt,
        });
        await NamedOnceAsync(() => context.SaveChangesAsync(cancellationToken));
        await Written.As(change.Between(null, await ViewAsync(context, account.Organization.Id, account.Id, cancellationToken))).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task<bool> UpdateAsync(ServiceAccount account, AdminChange change, CancellationToken cancellationToken)
    {
        Guid[]? endpoints = account.Limits.Endpoints?.ToArray();
        string[]? tools = account.Limits.Tools?.ToArray();
        bool found = false;
        await NamedOnceAsync(async () => found = await WriteAsync(account.Organization.Id, account.Id, async context =>
        {
            // Locked: of two that change the account at once, the second tells what the first made of it.
            await LockAsync(context, account.Organization.Id, account.Id, cancellationToken);
            AuditView? before = await ViewAsync(context, account.Organization.Id, account.Id, cancellationToken);
            int updated = await context.ServiceAccounts.Where(a => a.OrgId == account.Organization.Id && a.Id == account.Id).ExecuteUpdateAsync(set => set
                .SetProperty(a => a.Name, account.Name)
                .SetProperty(a => a.Description, account.Description)
                .SetProperty(a => a.Role, account.Role)
                .SetProperty(a => a.Scopes, account.Scopes)
                .SetProperty(a => a.EndpointIds, endpoints)
                .SetProperty(a => a.Tools, tools)
                .SetProperty(a => a.Jwks, account.Jwks)
                .SetProperty(a => a.UpdatedAt, account.UpdatedAt)
                .SetProperty(a => a.DisabledAt, account.DisabledAt), cancellationToken);
            return updated == 1 ? Written.As(change.Between(before, await ViewAsync(context, account.Organization.Id, account.Id, cancellationToken))) : null;
        }, cancellationToken));
        return found;
    }

    public Task<bool> DeleteAsync(OrganizationId organization, ServiceAccountId account, AdminChange change, CancellationToken cancellationToken) =>
        WriteAsync(organization, account, async context =>
        {
            await LockAsync(context, organization, account, cancellationToken);
            if (await ViewAsync(context, organization, account, cancellationToken) is not { } before) return null;
            await context.ServiceAccounts.Where(a => a.OrgId == organization && a.Id == account).ExecuteDeleteAsync(cancellationToken);
            return Written.As(change.Between(before, null));
        }, cancellationToken);

    public async Task<IReadOnlyList<ServiceAccountDetails>> ListAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        List<ServiceAccountRow> accounts = await context.ServiceAccounts.AsNoTracking().Where(a => a.OrgId == organization).OrderBy(a => a.Name).ToListAsync(cancellationToken);
        ILookup<ServiceAccountId, ServiceAccountSecretRow> secrets = (await context.ServiceAccountSecrets.AsNoTracking().Where(s => s.OrgId == organization)
            .OrderByDescending(s => s.CreatedAt).ThenByDescending(s => s.Id).ToListAsync(cancellationToken)).ToLookup(s => s.AccountId);
        Organization? owner = await OrganizationOfAsync(context, organization, cancellationToken);
        return owner is null ? [] : [.. accounts.Select(a => new ServiceAccountDetails(ToAccount(a, owner), [.. secrets[a.Id].Select(ToSecret)]))];
    }

    public async Task<ServiceAccountDetails?> FindAsync(OrganizationId organization, ServiceAccountId account, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        if (await context.ServiceAccounts.AsNoTracking().SingleOrDefaultAsync(a => a.OrgId == organization && a.Id == account, cancellationToken) is not { } row
            || await OrganizationOfAsync(context, organization, cancellationToken) is not { } owner)
        {
            return null;
        }

        List<ServiceAccountSecretRow> secrets = await context.ServiceAccountSecrets.AsNoTracking().Where(s => s.OrgId == organization && s.AccountId == account)
            .OrderByDescending(s => s.CreatedAt).ThenByDescending(s => s.Id).ToListAsync(cancellationToken);
        return new ServiceAccountDetails(ToAccount(row, owner), [.. secrets.Select(ToSecret)]);
    }

    public async Task<bool> AddSecretAsync(OrganizationId organization, ServiceAccountSecret secret, byte[] hash, int most, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // The account's row is the lock: two that add a secret at once count one after the other.
        ServiceAccountRow? account = await LockAsync(context, organization, secret.Account, cancellationToken);
        int live = await context.ServiceAccountSecrets.CountAsync(
            s => s.OrgId == organization && s.AccountId == secret.Account && s.RevokedAt == null && s.ExpiresAt > secret.CreatedAt, cancellationToken);
        if (account is null || live >= most) return false;
        context.ServiceAccountSecrets.Add(new ServiceAccountSecretRow
        {
            Id = secret.Id,
            OrgId = organization,
            AccountId = secret.Account,
            Hash = hash,
            Hint = secret.Hint,
            CreatedAt = secret.CreatedAt,
            ExpiresAt = secret.ExpiresAt,
        });
        await context.SaveChangesAsync(cancellationToken);
        await Written.As(change.Between(null, secret.ToAudit(account.Name))).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public Task<bool> RevokeSecretAsync(
        OrganizationId organization, ServiceAccountId account, ServiceAccountSecretId secret, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken) =>
        WriteAsync(organization, account, async context =>
        {
            ServiceAccountRow? owner = await LockAsync(context, organization, account, cancellationToken);
            IQueryable<ServiceAccountSecretRow> rows = context.ServiceAccountSecrets.AsNoTracking().Where(s => s.OrgId == organization && s.AccountId == account && s.Id == secret);
            if (owner is null || await rows.SingleOrDefaultAsync(cancellationToken) is not { } before) return null;
            await rows.ExecuteUpdateAsync(set => set.SetProperty(s => s.RevokedAt, s => s.RevokedAt ?? at.ToUniversalTime()), cancellationToken);
            ServiceAccountSecretRow after = await rows.SingleAsync(cancellationToken);
            return Written.As(change.Between(ToSecret(before).ToAudit(owner.Name), ToSecret(after).ToAudit(owner.Name)));
        }, cancellationToken);

    public async Task<ServiceAccountLogin?> FindLoginAsync(ServiceAccountId account, DateTimeOffset now, CancellationToken cancellationToken)
    {
        DateTimeOffset at = now.ToUniversalTime();
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        // One query, whether or not there is such an account.
        var found = await (
            from a in context.ServiceAccounts.AsNoTracking()
            join o in context.Organizations on a.OrgId equals o.Id
            where a.Id == account
            select new
            {
                Account = a,
                Organization = new Organization(o.Id, o.Slug, o.Name),
                Secrets = context.ServiceAccountSecrets.Where(s => s.OrgId == a.OrgId && s.AccountId == a.Id && s.RevokedAt == null && s.ExpiresAt > at).ToList(),
            }).SingleOrDefaultAsync(cancellationToken);
        return found is null ? null : new ServiceAccountLogin(ToAccount(found.Account, found.Organization), [.. found.Secrets.Select(s => new StoredSecret(ToSecret(s), s.Hash))]);
    }

    public async Task<ServiceAccount?> FindAsync(ServiceAccountId account, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        var found = await (
            from a in context.ServiceAccounts.AsNoTracking()
            join o in context.Organizations on a.OrgId equals o.Id
            where a.Id == account
            select new { Account = a, Organization = new Organization(o.Id, o.Slug, o.Name) }).SingleOrDefaultAsync(cancellationToken);
        return found is null ? null : ToAccount(found.Account, found.Organization);
    }

    public async Task TouchAsync(ServiceAccountUse use, CancellationToken cancellationToken)
    {
        DateTimeOffset at = use.At.ToUniversalTime(), before = at - TouchEvery;
        OrganizationId organization = use.Account.Organization.Id;
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await context.ServiceAccounts.Where(a => a.OrgId == organization && a.Id == use.Account.Id && (a.LastUsedAt == null || a.LastUsedAt < before))
            .ExecuteUpdateAsync(set => set.SetProperty(a => a.LastUsedAt, at), cancellationToken);
        if (use.Secret is not { } secret) return;
        await context.ServiceAccountSecrets.Where(s => s.OrgId == organization && s.Id == secret && (s.LastUsedAt == null || s.LastUsedAt < before))
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.LastUsedAt, at), cancellationToken);
    }

    public async Task<bool> UseAssertionAsync(ServiceAccount account, byte[] jtiHash, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(account.Organization.Id), cancellationToken);
        // Kept longer than it is accepted: a replica whose clock is behind still finds it.
        return await context.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO client_assertions (org_id, account_id, jti_hash, expires_at)
            VALUES ({account.Organization.Id.Value}, {account.Id.Value}, {jtiHash}, {expiresAt.ToUniversalTime()}) ON CONFLICT DO NOTHING
            """, cancellationToken) == 1;
    }

    private Task<bool> WriteAsync(OrganizationId organization, ServiceAccountId account, Func<McpxDbContext, Task<Written?>> write, CancellationToken cancellationToken) =>
        changes.WriteRevocationAsync(DataScope.Of(organization), new Change(ChangeKind.ServiceAccount, account.Value), write, cancellationToken);

    private static async Task<ServiceAccountRow?> LockAsync(McpxDbContext context, OrganizationId organization, ServiceAccountId account, CancellationToken cancellationToken) =>
        (await context.ServiceAccounts.FromSql($"SELECT * FROM service_accounts WHERE org_id = {organization.Value} AND id = {account.Value} FOR UPDATE")
            .AsNoTracking().ToListAsync(cancellationToken)).SingleOrDefault();

    private static async Task<AuditView?> ViewAsync(McpxDbContext context, OrganizationId organization, ServiceAccountId id, CancellationToken cancellationToken)
    {
        if (await context.ServiceAccounts.AsNoTracking().SingleOrDefaultAsync(a => a.OrgId == organization && a.Id == id, cancellationToken) is not { } row) return null;
        IReadOnlyDictionary<Guid, string> endpoints = await context.EndpointsAsync(organization, row.EndpointIds ?? [], cancellationToken);
        return ToAccount(row, new Organization(organization, "", "")).ToAudit(endpoints);
    }

    private static async Task NamedOnceAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (Exception e) when (ConstraintViolation.IsUnique(e, NameIndex))
        {
            throw new RefusalException.Conflict("name", "The organisation has a service account of this name already.");
        }
    }

    private static Task<Organization?> OrganizationOfAsync(McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        context.Organizations.Where(o => o.Id == organization).Select(o => new Organization(o.Id, o.Slug, o.Name)).SingleOrDefaultAsync(cancellationToken);

    private static ServiceAccount ToAccount(ServiceAccountRow a, Organization organization) => new(a.Id, organization, a.Name, a.Description, a.Role, a.Scopes,
        new CallerLimits(a.EndpointIds, a.Tools), a.Jwks, a.CreatedAt, a.UpdatedAt, a.DisabledAt, a.LastUsedAt);

    private static ServiceAccountSecret ToSecret(ServiceAccountSecretRow s) => new(s.Id, s.AccountId, s.Hint, s.CreatedAt, s.ExpiresAt, s.RevokedAt, s.LastUsedAt);
}
