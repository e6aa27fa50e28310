using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.Changes;

/// <summary>
/// Writes what replicas keep in memory. The rows, the organisation's version and the notification commit together, so
/// that nobody is told of a change that did not happen, and none happens untold.
/// </summary>
internal sealed class ChangeWriter(IDbContextFactory<McpxDbContext> contexts, ReplicaId replica)
{
    /// <param name="write">Returns false when there was nothing to change: then nothing is kept.</param>
    /// <returns>False when <paramref name="write"/> said so, or the organisation does not exist.</returns>
    public async Task<bool> WriteConfigurationAsync(
        OrganizationId organization, Func<McpxDbContext, Task<bool>> write, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.CreateDbContextAsync(cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // First, because it also locks: changes of one organisation happen one after the other.
        int found = await context.Organizations.Where(o => o.Id == organization)
            .ExecuteUpdateAsync(set => set.SetProperty(o => o.ConfigVersion, o => o.ConfigVersion + 1), cancellationToken);
        if (found == 0 || !await write(context)) return false;
        await NotifyAsync(context, new Change(ChangeKind.Configuration, organization.Value), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <inheritdoc cref="WriteConfigurationAsync"/>
    public async Task<bool> WriteTokenAsync(TokenId token, Func<McpxDbContext, Task<bool>> write, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.CreateDbContextAsync(cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (!await write(context)) return false;
        await NotifyAsync(context, new Change(ChangeKind.Token, token.Value), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>To the other replicas, when the open transaction commits.</summary>
    public Task NotifyAsync(McpxDbContext context, Change change, CancellationToken cancellationToken) =>
        context.Database.ExecuteSqlAsync(
            $"SELECT pg_notify({ChangeMessage.Channel}, {new ChangeMessage(replica.Value, change).ToString()})", cancellationToken);
}
