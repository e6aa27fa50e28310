using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Identity;

internal sealed class EndpointStore(ScopedContexts contexts) : IEndpointStore
{
    public async Task<IReadOnlyList<EndpointName>> ListAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        var servers = await context.Servers.Where(s => s.OrgId == organization).Select(s => new { s.Id, s.Slug, s.Name }).ToListAsync(cancellationToken);
        var gateways = await context.Gateways.Where(g => g.OrgId == organization).Select(g => new { g.Id, g.Slug, g.Name }).ToListAsync(cancellationToken);
        return
        [
            .. servers.Select(s => new EndpointName(s.Id.Value, IsGateway: false, s.Slug, s.Name))
                .Concat(gateways.Select(g => new EndpointName(g.Id.Value, IsGateway: true, g.Slug, g.Name)))
                .OrderBy(e => e.Name, StringComparer.OrdinalIgnoreCase).ThenBy(e => e.Path, StringComparer.Ordinal),
        ];
    }
}
