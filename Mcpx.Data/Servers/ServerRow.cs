using System.Text.Json;
using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Data.Credentials;
using Mcpx.Data.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Servers;

internal sealed class ServerRow
{
    public required ServerId Id { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required string Slug { get; init; }

    public required string Name { get; init; }

    public required string Description { get; init; }

    public required string Url { get; init; }

    public required int TimeoutSeconds { get; init; }

    public required bool Enabled { get; init; }

    public required GovernanceMode GovernanceMode { get; set; }

    public bool GovernanceEnforced { get; init; } = true;

    public required int FirstByteSeconds { get; init; }

    public required int AnswerMebibytes { get; init; }

    public required int ConcurrentCalls { get; init; }

    /// <summary>Null until a probe succeeded; so are the three below.</summary>
    public UpstreamEras? Eras { get; init; }

    public bool? OverSse { get; init; }

    public string? SessionVersion { get; init; }

    public DateTimeOffset? ProbedAt { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public required List<string> Tags { get; init; }

    /// <summary>As a JSON array of names and values: they are read and written with their server, never on their own.</summary>
    public required string Headers { get; init; }

    public required string ToolPrefix { get; init; }

    public required bool PropagateTrace { get; init; }

    /// <summary>Null until it was tested as it is saved.</summary>
    public DateTimeOffset? TestedAt { get; init; }

    /// <summary>Null when the last test succeeded, and when there was none.</summary>
    public string? TestFailure { get; init; }

    /// <summary>Emptied by the database when the membership ends.</summary>
    public UserId? OwnerId { get; init; }

    public MemberRow? Owner { get; init; }

    public CredentialRow? Credential { get; init; }

    public static ServerRow From(UpstreamServer server) => new()
    {
        Id = server.Id,
        OrgId = server.Organization,
        Slug = server.Slug,
        Name = server.Name,
        Description = server.Description,
        // The escaped form: what a person typed may hold a NUL, which PostgreSQL's text refuses.
        Url = server.Url.AbsoluteUri,
        TimeoutSeconds = server.TimeoutSeconds,
        Enabled = server.Enabled,
        GovernanceMode = GovernanceMode.None,
        FirstByteSeconds = server.Limits.FirstByteSeconds,
        AnswerMebibytes = server.Limits.AnswerMebibytes,
        ConcurrentCalls = server.Limits.ConcurrentCalls,
        Eras = server.Protocol?.Eras,
        OverSse = server.Protocol?.OverSse,
        SessionVersion = server.Protocol?.SessionVersion,
        ProbedAt = server.Protocol?.ProbedAt,
        Tags = [.. server.Tags],
        Headers = JsonSerializer.Serialize(server.Headers),
        OwnerId = server.Owner,
        ToolPrefix = server.ToolPrefix,
        PropagateTrace = server.PropagateTrace,
        CreatedAt = server.CreatedAt,
        UpdatedAt = server.UpdatedAt,
    };

    public UpstreamServer ToServer() =>
        new(Id, OrgId, Slug, Name, Description, new Uri(Url), TimeoutSeconds, Enabled, CreatedAt, UpdatedAt)
        {
            Limits = new UpstreamLimits(FirstByteSeconds, AnswerMebibytes, ConcurrentCalls),
            Protocol = Eras is { } eras ? new UpstreamProtocol(eras, OverSse ?? false, SessionVersion, ProbedAt ?? UpdatedAt) : null,
            Tags = Tags,
            Headers = JsonSerializer.Deserialize<ServerHeader[]>(Headers)!,
            Owner = OwnerId,
            ToolPrefix = ToolPrefix,
            PropagateTrace = PropagateTrace,
        };

    public ServerDetails ToDetails() => new(ToServer(), Credential?.ToStored())
    {
        OwnerName = Owner?.User?.Name,
        LastTest = TestedAt is { } at ? new TestOutcome(at, TestFailure) : null,
    };
}

internal sealed class ServerConfiguration : IEntityTypeConfiguration<ServerRow>
{
    public const string OwnerKey = "fk_servers_members_owner";

    public void Configure(EntityTypeBuilder<ServerRow> builder)
    {
        builder.ToTable("servers").HasKey(s => s.Id);
        builder.HasAlternateKey(s => new { s.OrgId, s.Id });
        // Pages are cut by slug: byte order is the same on every machine, a locale's is not.
        builder.Property(s => s.Slug).UseCollation("C");
        builder.HasIndex(s => new { s.OrgId, s.Slug }).IsUnique();
        builder.Property(s => s.GovernanceMode).HasConversion<short>();
        // For the rows of before, and for a replica of the previous release that writes one without them.
        builder.Property(s => s.FirstByteSeconds).HasDefaultValue(UpstreamLimits.Default.FirstByteSeconds);
        builder.Property(s => s.AnswerMebibytes).HasDefaultValue(UpstreamLimits.Default.AnswerMebibytes);
        builder.Property(s => s.ConcurrentCalls).HasDefaultValue(UpstreamLimits.Default.ConcurrentCalls);
        builder.Property(s => s.Eras).HasConversion<short?>();
        builder.Property(s => s.Tags).HasDefaultValueSql("'{}'");
        builder.Property(s => s.ToolPrefix).HasDefaultValue("");
        builder.Property(s => s.PropagateTrace).HasDefaultValue(false);
        builder.Property(s => s.Headers).HasColumnType("jsonb").HasDefaultValueSql("'[]'");
        // The migration says ON DELETE SET NULL (owner_id), for which EF has no words.
        builder.HasOne(s => s.Owner).WithMany()
            .HasForeignKey(s => new { s.OrgId, s.OwnerId })
            .HasPrincipalKey(m => new { m.OrgId, m.UserId })
            .HasConstraintName(OwnerKey)
            .OnDelete(DeleteBehavior.NoAction);
        builder.HasOne<OrganizationRow>().WithMany().HasForeignKey(s => s.OrgId).OnDelete(DeleteBehavior.Cascade);
    }
}
