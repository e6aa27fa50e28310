using Mcpx.Core.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Identity;

internal sealed class PepperStore(ScopedContexts contexts) : IPepperStore
{
    public async Task<IReadOnlyList<StoredPepper>> EnsureAsync(IReadOnlyList<StoredPepper> first, CancellationToken cancellationToken)
    {
        int[] positions = [.. first.Select(p => p.Position)];
        byte[][] peppers = [.. first.Select(p => p.Sealed)];
        await using McpxDbContext context = contexts.Open(DataScope.Everything);
        // Of replicas that start together the first one's stay: the others wait for its commit at the first position.
        await context.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO token_peppers (position, pepper) SELECT p, s FROM unnest({positions}, {peppers}) AS u (p, s)
            WHERE NOT EXISTS (SELECT FROM token_peppers) ORDER BY p ON CONFLICT (position) DO NOTHING
            """, cancellationToken);
        return await context.TokenPeppers.AsNoTracking().OrderBy(p => p.Position).Select(p => new StoredPepper(p.Position, p.Pepper)).ToListAsync(cancellationToken);
    }
}

/// <summary>What tokens are hashed with, sealed.</summary>
internal sealed class TokenPepperRow
{
    /// <summary>From 0, whose pepper new tokens get.</summary>
    public required int Position { get; init; }

    public required byte[] Pepper { get; init; }
}

internal sealed class TokenPepperConfiguration : IEntityTypeConfiguration<TokenPepperRow>
{
    public void Configure(EntityTypeBuilder<TokenPepperRow> builder) => builder.ToTable("token_peppers").HasKey(p => p.Position);
}
