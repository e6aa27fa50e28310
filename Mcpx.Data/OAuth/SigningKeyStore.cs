using Mcpx.Core.OAuth;
using Mcpx.Core.Primitives;
using Mcpx.Data.Changes;
using Mcpx.Data.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.OAuth;

internal sealed class SigningKeyStore(ScopedContexts contexts, ChangeWriter changes) : ISigningKeyStore
{
    private const long RotationLock = 7_411_102;

    public async Task<IReadOnlyList<SigningKey>> ListAsync(CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        return await ListAsync(context, cancellationToken);
    }

    public async Task<SigningKeyChange> ChangeAsync(Func<IReadOnlyList<SigningKey>, SigningKeyChange> plan, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await context.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({RotationLock})", cancellationToken);
        SigningKeyChange change = plan(await ListAsync(context, cancellationToken));
        if (change.IsEmpty) return change;
        string[] removed = [.. change.Removed];
        await context.SigningKeys.Where(k => removed.Contains(k.Id)).ExecuteDeleteAsync(cancellationToken);
        context.SigningKeys.AddRange(change.Added.Select(k => new SigningKeyRow
        {
            Id = k.Id,
            PublicKey = k.PublicKey,
            PrivateKey = k.SealedPrivateKey,
            CreatedAt = k.CreatedAt,
            ActiveAt = k.ActiveAt,
            ExpiresAt = k.ExpiresAt,
        }));
        await context.SaveChangesAsync(cancellationToken);
        // Also into the table of revocations: a replica that hears nothing finds the new key there.
        await changes.RevokeAsync(context, new Change(ChangeKind.SigningKeys, Guid.Empty), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return change;
    }

    private static async Task<IReadOnlyList<SigningKey>> ListAsync(McpxDbContext context, CancellationToken cancellationToken) =>
        [.. (await context.SigningKeys.AsNoTracking().OrderBy(k => k.ActiveAt).ToListAsync(cancellationToken))
            .Select(k => new SigningKey(k.Id, k.PublicKey, k.PrivateKey, k.CreatedAt, k.ActiveAt, k.ExpiresAt))];
}
