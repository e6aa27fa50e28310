using System.Runtime.CompilerServices;
using Mcpx.Core.Audit;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Export;
using Mcpx.Core.Primitives;
using Mcpx.Data.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Npgsql;

namespace Mcpx.Data.Calls;

internal sealed class ScheduledExportRow : INamedRow
{
    public required ScheduledExportId Id { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required string Name { get; init; }

    public required ExportPeriod Period { get; init; }

    public required bool Payloads { get; init; }

    /// <summary>Of an S3-compatible store; null, with all of the store's, for the operator's directory.</summary>
    public string? Endpoint { get; init; }

    public string? Region { get; init; }

    public string? Bucket { get; init; }

    public string? Prefix { get; init; }

    public string? AccessKeyId { get; init; }

    /// <summary>A ciphertext.</summary>
    public byte[]? Secret { get; init; }

    public string? SecretHint { get; init; }

    public required string Query { get; init; }

    public required DateTimeOffset DoneUntil { get; init; }

    /// <summary>In the organisation's chain: what came late up to there is in a file.</summary>
    public long? Position { get; init; }

    /// <summary>What <see cref="Position"/> is when the next period is written; null before it is tried.</summary>
    public long? Target { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? RanAt { get; init; }

    public string? Problem { get; init; }

    public string? LastFile { get; init; }

    public long? LastCalls { get; init; }

    public ScheduledExport ToExport() => new(Id, OrgId, Name, Period, Payloads, Endpoint is null ? null : new S3Bucket(new Uri(Endpoint), Region!, Bucket!, Prefix!, AccessKeyId!), Secret, SecretHint, DoneUntil, CreatedAt,
        RanAt is { } at ? new ExportRun(at, Problem, LastFile, LastCalls) : null) { Query = Query, Position = Position };
}

internal sealed class ScheduledExportConfiguration : IEntityTypeConfiguration<ScheduledExportRow>
{
    public void Configure(EntityTypeBuilder<ScheduledExportRow> builder)
    {
        builder.ToTable("scheduled_exports").HasKey(e => e.Id);
        builder.Property(e => e.Period).HasConversion<short>();
        builder.HasIndex(e => new { e.OrgId, e.Name }).IsUnique();
        builder.HasOne<OrganizationRow>().WithMany().HasForeignKey(e => e.OrgId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class ScheduledExportStore(ScopedContexts contexts) : IScheduledExportStore
{
    public async Task<IReadOnlyList<ScheduledExport>> ListAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        List<ScheduledExportRow> rows = await context.ScheduledExports.AsNoTracking().Where(e => e.OrgId == organization).OrderBy(e => e.Name).ToListAsync(cancellationToken);
        return [.. rows.Select(r => r.ToExport())];
    }

    public async Task<IReadOnlyList<ScheduledExport>> ListDueAsync(DateTimeOffset hourBegins, DateTimeOffset dayBegins, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        List<ScheduledExportRow> rows = await context.ScheduledExports.AsNoTracking()
            .Where(e => e.Period == ExportPeriod.Hour && e.DoneUntil < hourBegins || e.Period == ExportPeriod.Day && e.DoneUntil < dayBegins).OrderBy(e => e.DoneUntil).ToListAsync(cancellationToken);
        return [.. rows.Select(r => r.ToExport())];
    }

    public async Task<bool> AddAsync(ScheduledExport export, int most, AdminChange change, CancellationToken cancellationToken)
    {
        ScheduledExportRow row = new()
        {
            Id = export.Id, OrgId = export.Organization, Name = export.Name, Period = export.Period, Payloads = export.Payloads, Endpoint = export.S3?.Endpoint.AbsoluteUri, Region = export.S3?.Region,
            Bucket = export.S3?.Bucket, Prefix = export.S3?.Prefix, AccessKeyId = export.S3?.AccessKeyId, Secret = export.Secret, SecretHint = export.SecretHint, Query = export.Query, DoneUntil = export.DoneUntil, CreatedAt = export.CreatedAt,
        };
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(export.Organization), cancellationToken);
        return await context.AddNamedAsync(export.Organization, "scheduled export", export.Name, most, () => Task.FromResult(row), r => change.Between(null, r.ToExport().ToAudit()), cancellationToken) is not null;
    }

    public async Task<bool> DeleteAsync(OrganizationId organization, ScheduledExportId export, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await context.DeleteNamedAsync(context.ScheduledExports.Where(e => e.OrgId == organization && e.Id == export), r => change.Between(r.ToExport().ToAudit(), null), cancellationToken);
    }

    public async Task<long?> AimAsync(ScheduledExport export, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(export.Organization), cancellationToken);
        long head = await LinkedRows.HeadAsync(context, export.Organization, cancellationToken);
        IQueryable<ScheduledExportRow> one = context.ScheduledExports.Where(e => e.OrgId == export.Organization && e.Id == export.Id && e.DoneUntil == export.DoneUntil);
        // The first try says it. Of two that write the same file, neither then has less in it than the number that is noted says.
        await one.Where(e => e.Target == null).ExecuteUpdateAsync(set => set.SetProperty(e => e.Target, head), cancellationToken);
        return await one.Select(e => e.Target).SingleOrDefaultAsync(cancellationToken);
    }

    public async IAsyncEnumerable<IReadOnlyList<CallRecord>> ReadLateAsync(
        OrganizationId organization, long after, long until, CallFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string condition = CallFilterJson.Of(organization, filter with { Cursor = null });
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        while (await FindLateAsync(connection, organization, after, until, filter, cancellationToken) is { } late)
        {
            yield return [.. (await LinkedRows.ReadAsync(connection, condition, late.First - 1, late.Last, cancellationToken)).Select(c => c.Call)];
            after = late.Last;
        }
    }

    public async Task NoteAsync(ScheduledExport before, DateTimeOffset doneUntil, ExportRun run, CancellationToken cancellationToken)
    {
        bool isWritten = doneUntil != before.DoneUntil;
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(before.Organization), cancellationToken);
        await context.ScheduledExports.Where(e => e.OrgId == before.Organization && e.Id == before.Id && e.DoneUntil == before.DoneUntil).ExecuteUpdateAsync(set => set
            .SetProperty(e => e.DoneUntil, doneUntil)
            .SetProperty(e => e.Position, e => isWritten ? e.Target : e.Position)
            .SetProperty(e => e.Target, e => isWritten ? null : e.Target)
            .SetProperty(e => e.RanAt, run.At)
            .SetProperty(e => e.Problem, run.Problem)
            .SetProperty(e => e.LastFile, run.File)
            .SetProperty(e => e.LastCalls, run.Calls), cancellationToken);
    }

    /// <summary>By the times in the links alone: of most periods nothing came late, and no call is looked up to find that out.</summary>
    private static async Task<(long First, long Last)?> FindLateAsync(
        NpgsqlConnection connection, OrganizationId organization, long after, long until, CallFilter filter, CancellationToken cancellationToken)
    {
        const string Sql = """
            SELECT min(seq), max(seq) FROM (
                SELECT seq FROM audit_links WHERE org_id = $1 AND seq > $2 AND seq <= $3 AND kind = 1 AND time >= $4 AND time < $5 ORDER BY seq LIMIT $6) page
            """;
        await using NpgsqlCommand command = new(Sql, connection);
        foreach (object value in (object[])[organization.Value, after, until, filter.From!.Value.ToUniversalTime(), filter.To!.Value.ToUniversalTime(), filter.Size]) command.Parameters.Add(new() { Value = value });
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return row.IsDBNull(0) ? null : (row.GetInt64(0), row.GetInt64(1));
    }
}
