using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Mcpx.Data.Identity;

internal sealed class TokenStore(ScopedContexts contexts, ChangeWriter changes) : ITokenStore
{
    public async Task AddAsync(PersonalAccessToken token, byte[] hash, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(token.Organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        context.Tokens.Add(new TokenRow
        {
            Id = token.Id,
            OrgId = token.Organization,
            UserId = token.User,
            Name = token.Name,
            Hash = hash,
            Hint = token.Hint,
            Scopes = token.Scopes,
            CreatedAt = token.CreatedAt,
            ExpiresAt = token.ExpiresAt,
            RevokedAt = token.RevokedAt,
            LastUsedAt = token.LastUsedAt,
            EndpointIds = token.Limits.Endpoints?.ToArray(),
            Tools = token.Limits.Tools?.ToArray(),
        });
        await context.SaveChangesAsync(cancellationToken);
        IReadOnlyDictionary<Guid, string> endpoints = await context.EndpointsAsync(token.Organization, token.Limits.Endpoints ?? [], cancellationToken);
        await Written.As(change.Between(null, token.ToAudit(endpoints))).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task<TokenGrant?> FindByHashAsync(IReadOnlyList<byte[]> hashes, CancellationToken cancellationToken)
    {
        byte[][] any = [.. hashes];
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        var found = await (
            from t in context.Tokens.AsNoTracking()
            join m in context.Members on new { t.OrgId, t.UserId } equals new { m.OrgId, m.UserId }
            where any.Contains(t.Hash)
            select new { Token = t, m.Role, Organization = new Organization(m.OrgId, m.Organization!.Slug, m.Organization.Name), m.User })
            .FirstOrDefaultAsync(cancellationToken);
        return found is null ? null : new TokenGrant(found.Token.ToToken(), new Membership(found.Organization, found.User!.ToUser(), found.Role));
    }

    public async Task<IReadOnlyList<PersonalAccessToken>> ListAsync(OrganizationId organization, UserId? user, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        IQueryable<TokenRow> tokens = context.Tokens.AsNoTracking().Where(t => t.OrgId == organization);
        if (user is { } owner) tokens = tokens.Where(t => t.UserId == owner);
        var rows = await (
            from t in tokens
            join u in context.Users on t.UserId equals u.Id
            orderby t.CreatedAt descending, t.Id descending
            select new { Token = t, u.Name }).ToListAsync(cancellationToken);
        return [.. rows.Select(r => r.Token.ToToken() with { UserName = r.Name })];
    }

    public async Task<IReadOnlyList<TokenId>> RevokeAsync(OrganizationId organization, IReadOnlyList<TokenId> tokens, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken)
    {
        if (tokens.Count == 0) return [];
        TokenId[] ids = [.. tokens];
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // Locked in the order of their ids, like the last uses: two that revoke the same tokens wait, but never in a ring.
        List<TokenRow> rows = await context.Tokens
            .FromSql($"SELECT * FROM tokens WHERE org_id = {organization.Value} AND id = ANY({ids.Select(t => t.Value).ToArray()}) AND revoked_at IS NULL ORDER BY id FOR NO KEY UPDATE")
            .AsNoTracking().ToListAsync(cancellationToken);
        TokenId[] open = [.. rows.Select(t => t.Id)];
        await context.Tokens.Where(t => t.OrgId == organization && open.Contains(t.Id))
            .ExecuteUpdateAsync(set => set.SetProperty(t => t.RevokedAt, at.ToUniversalTime()), cancellationToken);
        await Written.As(rows.Select(r => r.ToToken()).Select(t => change.On(t.Id.Value).Between(Ended(t), Ended(t with { RevokedAt = at.ToUniversalTime() })))).SaveAsync(context, cancellationToken);
        await changes.RevokeAsync(context, ChangeKind.Token, [.. open.Select(id => id.Value)], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return open;
    }

    /// <summary>Only what a revocation changes; the names of endpoints don't matter to it.</summary>
    private static AuditView Ended(PersonalAccessToken token) => token.ToAudit(new Dictionary<Guid, string>());

    public async Task TouchAsync(IReadOnlyDictionary<TokenId, DateTimeOffset> lastUsed, CancellationToken cancellationToken)
    {
        if (lastUsed.Count == 0) return;
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await LastUseSql.WriteAsync(connection, "tokens", "last_used_at", lastUsed, cancellationToken);
    }
}
