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

    public required GovernanceMode GovernanceMode { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

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
        CreatedAt = server.CreatedAt,
        UpdatedAt = server.UpdatedAt,
    };

    public UpstreamServer ToServer() =>
        new(Id, OrgId, Slug, Name, Description, new Uri(Url), TimeoutSeconds, Enabled, CreatedAt, UpdatedAt);

    public ServerDetails ToDetails() => new(ToServer(), Credential?.ToStored());
}

internal sealed class ServerConfiguration : IEntityTypeConfiguration<ServerRow>
{
    public void Configure(EntityTypeBuilder<ServerRow> builder)
    {
        builder.ToTable("servers").HasKey(s => s.Id);
        builder.HasAlternateKey(s => new { s.OrgId, s.Id });
        // Pages are cut by slug: byte order is the same on every machine, a locale's is not.
        builder.Property(s => s.Slug).UseCollation("C");
        builder.HasIndex(s => new { s.OrgId, s.Slug }).IsUnique();
        builder.Property(s => s.GovernanceMode).HasConversion<short>();
        builder.HasOne<OrganizationRow>().WithMany().HasForeignKey(s => s.OrgId).OnDelete(DeleteBehavior.Cascade);
    }
}
