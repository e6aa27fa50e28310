using Mcpx.Core.Calls;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Metrics;

/// <summary>Live figures straight from events, exact; all others by <see cref="RollUpReader"/>.</summary>
internal sealed class MetricStore(ScopedContexts contexts) : IMetricStore
{
    private const int MostPoints = 10_000;

    // Interpolated into SQL because they are our own numbers.
    private static readonly string Errors = List(CallOutcome.ToolError, CallOutcome.UpstreamError, CallOutcome.Timeout, CallOutcome.Interrupted);
    private static readonly string Refused = List(CallOutcome.Denied, CallOutcome.RateLimited, CallOutcome.Unauthenticated);

    private static readonly string Figures = $"""
        count(*), count(*) FILTER (WHERE outcome IN ({Errors})), count(*) FILTER (WHERE outcome IN ({Refused})),
        percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY total_us) FILTER (WHERE total_bucket IS NOT NULL)
        """;

    // The grouping set () is the whole range: percentiles of steps can't be put together afterwards.
    private static readonly string Series = $"""
        SELECT date_bin($4, time, $2), {Figures}
        FROM tenant_metric_events WHERE org_id = $1 AND time >= $2 AND time < $3
        GROUP BY GROUPING SETS ((1), ())
        """;

    private static readonly string ByServer = $"""
        SELECT server_id, {Figures}, max(time)
        FROM tenant_metric_events WHERE org_id = $1 AND time >= $2 AND time < $3 AND server_id <> '00000000-0000-0000-0000-000000000000'
        GROUP BY server_id ORDER BY server_id
        """;

    public async Task<LiveAnswer> LiveAsync(OrganizationId organization, IReadOnlyList<MetricSpan> spans, MetricSpan? servers, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        await using NpgsqlBatch batch = new(connection);
        foreach (MetricSpan span in spans) batch.BatchCommands.Add(Steps(organization, span));
        if (servers is not null) batch.BatchCommands.Add(Command(ByServer, organization, servers.From, servers.To));
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        List<MetricSeries> series = [];
        foreach (MetricSpan span in spans)
        {
            series.Add(await ReadAsync(reader, span, cancellationToken));
            await reader.NextResultAsync(cancellationToken);
        }

        return new LiveAnswer(series, servers is null ? null : await ReadServersAsync(reader, servers.From, cancellationToken));
    }

    public async Task<IReadOnlyList<ServerFigures>> ByServerAsync(
        OrganizationId organization, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) =>
        (await LiveAsync(organization, [], new MetricSpan(from, to, to - from), cancellationToken)).Servers!;

    public async Task<IReadOnlyList<MetricRow>> ReadAsync(OrganizationId organization, MetricSelection selection, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        return await RollUpReader.ReadAsync(connection, organization, selection, cancellationToken);
    }

    public async Task<IReadOnlyList<MetricRow>> ReadInstallationAsync(MetricSelection selection, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        return await RollUpReader.ReadAsync(connection, organization: null, selection, cancellationToken);
    }

    public async Task<IReadOnlyDictionary<Guid, MetricName>> NamesAsync(OrganizationId organization, IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        // What is there knows its own name; the last one stands for what is gone.
        const string Sql = """
            SELECT id, name, false, slug FROM servers WHERE org_id = $1 AND id = ANY ($2)
            UNION ALL SELECT id, name, false, slug FROM gateways WHERE org_id = $1 AND id = ANY ($2)
            UNION ALL SELECT id, name, false, NULL FROM service_accounts WHERE org_id = $1 AND id = ANY ($2)
            UNION ALL SELECT u.id, u.name, false, NULL FROM members m JOIN users u ON u.id = m.user_id WHERE m.org_id = $1 AND u.id = ANY ($2)
            UNION ALL SELECT id, name, true, NULL FROM metric_names WHERE org_id = $1 AND id = ANY ($2)
            """;
        Dictionary<Guid, MetricName> names = [];
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        await using NpgsqlCommand command = new(Sql, connection);
        command.Parameters.Add(new() { Value = organization.Value });
        command.Parameters.Add(new() { Value = ids.ToArray() });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            names.TryAdd(reader.GetGuid(0), new MetricName(reader.GetString(1), reader.GetBoolean(2), await reader.IsDBNullAsync(3, cancellationToken) ? null : reader.GetString(3)));
        }

        return names;
    }

    public async Task<IReadOnlyDictionary<Guid, MetricName>> OrganizationNamesAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        OrganizationId[] wanted = [.. ids.Select(OrganizationId.From)];
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        return await context.Organizations.Where(o => wanted.Contains(o.Id)).ToDictionaryAsync(o => o.Id.Value, o => new MetricName(o.Name, false, o.Slug), cancellationToken);
    }

    public async Task<MetricRetention?> FindRetentionAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await MetricRetentionStore.ReadAsync(context, organization, cancellationToken);
    }

    private static NpgsqlBatchCommand Steps(OrganizationId organization, MetricSpan span)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(span.Step, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(CountOf(span), MostPoints, nameof(span));
        NpgsqlBatchCommand command = Command(Series, organization, ToMicroseconds(span.From), span.To);
        command.Parameters.Add(new() { Value = span.Step, NpgsqlDbType = NpgsqlDbType.Interval });
        return command;
    }

    private static NpgsqlBatchCommand Command(string sql, OrganizationId organization, DateTimeOffset from, DateTimeOffset to)
    {
        NpgsqlBatchCommand command = new(sql);
        command.Parameters.Add(new() { Value = organization.Value });
        command.Parameters.Add(new() { Value = from.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = to.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        return command;
    }

    private static async Task<MetricSeries> ReadAsync(NpgsqlDataReader reader, MetricSpan span, CancellationToken cancellationToken)
    {
        DateTimeOffset start = ToMicroseconds(span.From);
        MetricPoint[] points = [.. Enumerable.Range(0, (int)CountOf(span)).Select(i => Empty(start + i * span.Step))];
        MetricPoint total = Empty(start);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (await reader.IsDBNullAsync(0, cancellationToken))
                total = Read(reader, start);
            else if (reader.GetFieldValue<DateTimeOffset>(0) is var at)
                points[(at - start).Ticks / span.Step.Ticks] = Read(reader, at);
        }

        return new MetricSeries(span.Step, points, total);
    }

    private static async Task<IReadOnlyList<ServerFigures>> ReadServersAsync(NpgsqlDataReader reader, DateTimeOffset from, CancellationToken cancellationToken)
    {
        List<ServerFigures> servers = [];
        while (await reader.ReadAsync(cancellationToken))
            servers.Add(new ServerFigures(ServerId.From(reader.GetGuid(0)), Read(reader, from), reader.GetFieldValue<DateTimeOffset>(5)));
        return servers;
    }

    private static long CountOf(MetricSpan span) => Math.Max(0, (long)Math.Ceiling((span.To - ToMicroseconds(span.From)) / span.Step));

    private static MetricPoint Read(NpgsqlDataReader row, DateTimeOffset at)
    {
        double[]? microseconds = row.IsDBNull(4) ? null : row.GetFieldValue<double[]>(4);
        return new MetricPoint(at, row.GetInt64(1), row.GetInt64(2), row.GetInt64(3),
            microseconds?[0] / 1000, microseconds?[1] / 1000, microseconds?[2] / 1000);
    }

    private static MetricPoint Empty(DateTimeOffset at) => new(at, 0, 0, 0, null, null, null);

    /// <summary>PostgreSQL's resolution: steps that we count from must be those that it counts from.</summary>
    private static DateTimeOffset ToMicroseconds(DateTimeOffset time) => new(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);

    private static string List(params CallOutcome[] outcomes) => string.Join(", ", outcomes.Select(o => (int)o));
}
