using System.Collections.Concurrent;
using Mcpx.Core.Jobs;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mcpx.Data.Calls;

/// <summary>
/// Deletes the calls, payloads and figures with them, of organisations that are gone: at once those of one that ends on this replica,
/// and by <see cref="OrphanedCallsJob"/> whatever is left, after a crash or from a journal that wrote late.
/// </summary>
internal sealed partial class OrphanedCalls(ScopedContexts contexts, IMetricRetentionStore figures, ILogger<OrphanedCalls> logger, TimeProvider time) : BackgroundService
{
    private const int BatchSize = 2000;
    private const int BatchPatienceSeconds = 60;

    /// <summary>A call that was under way when its organisation ended is written within this time.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMinutes(1);

    private readonly ConcurrentQueue<OrganizationId> _ended = new();
    private readonly SemaphoreSlim _wake = new(0);

    /// <summary>Begins to delete an organisation's calls, soon and away from the caller.</summary>
    public void Delete(OrganizationId organization)
    {
        _ended.Enqueue(organization);
        _wake.Release();
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        List<OrganizationId> late = [];
        while (true)
        {
            // With nobody left to look at again there is nothing to wake up for.
            using CancellationTokenSource patience = new(late.Count > 0 ? Turn : Timeout.InfiniteTimeSpan, time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stoppingToken);
            bool woken = await WaitAsync(either.Token);
            if (stoppingToken.IsCancellationRequested) return;
            if (woken)
            {
                while (_ended.TryDequeue(out OrganizationId organization))
                {
                    await TryDeleteAsync(organization, stoppingToken);
                    late.Add(organization);
                }

                continue;
            }

            foreach (OrganizationId organization in late)
                await TryDeleteAsync(organization, stoppingToken);
            late.Clear();
        }
    }

    /// <summary>Finds and deletes what belongs to no organisation. Calls that never named one are no part of it.</summary>
    /// <returns>How many calls that were.</returns>
    public async Task<long> SearchAsync(CancellationToken cancellationToken)
    {
        // From one organisation to the next by the index, never through their calls.
        const string Sql = """
            WITH RECURSIVE seen (org_id) AS (
                (SELECT org_id FROM calls ORDER BY org_id LIMIT 1)
                UNION ALL
                SELECT (SELECT c.org_id FROM calls c WHERE c.org_id > s.org_id ORDER BY c.org_id LIMIT 1) FROM seen s WHERE s.org_id IS NOT NULL),
            chained (org_id) AS (
                (SELECT org_id FROM audit_links ORDER BY org_id LIMIT 1)
                UNION ALL
                SELECT (SELECT l.org_id FROM audit_links l WHERE l.org_id > s.org_id ORDER BY l.org_id LIMIT 1) FROM chained s WHERE s.org_id IS NOT NULL)
            SELECT s.org_id FROM (SELECT org_id FROM seen UNION SELECT org_id FROM chained) s
            WHERE s.org_id IS NOT NULL AND s.org_id <> $1 AND NOT EXISTS (SELECT FROM organizations o WHERE o.id = s.org_id)
            """;
        List<OrganizationId> gone = [];
        await using (NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken))
        await using (NpgsqlCommand command = new(Sql, connection))
        {
            command.CommandTimeout = BatchPatienceSeconds;
            command.Parameters.Add(new() { Value = OrganizationId.None.Value });
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken)) gone.Add(OrganizationId.From(reader.GetGuid(0)));
        }

        long deleted = 0;
        foreach (OrganizationId organization in gone)
            deleted += await DeleteAllAsync(organization, cancellationToken);
        return deleted;
    }

    private async Task<long> DeleteAllAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        long deleted = 0;
        int batch;
        do
        {
            batch = await DeleteBatchAsync(organization, cancellationToken);
            deleted += batch;
        }
        while (batch > 0);
        foreach (MetricLevel level in Enum.GetValues<MetricLevel>())
            await figures.DeleteAsync(level, [(organization, DateTimeOffset.MaxValue)], cancellationToken);
        if (deleted > 0) LogDeleted(logger, deleted, organization);
        return deleted;
    }

    /// <summary>The chain of its audit goes with the last of its calls. By a function, since nobody who serves may delete a call.</summary>
    private async Task<int> DeleteBatchAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new("SELECT audit_delete_ended($1, $2)", connection);
        command.CommandTimeout = BatchPatienceSeconds;
        command.Parameters.Add(new() { Value = organization.Value });
        command.Parameters.Add(new() { Value = BatchSize });
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _wake.WaitAsync(cancellationToken);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task TryDeleteAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        try
        {
            await DeleteAllAsync(organization, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(logger, e);
        }
    }

    [LoggerMessage(6098, LogLevel.Information, "{Calls} calls of organisation {Organization}, which is gone, were deleted.")]
    private static partial void LogDeleted(ILogger logger, long calls, OrganizationId organization);

    [LoggerMessage(6099, LogLevel.Warning, "Deleting the calls of an organisation that is gone failed; it is tried again within the hour.")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}

/// <summary>The search as a job: one replica of many looks, and the calls themselves say what is left to do.</summary>
internal sealed class OrphanedCallsJob(OrphanedCalls calls) : IJob
{
    public string Name => "delete-orphaned-calls";

    public TimeSpan Every { get; } = TimeSpan.FromHours(1);

    public async Task<string> RunAsync(CancellationToken cancellationToken) => $"{await calls.SearchAsync(cancellationToken)} deleted.";
}
