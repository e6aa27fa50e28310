using Mcpx.Core.Audit;
using Mcpx.Core.Calls.Recording;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Calls;

internal sealed class RecordingStore(ScopedContexts contexts, ChangeWriter changes) : IRecordingStore
{
    public async Task<RecordingSettings?> FindAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await ReadAsync(context, organization, cancellationToken);
    }

    public Task<bool> SaveAsync(OrganizationId organization, RecordingSettings settings, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await ReadAsync(context, organization, cancellationToken) is not { } before) return null;
            string name = await context.OrganizationAsync(organization, cancellationToken);
            await context.Organizations.Where(o => o.Id == organization).ExecuteUpdateAsync(set => set.SetProperty(o => o.Recording, settings.Mode), cancellationToken);
            return Written.As(change.Between(before.ToAudit(name), settings.ToAudit(name)));
        }, cancellationToken);

    private static Task<RecordingSettings?> ReadAsync(McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        context.Organizations.Where(o => o.Id == organization).Select(o => new RecordingSettings(o.Recording)).SingleOrDefaultAsync(cancellationToken);
}
