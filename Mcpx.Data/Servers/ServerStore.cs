using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Data.Changes;
using Mcpx.Data.Credentials;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Servers;

internal sealed class ServerStore(IDbContextFactory<McpxDbContext> contexts, ChangeWriter changes) : IServerStore
{
    private const string SlugKey = "ix_servers_org_id_slug";

    public Task AddAsync(UpstreamServer server, StoredCredential? credential, CancellationToken cancellationToken) =>
        RefuseTakenSlugAsync(server, async () =>
        {
            bool written = await changes.WriteConfigurationAsync(server.Organization, async context =>
            {
                context.Servers.Add(ServerRow.From(server));
                if (credential is not null) context.Credentials.Add(CredentialRow.From(credential));
                await context.SaveChangesAsync(cancellationToken);
                return true;
            }, cancellationToken);
            return written ? true : throw new RefusalException.NotFound("organization");
        });

    public Task<bool> UpdateAsync(UpstreamServer server, bool replaceCredential, StoredCredential? credential, CancellationToken cancellationToken) =>
        RefuseTakenSlugAsync(server, () => changes.WriteConfigurationAsync(server.Organization, async context =>
        {
            if (!await UpdateRowAsync(context, server, replaceCredential, cancellationToken)) return false;
            IQueryable<CredentialRow> rows = context.Credentials.Where(c => c.OrgId == server.Organization && c.ServerId == server.Id);
            if (!replaceCredential)
            {
                await RefuseUnseenCredentialAsync(rows, credential, cancellationToken);
                return true;
            }

            await rows.ExecuteDeleteAsync(cancellationToken);
            if (credential is not null) context.Credentials.Add(CredentialRow.From(credential));
            await context.SaveChangesAsync(cancellationToken);
            return true;
        }, cancellationToken));

    public async Task<bool> RememberProtocolAsync(
        OrganizationId organization, ServerId server, Uri url, UpstreamProtocol protocol, CancellationToken cancellationToken)
    {
        string address = url.AbsoluteUri;
        bool isNew = await changes.WriteConfigurationAsync(organization, async context => await context.Servers
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
        await using McpxDbContext context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Servers.Where(s => s.OrgId == organization && s.Id == server && s.Url == address && s.Eras != null && s.ProbedAt < protocol.ProbedAt)
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.ProbedAt, protocol.ProbedAt), cancellationToken);
        return false;
    }

    public Task<bool> DeleteAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context => await context.Servers
            .Where(s => s.OrgId == organization && s.Id == server)
            .ExecuteDeleteAsync(cancellationToken) == 1, cancellationToken);

    public async Task<ServerDetails?> FindAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.CreateDbContextAsync(cancellationToken);
        ServerRow? row = await Read(context, organization).SingleOrDefaultAsync(s => s.Id == server, cancellationToken);
        return row?.ToDetails();
    }

    public async Task<ServerDetails?> FindBySlugAsync(OrganizationId organization, string slug, CancellationToken cancellationToken)
    {
        string clean = PostgresText.Clean(slug);
        await using McpxDbContext context = await contexts.CreateDbContextAsync(cancellationToken);
        ServerRow? row = await Read(context, organization).SingleOrDefaultAsync(s => s.Slug == clean, cancellationToken);
        return row?.ToDetails();
    }

    public async Task<Page<ServerDetails>> ListAsync(OrganizationId organization, string? after, int size, CancellationToken cancellationToken)
    {
        string from = PostgresText.Clean(after) ?? "";
        await using McpxDbContext context = await contexts.CreateDbContextAsync(cancellationToken);
        List<ServerRow> rows = await Read(context, organization)
            .Where(s => string.Compare(s.Slug, from) > 0)
            .OrderBy(s => s.Slug)
            .Take(size + 1)
            .ToListAsync(cancellationToken);
        ServerDetails[] items = [.. rows.Take(size).Select(r => r.ToDetails())];
        return new Page<ServerDetails>(items, rows.Count > size ? items[^1].Server.Slug : null);
    }

    public async Task<IReadOnlyList<ServerSummary>> SummarizeAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Servers.Where(s => s.OrgId == organization)
            .OrderBy(s => s.Slug)
            .Select(s => new ServerSummary(s.Id, s.Slug, s.Name, s.Enabled))
            .ToListAsync(cancellationToken);
    }

    private static IQueryable<ServerRow> Read(McpxDbContext context, OrganizationId organization) =>
        context.Servers.AsNoTracking().Include(s => s.Credential).Where(s => s.OrgId == organization);

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
            // From the row and not from what the writer read: a probe may have written in between.
            .SetProperty(s => s.Eras, s => s.Url == row.Url && !replaceCredential ? s.Eras : null)
            .SetProperty(s => s.OverSse, s => s.Url == row.Url && !replaceCredential ? s.OverSse : null)
            .SetProperty(s => s.SessionVersion, s => s.Url == row.Url && !replaceCredential ? s.SessionVersion : null)
            .SetProperty(s => s.ProbedAt, s => s.Url == row.Url && !replaceCredential ? s.ProbedAt : null)
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

    private static async Task<bool> RefuseTakenSlugAsync(UpstreamServer server, Func<Task<bool>> write)
    {
        try
        {
            return await write();
        }
        catch (Exception e) when (UniqueViolation.IsOf(e, SlugKey))
        {
            throw new RefusalException.Conflict("slug", $"The slug “{server.Slug}” is taken by another server.");
        }
    }
}
