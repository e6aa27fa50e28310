using Mcpx.Core.Jobs;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Metrics;

/// <summary>
/// Removes figures that are older than their organisation keeps them: what no organisation keeps goes by whole partitions, the
/// rest by one statement a level, however many organisations there are. It may be cut off anywhere.
/// </summary>
public sealed class MetricRetentionJob(IMetricRetentionStore store, TimeProvider time) : IJob
{
    private static readonly MetricLevel[] Levels = [MetricLevel.Event, MetricLevel.Minute, MetricLevel.Hour, MetricLevel.Day];

    public string Name => "metric-retention";

    public TimeSpan Every { get; } = TimeSpan.FromHours(1);

    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        // By whole days, so that rows go once a day, most of them with their partition.
        DateTimeOffset today = Instant.DayOf(time.GetUtcNow());
        IReadOnlyList<(OrganizationId Organization, MetricRetention Kept)> all = await store.ListAsync(cancellationToken);
        IReadOnlyDictionary<MetricLevel, DateTimeOffset> rolledUp = await store.RolledUpAsync(cancellationToken);
        long rows = 0;
        int parts = 0;
        foreach (MetricLevel level in Levels)
        {
            // Not before it is part of the level above, however long nothing was rolled up.
            DateTimeOffset most = level is MetricLevel.Day ? DateTimeOffset.MaxValue : rolledUp.GetValueOrDefault(level + 1, DateTimeOffset.UnixEpoch);
            DateTimeOffset Before(int days) => today.AddDays(-days) is var before && before < most ? before : most;

            // Calls that named no organisation are kept as long as by default.
            int longest = Math.Max(MetricRetention.Default.Of(level), all.Select(o => o.Kept.Of(level)).DefaultIfEmpty().Max());
            parts += await store.DropAsync(level, Before(longest), cancellationToken);
            rows += await store.DeleteAsync(level,
                [.. all.Select(o => (o.Organization, Before(o.Kept.Of(level)))), (OrganizationId.None, Before(MetricRetention.Default.Of(level)))], cancellationToken);
            // Apart, because of theirs everything goes: among the others they would have every partition looked at.
            rows += await store.DeleteAsync(level, [.. (await store.ListEndedAsync(level, cancellationToken)).Select(ended => (ended, DateTimeOffset.MaxValue))], cancellationToken);
        }

        return $"{parts} partitions and {rows} rows passed their time.";
    }
}
