using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Mcpx.Data.Audit.Chain;

/// <summary>Links the entries that a transaction wrote right before it commits, see <see cref="ChainWriter"/>.</summary>
/// <param name="chain">Asked for with the first entry: it reads its key through contexts itself.</param>
internal sealed class ChainInterceptor(Lazy<ChainWriter> chain) : DbTransactionInterceptor
{
    public override InterceptionResult TransactionCommitting(DbTransaction transaction, TransactionEventData eventData, InterceptionResult result) =>
        eventData.Context is McpxDbContext { Unlinked.Count: > 0 } ? throw new InvalidOperationException("Audit entries are committed asynchronously.") : result;

    public override async ValueTask<InterceptionResult> TransactionCommittingAsync(
        DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        if (eventData.Context is McpxDbContext { Unlinked: { Count: > 0 } unlinked })
        {
            await chain.Value.AppendAsync((NpgsqlConnection)transaction.Connection!, [.. unlinked], cancellationToken);
            unlinked.Clear();
        }

        return result;
    }
}
