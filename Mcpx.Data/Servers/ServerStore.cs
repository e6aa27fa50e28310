using Mcpx.Core.Audit;
using Mcpx.Core.Credentials;
using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Mcpx.Data.Credentials;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Servers;

internal sealed class ServerStore(ScopedContexts contexts, ChangeWriter changes) : IServerStore
{
    private const string SlugKey = "ix_servers_org_id_slug";

    public Task AddAsync(UpstreamServer server, StoredCredential? credential, AdminChange change, CancellationToken cancellationToken) =>
        ExplainAsync(server, async () =>
        {
            bool written = await changes.WriteConfigurationAsync(server.Organization, async context =>
            {
                ServerRow row = ServerRow.From(server);
                // In the transaction that locks the organisation: a server must not slip in open while new ones become closed.
                if (await context.Organizations.Where(o => o.Id == server.Organization).Select(o => o.NewServersClosed).SingleAsync(cancellationToken))
                    row.GovernanceMode = GovernanceMode.Allowlist;
                context.Servers.Add(row);
                if (credential is not null) context.Credentials.Add(CredentialRow.From(credential));
                await context.SaveChangesAsync(cancellationToken);
                return Written.As(change.Between(null, (await ReadAsync(context, server.Organization, server.Id, cancellationToken))?.ToAudit()));
            }, cancellationToken);
            return written ? true : throw new RefusalException.NotFound("organization");
        });

    public Task<bool> UpdateAsync(UpstreamServer server, bool replaceCredential, StoredCredential? credential, AdminChange change, CancellationToken cancellationToken) =>
        ExplainAsync(server, () => changes.WriteConfigurationAsync(server.Organization, async context =>
        {
            // Here and not from what the writer saw: somebody may have saved in between, and this save undoes it.
            AuditView? before = (await ReadAsync(context, server.Organization, server.Id, cancellationToken))?.ToAudit();
            if (!await UpdateRowAsync(context, server, replaceCredential, cancellationToken)) return null;
            IQueryable<CredentialRow> rows = context.Credentials.Where(c => c.OrgId == server.Organization && c.ServerId == server.Id);
            if (!replaceCredential)
            {
                await RefuseUnseenCredentialAsync(rows, credential, cancellationToken);
            }
            else
            {
                await rows.ExecuteDeleteAsync(cancellationToken);
                if (credential is not null) context.Credentials.Add(CredentialRow.From(credential));
                await context.SaveChangesAsync(cancellationToken);
            }

            return Written.As(change.Between(before, (await ReadAsync(context, server.Organization, server.Id, cancellationToken))?.ToAudit(entered: replaceCredential)));
        }, cancellationToken));

    public async Task<bool> RememberProtocolAsync(
        OrganizationId organization, ServerId server, Uri url, UpstreamProtocol protocol, CancellationToken cancellationToken)
    {
        string address = url.AbsoluteUri;
        bool isNew = await changes.WriteFindingAsync(organization, async context => await context.Servers
            .Where(s => s.OrgId == organization && s.Id == server && s.Url == address)
            // Two probes may end in one order and be written in the other.
            .Where(s => s.ProbedAt == null || s.ProbedAt <= protocol.ProbedAt)
            .Where(s => s.Eras != protocol.Eras || s.OverSse != protocol.OverSse || s.SessionVersion != protocol.SessionVersion)
            .ExecuteUpdateAsync(set => set
                .SetProperty(s => s.Eras, protocol.Eras)
                .SetProperty(s => s.OverSse, protocol.OverSse)
                .SetProperty(s => s.SessionVersion, protocol.SessionVersion)
                .SetProperty(s => s.ProbedAt, protocol.ProbedAt), cancellationToken) == 1, cancellationToken);
        if (isNew) return true;

        // The same as before: when it was seen is kept, but no replica has to read its configuration anew for that.
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await context.Servers.Where(s => s.OrgId == organization && s.Id == server && s.Url == address && s.Eras != null && s.ProbedAt < protocol.ProbedAt)
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.ProbedAt, protocol.ProbedAt), cancellationToken);
        return false;
    }

    public async Task RememberTestAsync(OrganizationId organization, ServerId server, Uri url, TestOutcome outcome, CancellationToken cancellationToken)
    {
        string address = url.AbsoluteUri;
        string? failure = PostgresText.Clean(outcome.Failure);
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await context.Servers.Where(s => s.OrgId == organization && s.Id == server && s.Url == address && (s.TestedAt == null || s.TestedAt <= outcome.At))
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.TestedAt, outcome.At).SetProperty(s => s.TestFailure, failure), cancellationToken);
    }

    public Task<bool> DeleteAsync(OrganizationId organization, ServerId server, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await ReadAsync(context, organization, server, cancellationToken) is not { } before) return null;
            await context.Servers.Where(s => s.OrgId == organization && s.Id == server).ExecuteDeleteAsync(cancellationToken);
            return Written.As(change.Between(before.ToAudit(), null));
        }, cancellationToken);

    public async Task<ServerDetails?> FindAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await ReadAsync(context, organization, server, cancellationToken);
    }

    public async Task<ServerDetails?> FindBySlugAsync(OrganizationId organization, string slug, CancellationToken cancellationToken)
    {
        string clean = PostgresText.Clean(slug);
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        ServerRow? row = await Read(context, organization).SingleOrDefaultAsync(s => s.Slug == clean, cancellationToken);
        return row?.ToDetails();
    }

    public async Task<Page<ServerDetails>> ListAsync(OrganizationId organization, string? after, int size, string? tag, CancellationToken cancellationToken)
    {
        string from = PostgresText.Clean(after) ?? "";
        string? word = PostgresText.Clean(tag);
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        List<ServerRow> rows = await Read(context, organization)
            .Where(s => string.Compare(s.Slug, from) > 0)
            .Where(s => word == null || s.Tags.Contains(word))
            .OrderBy(s => s.Slug)
            .Take(size + 1)
            .ToListAsync(cancellationToken);
        ServerDetails[] items = [.. rows.Take(size).Select(r => r.ToDetails())];
        return new Page<ServerDetails>(items, rows.Count > size ? items[^1].Server.Slug : null);
    }

    public async Task<IReadOnlyList<string>> ListTagsAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        List<string> tags = await context.Servers.Where(s => s.OrgId == organization).SelectMany(s => s.Tags).Distinct().ToListAsync(cancellationToken);
        return [.. tags.Order(StringComparer.Ordinal)];
    }

    public async Task<ServerDependents?> FindDependentsAsync(OrganizationId organization, ServerId server, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Guid id = server.Value;
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        if (!await context.Servers.AnyAsync(s => s.OrgId == organization && s.Id == server, cancellationToken)) return null;
        List<Dependent> gateways = await context.Gateways
            .Where(g => g.OrgId == organization && g.Members.Any(m => m.ServerId == server))
            .OrderBy(g => g.Slug)
            .Select(g => new Dependent(g.Id.Value, g.Name, g.Slug, false)).ToListAsync(cancellationToken);
        List<Dependent> tokens = await context.Tokens
            .Where(t => t.OrgId == organization && t.RevokedAt == null && t.ExpiresAt > now && t.EndpointIds!.Contains(id))
            .OrderBy(t => t.Name)
            .Select(t => new Dependent(t.Id.Value, t.Name, null, t.EndpointIds!.Length == 1)).ToListAsync(cancellationToken);
        List<Dependent> accounts = await context.ServiceAccounts
            .Where(a => a.OrgId == organization && a.EndpointIds!.Contains(id))
            .OrderBy(a => a.Name)
            .Select(a => new Dependent(a.Id.Value, a.Name, null, a.EndpointIds!.Length == 1)).ToListAsync(cancellationToken);
        int rules = await context.ToolRules.CountAsync(r => r.OrgId == organization && r.ServerId == server, cancellationToken);
        return new ServerDependents(gateways, rules, tokens, accounts);
    }

    public async Task<IReadOnlyList<ServerSummary>> SummarizeAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await context.Servers.Where(s => s.OrgId == organization)
            .OrderBy(s => s.Slug)
            .Select(s => new ServerSummary(s.Id, s.Slug, s.Name, s.Enabled) { ToolPrefix = s.ToolPrefix })
            .ToListAsync(cancellationToken);
    }

    private static IQueryable<ServerRow> Read(McpxDbContext context, OrganizationId organization) =>
        context.Servers.AsNoTracking().Include(s => s.Credential).Include(s => s.Owner!.User).Where(s => s.OrgId == organization);

    private static async Task<ServerDetails?> ReadAsync(McpxDbContext context, OrganizationId organization, ServerId server, CancellationToken cancellationToken) =>
        (await Read(context, organization).SingleOrDefaultAsync(s => s.Id == server, cancellationToken))?.ToDetails();

    private static async Task<bool> UpdateRowAsync(McpxDbContext context, UpstreamServer server, bool replaceCredential, CancellationToken cancellationToken)
    {
        ServerRow row = ServerRow.From(server);
        return await context.Servers.Where(s => s.OrgId == server.Organization && s.Id == server.Id).ExecuteUpdateAsync(set => set
            .SetProperty(s => s.Slug, row.Slug)
            .SetProperty(s => s.Name, row.Name)
            .SetProperty(s => s.Description, row.Description)
            .SetProperty(s => s.Url, row.Url)
            .SetProperty(s => s.TimeoutSeconds, row.TimeoutSeconds)
            .SetProperty(s => s.Enabled, row.Enabled)
            .SetProperty(s => s.FirstByteSeconds, row.FirstByteSeconds)
            .SetProperty(s => s.AnswerMebibytes, row.AnswerMebibytes)
            .SetProperty(s => s.ConcurrentCalls, row.ConcurrentCalls)
            .SetProperty(s => s.Tags, row.Tags)
            .SetProperty(s => s.Headers, row.Headers)
            .SetProperty(s => s.OwnerId, row.OwnerId)
            .SetProperty(s => s.ToolPrefix, row.ToolPrefix)
            .SetProperty(s => s.PropagateTrace, row.PropagateTrace)
            // From the row and not from what the writer read: a probe may have written in between.
            .SetProperty(s => s.Eras, s => s.Url == row.Url && !replaceCredential ? s.Eras : null)
            .SetProperty(s => s.OverSse, s => s.Url == row.Url && !replaceCredential ? s.OverSse : null)
            .SetProperty(s => s.SessionVersion, s => s.Url == row.Url && !replaceCredential ? s.SessionVersion : null)
            .SetProperty(s => s.ProbedAt, s => s.Url == row.Url && !replaceCredential ? s.ProbedAt : null)
            .SetProperty(s => s.TestedAt, s => s.Url == row.Url && !replaceCredential ? s.TestedAt : null)
            .SetProperty(s => s.TestFailure, s => s.Url == row.Url && !replaceCredential ? s.TestFailure : null)
            .SetProperty(s => s.UpdatedAt, row.UpdatedAt), cancellationToken) == 1;
    }

    /// <summary>
    /// A server's address may move only while its administrator sees what credential goes along. Between their reading and
    /// this write somebody may have entered a credential for the old address: it must not travel to the new one.
    /// </summary>
    private static async Task RefuseUnseenCredentialAsync(IQueryable<CredentialRow> rows, StoredCredential? seen, CancellationToken cancellationToken)
    {
        byte[]? stored = await rows.Select(c => c.Ciphertext).SingleOrDefaultAsync(cancellationToken);
        if (!(stored ?? []).AsSpan().SequenceEqual(seen?.Ciphertext ?? []))
            throw new RefusalException.Conflict("credential", "The credential was changed meanwhile: load the server again.");
    }

    private static async Task<bool> ExplainAsync(UpstreamServer server, Func<Task<bool>> write)
    {
        try
        {
            return await write();
        }
        catch (Exception e) when (ConstraintViolation.IsUnique(e, SlugKey))
        {
            throw new RefusalException.Conflict("slug", $"The slug “{server.Slug}” is taken by another server.");
        }
        catch (Exception e) when (ConstraintViolation.IsForeignKey(e, ServerConfiguration.OwnerKey))
        {
            // Perhaps they left a moment ago.
            throw new RefusalException.Invalid([new FieldError("owner", "Only a member of the organisation can answer for a server.")]);
        }
    }
}
