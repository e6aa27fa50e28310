using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Identity;

internal sealed class TokenStore(IDbContextFactory<McpxDbContext> contexts, NpgsqlDataSource dataSource, ChangeWriter changes) : ITokenStore
{
    public async Task AddAsync(PersonalAccessToken token, byte[] hash, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.CreateDbContextAsync(cancellationToken);
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
        });
        await context.SaveChangesAsync(cancellationToken);
    }

    public async Task<TokenGrant?> FindByHashAsync(IReadOnlyList<byte[]> hashes, CancellationToken cancellationToken)
    {
        byte[][] any = [.. hashes];
        await using McpxDbContext context = await contexts.CreateDbContextAsync(cancellationToken);
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
        await using McpxDbContext context = await contexts.CreateDbContextAsync(cancellationToken);
        IQueryable<TokenRow> tokens = context.Tokens.AsNoTracking().Where(t => t.OrgId == organization);
        if (user is { } owner) tokens = tokens.Where(t => t.UserId == owner);
        List<TokenRow> rows = await tokens.OrderByDescending(t => t.CreatedAt).ThenByDescending(t => t.Id).ToListAsync(cancellationToken);
        return [.. rows.Select(r => r.ToToken())];
    }

    public Task<bool> RevokeAsync(OrganizationId organization, TokenId token, DateTimeOffset at, CancellationToken cancellationToken) =>
        changes.WriteTokenAsync(token, async context => await context.Tokens
            .Where(t => t.OrgId == organization && t.Id == token)
            .ExecuteUpdateAsync(set => set.SetProperty(t => t.RevokedAt, t => t.RevokedAt ?? at.ToUniversalTime()), cancellationToken) == 1, cancellationToken);

    public async Task TouchAsync(IReadOnlyDictionary<TokenId, DateTimeOffset> lastUsed, CancellationToken cancellationToken)
    {
        if (lastUsed.Count == 0) return;
        // Locked in the order of their ids: two replicas that write the same tokens wait for each other, but never in a ring.
        const string Sql = """
            WITH used AS (SELECT * FROM unnest($1, $2) AS u (id, at)),
                 locked AS (SELECT t.id, u.at FROM tokens t JOIN used u USING (id)
                            WHERE t.last_used_at IS NULL OR t.last_used_at < u.at ORDER BY t.id FOR NO KEY UPDATE OF t)
            UPDATE tokens t SET last_used_at = l.at FROM locked l WHERE t.id = l.id
            """;
        await using NpgsqlCommand command = dataSource.CreateCommand(Sql);
        command.Parameters.Add(new() { Value = lastUsed.Keys.Select(id => id.Value).ToArray() });
        command.Parameters.Add(new()
        {
            Value = lastUsed.Values.Select(at => at.UtcDateTime).ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
        });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
