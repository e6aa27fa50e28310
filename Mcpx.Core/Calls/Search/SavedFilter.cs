using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Search;

/// <summary>A filter of calls that somebody gave a name, for everybody of the organisation.</summary>
/// <param name="Query">See <see cref="CallQuery.ToText"/>.</param>
/// <param name="MadeBy">The person or service account.</param>
/// <param name="MadeByName">As it was then.</param>
public sealed record SavedFilter(SavedFilterId Id, string Name, string Query, Guid MadeBy, string MadeByName, DateTimeOffset CreatedAt)
{
    public AuditView ToAudit() => new AuditView(Name).With("query", Query);
}

public interface ISavedFilterStore
{
    /// <summary>By name.</summary>
    Task<IReadOnlyList<SavedFilter>> ListAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>Adds it while the organisation has fewer than <paramref name="most"/>; false when it has as many.</summary>
    /// <exception cref="RefusalException.Conflict">The name is taken.</exception>
    Task<bool> AddAsync(OrganizationId organization, SavedFilter filter, int most, AdminChange change, CancellationToken cancellationToken);

    /// <summary>False when the organisation has no such filter.</summary>
    /// <param name="madeBy">Only one that they made; null for anybody's.</param>
    Task<bool> DeleteAsync(OrganizationId organization, SavedFilterId filter, Guid? madeBy, AdminChange change, CancellationToken cancellationToken);
}
