using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Servers;

internal sealed class ServerCatalogStore(ScopedContexts contexts) : IServerCatalogStore
{
    public async Task<ServerCatalog?> FindAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        ServerCatalogRow? row = await context.ServerCatalogs.AsNoTracking().SingleOrDefaultAsync(c => c.OrgId == organization && c.ServerId == server, cancellationToken);
        return row is null ? null : CatalogEnvelope.Read(row.Content, row.ServerId, row.ReadAt);
    }

    /// <summary>One statement, since replicas save the same server at the same time. An older reading does not replace a newer one.</summary>
    public async Task SaveAsync(OrganizationId organization, ServerCatalog catalog, CancellationToken cancellationToken)
    {
        byte[] content = CatalogEnvelope.Write(catalog);
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await context.Database.ExecuteSqlAsync($"""
            INSERT INTO server_catalogs (server_id, org_id, content, read_at)
            SELECT s.id, s.org_id, {content}, {catalog.ReadAt} FROM servers s WHERE s.id = {catalog.Server.Value} AND s.org_id = {organization.Value}
            ON CONFLICT (server_id) DO UPDATE SET content = excluded.content, read_at = excluded.read_at
            WHERE server_catalogs.read_at <= excluded.read_at
            """, cancellationToken);
    }
}
