using Mcpx.Core.Audit;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Streaming;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Audit.Chain;
using Mcpx.Data.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Mcpx.Data.Calls;

internal sealed class LogStreamRow : INamedRow
{
    public required LogStreamId Id { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required string Name { get; init; }

    /// <summary>Of a webhook; null, with how it knows us, for syslog.</summary>
    public string? Url { get; init; }

    public WebhookAuthentication? Authentication { get; init; }

    /// <summary>That takes syslog; null, with port and TLS, for a webhook.</summary>
    public string? Host { get; init; }

    public int? Port { get; init; }

    public bool? Tls { get; init; }

    /// <summary>A ciphertext.</summary>
    public byte[]? Secret { get; init; }

    public string? SecretHint { get; init; }

    public required string Query { get; init; }

    public required bool Payloads { get; init; }

    public required bool Entries { get; init; }

    public DateTimeOffset? PausedAt { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required long Position { get; init; }

    public required long Delivered { get; init; }

    public DateTimeOffset? DeliveredAt { get; init; }

    public string? Problem { get; init; }

    public DateTimeOffset? ProblemAt { get; init; }

    public LogStream ToStream() => new(Id, OrgId, Name, Url is null ? new LogTarget.Syslog(Host!, Port!.Value, Tls!.Value) : new LogTarget.Webhook(new Uri(Url), Authentication!.Value), Secret, SecretHint, Query, Payloads, CreatedAt,
        new LogStreamProgress(Position, Delivered, DeliveredAt, Problem, ProblemAt)) { Entries = Entries, PausedAt = PausedAt };
}

internal sealed class LogStreamConfiguration : IEntityTypeConfiguration<LogStreamRow>
{
    public void Configure(EntityTypeBuilder<LogStreamRow> builder)
    {
        builder.ToTable("log_streams").HasKey(s => s.Id);
        builder.Property(s => s.Authentication).HasConversion<short>();
        builder.HasIndex(s => new { s.OrgId, s.Name }).IsUnique();
        builder.HasOne<OrganizationRow>().WithMany().HasForeignKey(s => s.OrgId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class LogStreamStore(ScopedContexts contexts) : ILogStreamStore
{
    public async Task<IReadOnlyList<LogStreamReport>> ListAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        List<LogStreamRow> rows = await context.LogStreams.AsNoTracking().Where(s => s.OrgId == organization).OrderBy(s => s.Name).ToListAsync(cancellationToken);
        if (rows.Count == 0) return [];
        long head = await LinkedRows.HeadAsync(context, organization, cancellationToken);
        return [.. rows.Select(r => new LogStreamReport(r.ToStream(), Math.Max(0, head - r.Position)))];
    }

    public async Task<LogStream?> FindAsync(OrganizationId organization, LogStreamId stream, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return (await context.LogStreams.AsNoTracking().SingleOrDefaultAsync(s => s.OrgId == organization && s.Id == stream, cancellationToken))?.ToStream();
    }

    public async Task<IReadOnlyList<LogStream>> ListWaitingAsync(CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        List<LogStreamRow> rows = await context.LogStreams
            .FromSqlRaw("SELECT s.* FROM log_streams s WHERE s.paused_at IS NULL AND EXISTS (SELECT FROM audit_links l WHERE l.org_id = s.org_id AND l.seq > s.position)").AsNoTracking().ToListAsync(cancellationToken);
        return [.. rows.Select(r => r.ToStream())];
    }

    public async Task<LogStream?> AddAsync(LogStream stream, int most, AdminChange change, CancellationToken cancellationToken)
    {
        LogTarget.Webhook? webhook = stream.Target as LogTarget.Webhook;
        LogTarget.Syslog? syslog = stream.Target as LogTarget.Syslog;
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(stream.Organization), cancellationToken);
        LogStreamRow? made = await context.AddNamedAsync(stream.Organization, "log stream", stream.Name, most, async () => new LogStreamRow
        {
            Id = stream.Id, OrgId = stream.Organization, Name = stream.Name, Url = webhook?.Url.OriginalString, Authentication = webhook?.Authentication, Host = syslog?.Host, Port = syslog?.Port, Tls = syslog?.Tls,
            Secret = stream.Secret, SecretHint = stream.SecretHint, Query = stream.Query, Payloads = stream.Payloads, Entries = stream.Entries, CreatedAt = stream.CreatedAt,
            Position = await LinkedRows.HeadAsync(context, stream.Organization, cancellationToken), Delivered = 0,
        }, r => change.Between(null, r.ToStream().ToAudit()), cancellationToken);
        return made?.ToStream();
    }

    public async Task<bool> DeleteAsync(OrganizationId organization, LogStreamId stream, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await context.DeleteNamedAsync(context.LogStreams.Where(s => s.OrgId == organization && s.Id == stream), r => change.Between(r.ToStream().ToAudit(), null), cancellationToken);
    }

    public async Task<bool> PauseAsync(OrganizationId organization, LogStreamId stream, DateTimeOffset? pausedAt, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // One after the other, so that each entry says what its change found.
        await OrganizationLock.TakeAsync(context, organization, cancellationToken);
        IQueryable<LogStreamRow> one = context.LogStreams.Where(s => s.OrgId == organization && s.Id == stream);
        if (await one.AsNoTracking().SingleOrDefaultAsync(cancellationToken) is not { } row) return false;
        if (row.PausedAt is null == pausedAt is null) return true;
        if (await one.ExecuteUpdateAsync(set => set.SetProperty(s => s.PausedAt, pausedAt), cancellationToken) == 0) return false;
        LogStream before = row.ToStream();
        await Written.As(change.Between(before.ToAudit(), (before with { PausedAt = pausedAt }).ToAudit())).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public async Task<LinkedCalls?> ReadAsync(OrganizationId organization, long position, int most, CallFilter filter, CancellationToken cancellationToken)
    {
        string condition = CallFilterJson.Of(organization, filter with { Cursor = null });
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        if (await LinkPage.FindAsync(connection, organization, position + 1, long.MaxValue, most, cancellationToken) is not { } page) return null;
        List<LinkedCall> calls = await LinkedRows.ReadAsync(connection, condition, position, page.Last, cancellationToken);
        return new LinkedCalls(page.Last, page.Count == most, calls);
    }

    public async Task<IReadOnlyList<LinkedEntry>> ReadEntriesAsync(OrganizationId organization, long after, long last, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        List<EntryLink> links = await context.Database.SqlQuery<EntryLink>($"SELECT seq AS sequence, record_id AS record FROM audit_links WHERE org_id = {organization.Value} AND kind = 2 AND seq > {after} AND seq <= {last}").ToListAsync(cancellationToken);
        AdminEntryId[] ids = [.. links.Select(l => AdminEntryId.From(l.Record))];
        if (ids.Length == 0) return [];
        Dictionary<Guid, AdminEntryRow> rows = await context.AdminEntries.AsNoTracking().Where(e => e.OrgId == organization && ids.Contains(e.Id)).ToDictionaryAsync(e => e.Id.Value, cancellationToken);
        // What somebody has taken away is missing here too, and the chain says so.
        return [.. links.Where(l => rows.ContainsKey(l.Record)).Select(l => new LinkedEntry(l.Sequence, rows[l.Record].ToEntry()))];
    }

    public async Task<bool> NoteAsync(LogStream before, LogStreamProgress progress, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(before.Organization), cancellationToken);
        return await context.LogStreams.Where(s => s.OrgId == before.Organization && s.Id == before.Id && s.Position == before.Progress.Position).ExecuteUpdateAsync(set => set
            .SetProperty(s => s.Position, progress.Position)
            .SetProperty(s => s.Delivered, progress.Delivered)
            .SetProperty(s => s.DeliveredAt, progress.DeliveredAt)
            .SetProperty(s => s.Problem, progress.Problem)
            .SetProperty(s => s.ProblemAt, progress.ProblemAt), cancellationToken) > 0
            && await context.LogStreams.AnyAsync(s => s.OrgId == before.Organization && s.Id == before.Id && s.PausedAt == null, cancellationToken);
    }

    private sealed record EntryLink(long Sequence, Guid Record);
}
