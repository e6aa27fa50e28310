using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Mcpx.Data.Redaction;

internal sealed class RedactionStore(ScopedContexts contexts, ChangeWriter changes) : IRedactionStore
{
    public async Task<OrganizationRules?> FindRulesAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await ReadRulesAsync(context, organization, cancellationToken);
    }

    public async Task<IReadOnlyList<ServerRedaction>> ListServersAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        List<ServerRedactionRow> rows = await context.ServerRedactions.AsNoTracking().Where(r => r.OrgId == organization)
            .Join(context.Servers, r => r.ServerId, s => s.Id, (r, s) => new { r, s.Slug }).OrderBy(x => x.Slug).Select(x => x.r).ToListAsync(cancellationToken);
        return [.. rows.Select(r => r.ToSettings())];
    }

    public async Task<ServerRedaction?> FindServerAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        if (!await context.Servers.AnyAsync(s => s.OrgId == organization && s.Id == server, cancellationToken)) return null;
        return await ReadServerAsync(context, organization, server, cancellationToken);
    }

    public Task<bool> SaveRulesAsync(OrganizationId organization, OrganizationRules rules, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            string name = await context.OrganizationAsync(organization, cancellationToken);
            OrganizationRules before = await ReadRulesAsync(context, organization, cancellationToken) ?? OrganizationRules.Default;
            await context.RedactionRules.Where(r => r.OrgId == organization).ExecuteDeleteAsync(cancellationToken);
            context.RedactionRules.Add(new RedactionRulesRow { OrgId = organization, Rules = RuleJson.Write(rules.Rules), UpdatedAt = rules.UpdatedAt!.Value });
            await context.SaveChangesAsync(cancellationToken);
            return Written.As(change.Between(before.ToAudit(name), rules.ToAudit(name)));
        }, cancellationToken);

    public Task<bool> DeleteRulesAsync(OrganizationId organization, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await ReadRulesAsync(context, organization, cancellationToken) is not { } before) return null;
            string name = await context.OrganizationAsync(organization, cancellationToken);
            await context.RedactionRules.Where(r => r.OrgId == organization).ExecuteDeleteAsync(cancellationToken);
            return Written.As(change.Between(before.ToAudit(name), OrganizationRules.Default.ToAudit(name)));
        }, cancellationToken);

    public Task<bool> SaveServerAsync(OrganizationId organization, ServerRedaction settings, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await context.ServerAsync(organization, settings.Server, cancellationToken) is not { } name) return null;
            ServerRedaction before = await ReadServerAsync(context, organization, settings.Server, cancellationToken);
            await context.ServerRedactions.Where(r => r.OrgId == organization && r.ServerId == settings.Server).ExecuteDeleteAsync(cancellationToken);
            context.ServerRedactions.Add(new ServerRedactionRow
            {
                ServerId = settings.Server, OrgId = organization, Payloads = settings.Payloads, Rules = RuleJson.Write(settings.Rules), UpdatedAt = at,
            });
            await context.SaveChangesAsync(cancellationToken);
            return Written.As(change.Between(before.ToAudit(name), settings.ToAudit(name)));
        }, cancellationToken);

    public async Task<byte[]?> KeepKeyAsync(OrganizationId organization, byte[] sealedKey, CancellationToken cancellationToken)
    {
        // Two replicas may write an organisation's first record at once: one key wins, and both take that one.
        const string Keep = """
            INSERT INTO redaction_keys (org_id, key) SELECT id, $2 FROM organizations WHERE id = $1 ON CONFLICT (org_id) DO NOTHING
            """;
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        if (await FindAsync() is { } known) return known;
        await using (NpgsqlCommand keep = new(Keep, connection) { Parameters = { new() { Value = organization.Value }, new() { Value = sealedKey } } })
            await keep.ExecuteNonQueryAsync(cancellationToken);
        return await FindAsync();

        async Task<byte[]?> FindAsync()
        {
            await using NpgsqlCommand find = new("SELECT key FROM redaction_keys WHERE org_id = $1", connection) { Parameters = { new() { Value = organization.Value } } };
            return (byte[]?)await find.ExecuteScalarAsync(cancellationToken);
        }
    }

    private static async Task<OrganizationRules?> ReadRulesAsync(McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        (await context.RedactionRules.AsNoTracking().SingleOrDefaultAsync(r => r.OrgId == organization, cancellationToken))?.ToRules();

    private static async Task<ServerRedaction> ReadServerAsync(McpxDbContext context, OrganizationId organization, ServerId server, CancellationToken cancellationToken) =>
        (await context.ServerRedactions.AsNoTracking().SingleOrDefaultAsync(r => r.OrgId == organization && r.ServerId == server, cancellationToken))?.ToSettings()
        ?? ServerRedaction.Default(server);
}
