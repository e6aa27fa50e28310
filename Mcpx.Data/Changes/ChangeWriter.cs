using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.Changes;

/// <summary>
/// Writes what replicas keep in memory. The rows, their entry in the audit log, the organisation's version and the
/// notification commit together, so that nobody is told of a change that did not happen, and none happens untold.
/// </summary>
internal sealed class ChangeWriter(ScopedContexts contexts, ReplicaId replica)
{
    /// <param name="write">Returns null when there was nothing to change: then nothing is kept.</param>
    /// <returns>False when <paramref name="write"/> said so, or the organisation does not exist.</returns>
    public Task<bool> WriteConfigurationAsync(
        OrganizationId organization, Func<McpxDbContext, Task<Written?>> write, CancellationToken cancellationToken) =>
        WriteAsync(organization, async context =>
        {
            if (await write(context) is not { } written) return false;
            await written.SaveAsync(context, cancellationToken);
            return true;
        }, cancellationToken);

    /// <summary>The same for what the gateway found out by itself, e.g. how a server answers: nobody did it, so the audit log has nothing of it.</summary>
    /// <param name="write">Returns false when there was nothing to change: then nothing is kept.</param>
    public Task<bool> WriteFindingAsync(OrganizationId organization, Func<McpxDbContext, Task<bool>> write, CancellationToken cancellationToken) =>
        WriteAsync(organization, write, cancellationToken);

    private async Task<bool> WriteAsync(OrganizationId organization, Func<McpxDbContext, Task<bool>> write, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // First, because it also locks: changes of one organisation happen one after the other.
        int found = await context.Organizations.Where(o => o.Id == organization)
            .ExecuteUpdateAsync(set => set.SetProperty(o => o.ConfigVersion, o => o.ConfigVersion + 1), cancellationToken);
        if (found == 0 || !await write(context)) return false;
        await NotifyAsync(context, new Change(ChangeKind.Configuration, organization.Value), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>
    /// Writes what takes a right away: a token, a membership, a service account, a session. It also stands in the table of
    /// revocations, so that a replica that hears no notification finds it, whatever it was.
    /// </summary>
    /// <inheritdoc cref="WriteConfigurationAsync"/>
    public async Task<bool> WriteRevocationAsync(
        DataScope scope, Change change, Func<McpxDbContext, Task<Written?>> write, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(scope, cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await write(context) is not { } written) return false;
        await written.SaveAsync(context, cancellationToken);
        await RevokeAsync(context, change, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Notes and tells a revocation as part of the caller's open transaction.</summary>
    public Task RevokeAsync(McpxDbContext context, Change change, CancellationToken cancellationToken) =>
        RevokeAsync(context, change.Kind, [change.Id], cancellationToken);

    /// <summary>The same for many at once: everybody of an organisation that ends.</summary>
    public async Task RevokeAsync(McpxDbContext context, ChangeKind kind, Guid[] targets, CancellationToken cancellationToken)
    {
        if (targets.Length == 0) return;
        string word = ChangeMessage.Word(kind);
        string[] messages = [.. targets.Select(id => new ChangeMessage(replica.Value, new Change(kind, id)).ToString())];
        // Two that take the same right away in the same microsecond need one note.
        await context.Database.ExecuteSqlAsync(
            $"""
            WITH noted AS (INSERT INTO revocations (kind, target_id, at) SELECT {word}, id, clock_timestamp() FROM unnest({targets}) AS t (id) ON CONFLICT DO NOTHING)
            SELECT pg_notify({ChangeMessage.Channel}, m) FROM unnest({messages}) AS t (m)
            """, cancellationToken);
    }

    /// <summary>To the other replicas, when the open transaction commits.</summary>
    public Task NotifyAsync(McpxDbContext context, Change change, CancellationToken cancellationToken) =>
        context.Database.ExecuteSqlAsync(
            $"SELECT pg_notify({ChangeMessage.Channel}, {new ChangeMessage(replica.Value, change).ToString()})", cancellationToken);
}
