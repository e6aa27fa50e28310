using Mcpx.Core.Jobs;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Jobs;

/// <summary>Deletes rows that have had their time.</summary>
/// <param name="table">The table's name, and <paramref name="condition"/> which of its rows; both from <see cref="All"/> and nowhere else.</param>
internal sealed class SweepJob(ScopedContexts contexts, string name, string table, string condition) : IJob
{
    /// <summary>So many that a statement stays far from its time limit, however much has piled up.</summary>
    private const int Batch = 5_000;

    private readonly string _sql =
        $"DELETE FROM {table} WHERE ctid = ANY (ARRAY (SELECT ctid FROM {table} WHERE {condition} LIMIT {Batch}))";

    public string Name { get; } = name;

    public TimeSpan Every { get; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Each leaves its rows a while longer than anybody looks at them, so that no difference between clocks matters; an
    /// invitation's longer, since people ask what became of it.
    /// </summary>
    public static IReadOnlyList<(string Name, string Table, string Condition)> All { get; } =
    [
        ("sweep-sessions", "sessions", "LEAST(revoked_at, expires_at, last_seen_at + interval '8 hours') < now() - interval '1 day'"),
        ("sweep-sign-in-links", "sign_in_links", "expires_at < now() - interval '1 day'"),
        ("sweep-invitations", "invitations", "LEAST(accepted_at, revoked_at, expires_at) < now() - interval '30 days'"),
        ("sweep-client-assertions", "client_assertions", "expires_at < now() - interval '1 hour'"),
        // Only what anybody may cause; what became of organisations is kept.
        ("sweep-refused-sign-ins", "admin_entries", "org_id IS NULL AND action = 'session.refused' AND time < now() - interval '90 days'"),
        ("sweep-revocations", "revocations", "at < now() - interval '1 hour'"),
    ];

    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        long removed = 0;
        int last;
        do
        {
            await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
            last = await context.Database.ExecuteSqlRawAsync(_sql, cancellationToken);
            removed += last;
        }
        while (last == Batch);

        return $"{removed} removed.";
    }
}
