using Mcpx.Core.Calls;
using Npgsql;

namespace Mcpx.Data.Calls;

/// <summary>Turns intents without an end into calls that were interrupted.</summary>
internal sealed class InterruptedCalls(ScopedContexts contexts, CallWriter writer)
{
    private const int BatchSize = 200;

    /// <inheritdoc cref="ICallStore.EndInterruptedAsync"/>
    public async Task<int> EndAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        int ended = 0;
        IReadOnlyList<CallRecord> left;
        do
        {
            left = await FindAsync(before, cancellationToken);
            // Written like any end of a call, so that the intents go with it; redacted they are already.
            await writer.WriteAsync([.. left.Select(c => c with { Stage = RecordStage.End })], cancellationToken);
            ended += left.Count;
        }
        while (left.Count == BatchSize);
        return ended;
    }

    private async Task<IReadOnlyList<CallRecord>> FindAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        const string Sql = $"""
            SELECT c.*, p.request, NULL::bytea, coalesce(p.truncated, false), p.payloads, p.request_digest, p.response_digest, p.redactions
            FROM (SELECT {CallCopy.CallColumns} FROM call_intents WHERE time < $1 ORDER BY time LIMIT $2) c
            LEFT JOIN call_intent_payloads p ON p.id = c.id
            """;
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new(Sql, connection);
        command.Parameters.Add(new() { Value = before.UtcDateTime });
        command.Parameters.Add(new() { Value = BatchSize });
        return await CallStore.ReadAsync(command, cancellationToken);
    }
}
