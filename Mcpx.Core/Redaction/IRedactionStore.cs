using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Redaction;

public interface IRedactionStore
{
    /// <summary>Null while nobody saved any: the built-in ones hold.</summary>
    Task<OrganizationRules?> FindRulesAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>Of every server that has some, by its slug.</summary>
    Task<IReadOnlyList<ServerRedaction>> ListServersAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>Null when the organisation has no such server.</summary>
    Task<ServerRedaction?> FindServerAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken);

    /// <summary>Writes them whole; false when the organisation is gone.</summary>
    Task<bool> SaveRulesAsync(OrganizationId organization, OrganizationRules rules, AdminChange change, CancellationToken cancellationToken);

    /// <summary>Back to the built-in ones; false when they held already.</summary>
    Task<bool> DeleteRulesAsync(OrganizationId organization, AdminChange change, CancellationToken cancellationToken);

    /// <summary>Writes a server's settings whole; false when the organisation has no such server.</summary>
    Task<bool> SaveServerAsync(OrganizationId organization, ServerRedaction settings, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken);

    /// <summary>Keeps this key if the organisation has none, and returns the one that it has; null when the organisation is gone.</summary>
    Task<byte[]?> KeepKeyAsync(OrganizationId organization, byte[] sealedKey, CancellationToken cancellationToken);
}
