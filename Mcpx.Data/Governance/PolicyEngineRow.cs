using Mcpx.Core.Governance.PolicyEngines;
using Mcpx.Core.Primitives;
using Mcpx.Data.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Governance;

internal sealed class PolicyEngineRow
{
    public required OrganizationId OrgId { get; init; }

    public required string Url { get; init; }

    public required bool Enabled { get; init; }

    public required int TimeoutMilliseconds { get; init; }

    public required int CacheSeconds { get; init; }

    public required bool FailOpen { get; init; }

    public required bool IncludeArguments { get; init; }

    public required bool CacheArguments { get; init; }

    /// <summary>A ciphertext; null for an engine that wants no token.</summary>
    public byte[]? Token { get; init; }

    public string? TokenHint { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public static PolicyEngineRow From(PolicyEngine engine) => new()
    {
        OrgId = engine.Organization,
        Url = engine.Url.AbsoluteUri,
        Enabled = engine.Enabled,
        TimeoutMilliseconds = engine.TimeoutMilliseconds,
        CacheSeconds = engine.CacheSeconds,
        FailOpen = engine.FailOpen,
        IncludeArguments = engine.IncludeArguments,
        CacheArguments = engine.CacheArguments,
        Token = engine.Token,
        TokenHint = engine.TokenHint,
        UpdatedAt = engine.UpdatedAt,
    };

    public PolicyEngine ToEngine() =>
        new(OrgId, new Uri(Url), Enabled, TimeoutMilliseconds, CacheSeconds, FailOpen, IncludeArguments, CacheArguments, Token, TokenHint, UpdatedAt);
}

internal sealed class PolicyEngineConfiguration : IEntityTypeConfiguration<PolicyEngineRow>
{
    public void Configure(EntityTypeBuilder<PolicyEngineRow> builder)
    {
        builder.ToTable("policy_engines").HasKey(e => e.OrgId);
        builder.HasOne<OrganizationRow>().WithOne().HasForeignKey<PolicyEngineRow>(e => e.OrgId).OnDelete(DeleteBehavior.Cascade);
    }
}
