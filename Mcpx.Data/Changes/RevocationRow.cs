using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Changes;

/// <summary>A right that was taken away in the last hour. Ids only, so that every replica may read all of it.</summary>
internal sealed record RevocationRow
{
    /// <summary>As in a notification, see <see cref="ChangeMessage"/>.</summary>
    public required string Kind { get; init; }

    public required Guid TargetId { get; init; }

    /// <summary>By the database's clock, which is one for all replicas.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Null for a kind of a newer release.</summary>
    public Change? ToChange() => ChangeMessage.Kind(Kind) is { } kind ? new Change(kind, TargetId) : null;
}

internal sealed class RevocationConfiguration : IEntityTypeConfiguration<RevocationRow>
{
    public void Configure(EntityTypeBuilder<RevocationRow> builder) =>
        builder.ToTable("revocations").HasKey(r => new { r.At, r.Kind, r.TargetId });
}
