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
using NpgsqlTypes;

namespace Mcpx.Data.Calls;

internal sealed class LogStreamRow
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

    public required DateTimeOffset CreatedAt { get; init; }

    public required long Position { get; init; }

    public required long Delivered { get; init; }

    public DateTimeOffset? DeliveredAt { get; init; }

    public string? Problem { get; init; }

    public DateTimeOffset? ProblemAt { get; init; }

    public LogStream ToStream() => new(Id, OrgId, Name, Url is null ? new LogTarget.Syslog(Host!, Port!.Value, Tls!.Value) : new LogTarget.Webhook(new Uri(Url), Authentication!.Value), Secret, SecretHint, Query, Payloads, CreatedAt,
        new LogStreamProgress(Position, Delivered, DeliveredAt, Problem, ProblemAt));
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
    /// <summary>Where a chain ends; behind a stub when all its links are gone.</summary>
    private const string Head = """
        coalesce((SELECT seq FROM audit_links l WHERE l.org_id = {0} ORDER BY seq DESC LIMIT 1), (SELECT max(last_seq) FROM audit_stubs t WHERE t.org_id = {0} AND t.kind = 1), 0)
        """;

    private static readonly string LinkedColumns = string.Join(", ", CallCopy.CallColumns.Split(", ").Select(c => $"(call).{c}"));

    private static readonly int Sequence = CallCopy.CallColumns.Split(',').Length + CallStore.NoPayload.Split(',').Length;

    public async Task<IReadOnlyList<LogStreamReport>> ListAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        List<LogStreamRow> rows = await context.LogStreams.AsNoTracking().Where(s => s.OrgId == organization).OrderBy(s => s.Name).ToListAsync(cancellationToken);
        if (rows.Count == 0) return [];
        long head = await HeadAsync(context, organization, cancellationToken);
        return [.. rows.Select(r => new LogStreamReport(r.ToStream(), Math.Max(0, head - r.Position)))];
    }

    public async Task<IReadOnlyList<LogStream>> ListWaitingAsync(CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        List<LogStreamRow> rows = await context.LogStreams
            .FromSqlRaw("SELECT s.* FROM log_streams s WHERE EXISTS (SELECT FROM audit_links l WHERE l.org_id = s.org_id AND l.seq > s.position)").AsNoTracking().ToListAsync(cancellationToken);
        return [.. rows.Select(r => r.ToStream())];
    }

    public async Task<LogStream?> AddAsync(LogStream stream, int most, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(stream.Organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // One after the other, so that what is counted is what there is.
        await OrganizationLock.TakeAsync(context, stream.Organization, cancellationToken);
        IQueryable<LogStreamRow> all = context.LogStreams.Where(s => s.OrgId == stream.Organization);
        if (await all.AnyAsync(s => s.Name == stream.Name, cancellationToken)) throw new RefusalException.Conflict("name", "There is a log stream of this name already.");
        if (await all.CountAsync(cancellationToken) >= most) return null;
        LogTarget.Webhook? webhook = stream.Target as LogTarget.Webhook;
        LogTarget.Syslog? syslog = stream.Target as LogTarget.Syslog;
        LogStreamRow row = new()
        {
            Id = stream.Id, OrgId = stream.Organization, Name = stream.Name, Url = webhook?.Url.OriginalString, Authentication = webhook?.Authentication, Host = syslog?.Host, Port = syslog?.Port, Tls = syslog?.Tls,
            Secret = stream.Secret, SecretHint = stream.SecretHint, Query = stream.Query, Payloads = stream.Payloads, CreatedAt = stream.CreatedAt,
            Position = await HeadAsync(context, stream.Organization, cancellationToken), Delivered = 0,
        };
        context.LogStreams.Add(row);
        await context.SaveChangesAsync(cancellationToken);
        await Written.As(change.Between(null, stream.ToAudit())).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row.ToStream();
    }

    public async Task<bool> DeleteAsync(OrganizationId organization, LogStreamId stream, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        IQueryable<LogStreamRow> one = context.LogStreams.Where(s => s.OrgId == organization && s.Id == stream);
        // Of two who delete it at once, one did.
        if (await one.AsNoTracking().SingleOrDefaultAsync(cancellationToken) is not { } row || await one.ExecuteDeleteAsync(cancellationToken) == 0) return false;
        await Written.As(change.Between(row.ToStream().ToAudit(), null)).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public async Task<LinkedCalls?> ReadAsync(OrganizationId organization, long position, int most, CallFilter filter, CancellationToken cancellationToken)
    {
        string condition = CallFilterJson.Of(organization, filter with { Cursor = null });
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        if (await LinkPage.FindAsync(connection, organization, position + 1, long.MaxValue, most, cancellationToken) is not { } page) return null;
        await using NpgsqlCommand command = new($"SELECT {LinkedColumns}, {CallStore.NoPayload}, seq FROM tenant_calls_linked($1, $2, $3) ORDER BY seq", connection);
        command.Parameters.Add(new() { Value = condition, NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new() { Value = position });
        command.Parameters.Add(new() { Value = page.Last });
        List<LinkedCall> calls = [];
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken)) calls.Add(new LinkedCall(row.GetInt64(Sequence), CallStore.Read(row)));
        return new LinkedCalls(page.Last, page.Count == most, calls);
    }

    public async Task<bool> NoteAsync(LogStream before, LogStreamProgress progress, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(before.Organization), cancellationToken);
        return await context.LogStreams.Where(s => s.OrgId == before.Organization && s.Id == before.Id && s.Position == before.Progress.Position).ExecuteUpdateAsync(set => set
            .SetProperty(s => s.Position, progress.Position)
            .SetProperty(s => s.Delivered, progress.Delivered)
            .SetProperty(s => s.DeliveredAt, progress.DeliveredAt)
            .SetProperty(s => s.Problem, progress.Problem)
            .SetProperty(s => s.ProblemAt, progress.ProblemAt), cancellationToken) > 0;
    }

    private static async Task<long> HeadAsync(McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        await context.Database.SqlQueryRaw<long>($"SELECT {Head} AS \"Value\"", organization.Value).SingleAsync(cancellationToken);
}
