using Mcpx.Core.Audit;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Mcpx.Data.Metrics;

internal sealed class MetricRetentionStore(ScopedContexts contexts, ChangeWriter changes) : IMetricRetentionStore
{
    private const int PatienceSeconds = 600;

    private static readonly MetricLevel[] Levels = Enum.GetValues<MetricLevel>();

    public Task<bool> SaveAsync(OrganizationId organization, MetricRetention retention, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await ReadAsync(context, organization, cancellationToken) is not { } before) return null;
            string name = await context.OrganizationAsync(organization, cancellationToken);
            await context.Organizations.Where(o => o.Id == organization).ExecuteUpdateAsync(set => set
                .SetProperty(o => o.MetricEventDays, retention.EventDays)
                .SetProperty(o => o.MetricMinuteDays, retention.MinuteDays)
                .SetProperty(o => o.MetricHourDays, retention.HourDays)
                .SetProperty(o => o.MetricDayDays, retention.DayDays), cancellationToken);
            return Written.As(change.Between(before.ToAudit(name), retention.ToAudit(name)));
        }, cancellationToken);

    public async Task<IReadOnlyList<(OrganizationId Organization, MetricRetention Kept)>> ListAsync(CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        return [.. (await context.Organizations.OrderBy(o => o.Id)
            .Select(o => new { o.Id, Kept = new MetricRetention(o.MetricEventDays, o.MetricMinuteDays, o.MetricHourDays, o.MetricDayDays) }).ToListAsync(cancellationToken))
            .Select(o => (o.Id, o.Kept))];
    }

    public async Task<IReadOnlyDictionary<MetricLevel, DateTimeOffset>> RolledUpAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        return await RollUpPieces.BordersAsync(connection, cancellationToken);
    }

    public async Task<RollUpReport> ReportAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<MetricLevel, DateTimeOffset> until = await RolledUpAsync(cancellationToken);
        DateTimeOffset rolled = until.GetValueOrDefault(MetricLevel.Minute, DateTimeOffset.UnixEpoch), old = now - RollUpReport.Patience;
        if (rolled >= old) return new RollUpReport(until, IsBehind: false);
        // The border of TimescaleDB stands where the last call was: without a call since, nothing is missing.
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = Command(connection, "SELECT EXISTS (SELECT FROM metric_events WHERE time >= $1 AND time < $2)", rolled.UtcDateTime, old.UtcDateTime);
        return new RollUpReport(until, (bool)(await command.ExecuteScalarAsync(cancellationToken))!);
    }

    public async Task<IReadOnlyList<OrganizationId>> ListEndedAsync(MetricLevel level, CancellationToken cancellationToken)
    {
        List<OrganizationId> ended = [];
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = Command(connection, "SELECT DISTINCT metrics_ended FROM metrics_ended($1)", NameOf(level));
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) ended.Add(OrganizationId.From(reader.GetGuid(0)));
        return ended;
    }

    public async Task<long> DeleteAsync(MetricLevel level, IReadOnlyCollection<(OrganizationId Organization, DateTimeOffset Before)> passed, CancellationToken cancellationToken)
    {
        if (passed.Count == 0) return 0;
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = Command(connection, "SELECT metrics_expire($1, $2, $3)",
            NameOf(level), passed.Select(p => p.Organization.Value).ToArray(), passed.Select(p => p.Before.UtcDateTime).ToArray());
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task<int> DropAsync(MetricLevel level, DateTimeOffset before, CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
            await using NpgsqlCommand command = Command(connection, "SELECT metrics_drop($1, $2)", NameOf(level), before.UtcDateTime);
            return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            // Somebody reads or writes figures just now; the next turn is within the hour.
            return 0;
        }
    }

    internal static string NameOf(MetricLevel level) => level switch
    {
        MetricLevel.Event => "events",
        MetricLevel.Minute => "1m",
        MetricLevel.Hour => "1h",
        _ => "1d",
    };

    internal static Task<MetricRetention?> ReadAsync(McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        context.Organizations.Where(o => o.Id == organization)
            .Select(o => new MetricRetention(o.MetricEventDays, o.MetricMinuteDays, o.MetricHourDays, o.MetricDayDays)).SingleOrDefaultAsync(cancellationToken);

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params object[] values)
    {
        NpgsqlCommand command = new(sql, connection) { CommandTimeout = PatienceSeconds };
        foreach (object value in values) command.Parameters.Add(new() { Value = value });
        return command;
    }
}
