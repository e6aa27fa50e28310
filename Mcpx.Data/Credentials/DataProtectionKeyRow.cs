using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Credentials;

internal sealed class DataProtectionKeyRow
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    /// <summary>The key element; its secret part was encrypted before it came here.</summary>
    public required string Xml { get; init; }
}

internal sealed class DataProtectionKeyConfiguration : IEntityTypeConfiguration<DataProtectionKeyRow>
{
    public void Configure(EntityTypeBuilder<DataProtectionKeyRow> builder) => builder.ToTable("data_protection_keys").HasKey(k => k.Id);
}
