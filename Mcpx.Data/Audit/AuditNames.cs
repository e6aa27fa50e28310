using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Audit;

/// <summary>What things are called at the moment of a change, so that entries read like what people saw.</summary>
internal static class AuditNames
{
    /// <summary>Servers and gateways by id, as <c>server/crm</c>.</summary>
    public static async Task<IReadOnlyDictionary<Guid, string>> EndpointsAsync(
        this McpxDbContext context, OrganizationId organization, IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        Dictionary<Guid, string> names = [];
        ServerId[] servers = [.. ids.Distinct().Select(ServerId.From)];
        if (servers.Length == 0) return names;
        GatewayId[] gateways = [.. servers.Select(s => GatewayId.From(s.Value))];
        foreach (var server in await context.Servers.Where(s => s.OrgId == organization && servers.Contains(s.Id)).Select(s => new { s.Id, s.Slug }).ToListAsync(cancellationToken))
            names[server.Id.Value] = $"server/{server.Slug}";
        foreach (var gateway in await context.Gateways.Where(g => g.OrgId == organization && gateways.Contains(g.Id)).Select(g => new { g.Id, g.Slug }).ToListAsync(cancellationToken))
            names[gateway.Id.Value] = $"gateway/{gateway.Slug}";
        return names;
    }

    /// <summary>The slug of each server.</summary>
    public static async Task<IReadOnlyDictionary<ServerId, string>> ServersAsync(
        this McpxDbContext context, OrganizationId organization, IEnumerable<ServerId> ids, CancellationToken cancellationToken)
    {
        ServerId[] servers = [.. ids.Distinct()];
        return servers.Length == 0 ? new Dictionary<ServerId, string>() : await context.Servers.Where(s => s.OrgId == organization && servers.Contains(s.Id))
            .Select(s => new { s.Id, s.Slug }).ToDictionaryAsync(s => s.Id, s => s.Slug, cancellationToken);
    }

    /// <summary>A server's name; null when the organisation has no such server.</summary>
    public static Task<string?> ServerAsync(this McpxDbContext context, OrganizationId organization, ServerId server, CancellationToken cancellationToken) =>
        context.Servers.Where(s => s.OrgId == organization && s.Id == server).Select(s => (string?)s.Name).SingleOrDefaultAsync(cancellationToken);

    /// <summary>The organisation's name; empty when it is gone.</summary>
    public static async Task<string> OrganizationAsync(this McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        await context.Organizations.Where(o => o.Id == organization).Select(o => o.Name).SingleOrDefaultAsync(cancellationToken) ?? "";

    /// <summary>Those among the audiences' members, service accounts and tokens that the organisation has now.</summary>
    public static async Task<IReadOnlyDictionary<Guid, string>> AudiencesAsync(
        this McpxDbContext context, OrganizationId organization, IReadOnlyCollection<RuleAudience> audiences, CancellationToken cancellationToken)
    {
        Dictionary<Guid, string> names = [];
        if (Ids(AudienceKind.Member, UserId.From) is { Count: > 0 } members)
        {
            foreach (var member in await context.Members.Where(m => m.OrgId == organization && members.Contains(m.UserId)).Select(m => new { m.UserId, m.User!.Name }).ToListAsync(cancellationToken))
                names[member.UserId.Value] = member.Name;
        }

        if (Ids(AudienceKind.ServiceAccount, ServiceAccountId.From) is { Count: > 0 } accounts)
        {
            foreach (var account in await context.ServiceAccounts.Where(a => a.OrgId == organization && accounts.Contains(a.Id)).Select(a => new { a.Id, a.Name }).ToListAsync(cancellationToken))
                names[account.Id.Value] = account.Name;
        }

        if (Ids(AudienceKind.Token, TokenId.From) is { Count: > 0 } tokens)
        {
            foreach (var token in await context.Tokens.Where(t => t.OrgId == organization && t.RevokedAt == null && tokens.Contains(t.Id)).Select(t => new { t.Id, t.Name }).ToListAsync(cancellationToken))
                names[token.Id.Value] = token.Name;
        }

        return names;

        List<TId> Ids<TId>(AudienceKind kind, Func<Guid, TId> toId) => [.. audiences.Where(a => a.Kind == kind && a.Id is not null).Select(a => toId(a.Id!.Value))];
    }
}
