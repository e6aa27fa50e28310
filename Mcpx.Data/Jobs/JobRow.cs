using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Jobs;

/// <summary>A job of the installation. All times are by the database's clock, which is one for all replicas.</summary>
internal sealed class JobRow
{
    public required string Name { get; init; }

    public required DateTimeOffset NextRunAt { get; init; }

    /// <summary>The run that holds the job; null when nobody does.</summary>
    public Guid? RunId { get; init; }

    /// <summary>Which replica that is.</summary>
    public Guid? Replica { get; init; }

    /// <summary>From then on another replica may take it.</summary>
    public DateTimeOffset? LeasedUntil { get; init; }

    /// <summary>Of the last run that began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Of the last run that ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    public bool? Succeeded { get; init; }

    /// <summary>What it did or why it failed.</summary>
    public string? Result { get; init; }
}

internal sealed class JobConfiguration : IEntityTypeConfiguration<JobRow>
{
    public void Configure(EntityTypeBuilder<JobRow> builder) => builder.ToTable("jobs").HasKey(j => j.Name);
}
