using Mcpx.Core.Audit;
using Mcpx.Core.Jobs;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Mcpx.Data.Jobs;

internal sealed class JobStore(ScopedContexts contexts, ReplicaId replica, TimeProvider time) : IJobStore
{
    public async Task<IReadOnlyList<JobReport>> ListAsync(CancellationToken cancellationToken)
    {
        const string Sql = """
            SELECT name, coalesce(leased_until > now(), false), next_run_at <= now(), succeeded, result, ended_at, nullif(next_run_at, 'infinity')
            FROM jobs ORDER BY name
            """;
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new(Sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<JobReport> jobs = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            bool isRunning = reader.GetBoolean(1);
            jobs.Add(new JobReport(reader.GetString(0), isRunning, StateOf(reader, isRunning || reader.GetBoolean(2), first: 3), Time(reader, 6)));
        }

        return jobs;
    }

    public async Task EnsureAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        string[] all = [.. names];
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        await context.Database.ExecuteSqlAsync(
            $"INSERT INTO jobs (name, next_run_at) SELECT name, now() FROM unnest({all}) AS n (name) ON CONFLICT (name) DO NOTHING", cancellationToken);
    }

    public async Task EnsureWaitingAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        string[] all = [.. names];
        await using McpxDbContext context = contexts.Open(DataScope.Everything);
        await context.Database.ExecuteSqlAsync(
            $"INSERT INTO jobs (name, next_run_at) SELECT name, 'infinity' FROM unnest({all}) AS n (name) ON CONFLICT (name) DO NOTHING", cancellationToken);
    }

    public async Task RequestAsync(string name, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = contexts.Open(DataScope.Everything);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await context.Database.ExecuteSqlAsync(
            $"INSERT INTO jobs (name, next_run_at) VALUES ({name}, now()) ON CONFLICT (name) DO UPDATE SET next_run_at = excluded.next_run_at", cancellationToken);
        await Written.As(change.Happened(name)).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task<JobState?> FindAsync(string name, CancellationToken cancellationToken)
    {
        const string Sql = "SELECT next_run_at <= now() OR coalesce(leased_until > now(), false), succeeded, result, ended_at FROM jobs WHERE name = $1";
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new(Sql, connection) { Parameters = { new() { Value = name } } };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? StateOf(reader, reader.GetBoolean(0), first: 1) : null;
    }

    public async Task<JobLease?> TakeDueAsync(IReadOnlyCollection<string> names, TimeSpan lease, CancellationToken cancellationToken)
    {
        string[] all = [.. names];
        Guid run = Guid.CreateVersion7(time.GetUtcNow());
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        // Takers pass over what another one is just taking.
        List<string> taken = await context.Database.SqlQuery<string>(
            $"""
            UPDATE jobs SET run_id = {run}, replica = {replica.Value}, leased_until = now() + {lease}, started_at = now()
            WHERE name = (SELECT name FROM jobs
                          WHERE name = ANY ({all}) AND next_run_at <= now() AND (leased_until IS NULL OR leased_until < now())
                          ORDER BY next_run_at, name LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING name AS "Value"
            """).ToListAsync(cancellationToken);
        return taken is [{ } name] ? new JobLease(name, run) : null;
    }

    public async Task<bool> RenewAsync(JobLease held, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        return await context.Database.ExecuteSqlAsync(
            $"UPDATE jobs SET leased_until = now() + {lease} WHERE name = {held.Name} AND run_id = {held.Run}", cancellationToken) == 1;
    }

    public async Task EndAsync(JobLease held, bool succeeded, string result, TimeSpan next, CancellationToken cancellationToken)
    {
        string text = PostgresText.Clean(result);
        bool onRequest = next == IJob.OnRequest;
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        await context.Database.ExecuteSqlAsync(
            $"""
            UPDATE jobs SET run_id = NULL, replica = NULL, leased_until = NULL,
                            next_run_at = CASE WHEN next_run_at > started_at THEN next_run_at WHEN {onRequest} THEN 'infinity' ELSE now() + {next} END,
                            ended_at = now(), succeeded = {succeeded}, result = {text}
            WHERE name = {held.Name} AND run_id = {held.Run}
            """, cancellationToken);
    }

    /// <param name="first">The column succeeded; result and ended_at stand behind it.</param>
    private static JobState StateOf(NpgsqlDataReader reader, bool isPending, int first) => new(isPending,
        reader.IsDBNull(first) ? null : reader.GetBoolean(first), reader.IsDBNull(first + 1) ? null : reader.GetString(first + 1), Time(reader, first + 2));

    private static DateTimeOffset? Time(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
