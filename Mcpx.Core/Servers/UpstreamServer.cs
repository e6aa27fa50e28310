using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>An MCP server behind the gateway ("server" to people).</summary>
/// <param name="Slug">Its name in URLs, unique in the organisation.</param>
/// <param name="Url">Its endpoint, absolute http or https; of Streamable HTTP or of the older HTTP+SSE.</param>
/// <param name="TimeoutSeconds">The longest a whole call may take, 1–600.</param>
/// <param name="Enabled">False refuses every call: the switch for an emergency.</param>
public sealed record UpstreamServer(
    ServerId Id,
    OrganizationId Organization,
    string Slug,
    string Name,
    string Description,
    Uri Url,
    int TimeoutSeconds,
    bool Enabled,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    public const int DefaultTimeoutSeconds = 60;
    public const int LongestTimeoutSeconds = 600;

    public UpstreamLimits Limits { get; init; } = UpstreamLimits.Default;

    /// <summary>What the last probe found; null until one succeeded.</summary>
    public UpstreamProtocol? Protocol { get; init; }
}

/// <summary>A server and what may be told about its credential.</summary>
public sealed record ServerDetails(UpstreamServer Server, StoredCredential? Credential);

/// <summary>Just enough of a server to name it where something else refers to it.</summary>
public sealed record ServerSummary(ServerId Id, string Slug, string Name, bool Enabled);

/// <summary>A new server as forms and REST bring it, before it is checked.</summary>
public sealed record NewServer(
    string? Name,
    string? Slug,
    string? Url,
    string? Description = null,
    int? TimeoutSeconds = null,
    CredentialInput? Credential = null,
    bool? Enabled = null,
    LimitsInput? Limits = null);

/// <summary>A change of a server; null leaves a member as it is.</summary>
public sealed record ServerChange(
    string? Name = null,
    string? Slug = null,
    string? Url = null,
    string? Description = null,
    int? TimeoutSeconds = null,
    bool? Enabled = null,
    CredentialInput? Credential = null,
    LimitsInput? Limits = null);

public interface IServerStore
{
    /// <exception cref="RefusalException.Conflict">The slug is taken in the organisation.</exception>
    Task AddAsync(UpstreamServer server, StoredCredential? credential, CancellationToken cancellationToken);

    /// <summary>Writes the server, and its credential when <paramref name="replaceCredential"/> (null removes it). False when it is gone.
    /// What is known of its protocol stays, unless its address or its credential changes: then it is unknown again.</summary>
    /// <param name="credential">The new one; else the one that the caller saw, which must still be the stored one.</param>
    /// <exception cref="RefusalException.Conflict">
    /// The slug is taken in the organisation, or the credential is not the one that the caller saw: it must not follow the
    /// server to an address that it was not entered for.
    /// </exception>
    Task<bool> UpdateAsync(UpstreamServer server, bool replaceCredential, StoredCredential? credential, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps what a probe of <paramref name="url"/> found, if that is still the server's address and no later probe is
    /// known. True when it is something else than was known, so that memories have to read it.
    /// </summary>
    Task<bool> RememberProtocolAsync(OrganizationId organization, ServerId server, Uri url, UpstreamProtocol protocol, CancellationToken cancellationToken);

    /// <summary>Removes the server with its credential and rules; its calls stay. False when the organisation has no such server.</summary>
    Task<bool> DeleteAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken);

    Task<ServerDetails?> FindAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken);

    Task<ServerDetails?> FindBySlugAsync(OrganizationId organization, string slug, CancellationToken cancellationToken);

    /// <summary>By slug; <paramref name="after"/> is the last slug of the page before.</summary>
    Task<Page<ServerDetails>> ListAsync(OrganizationId organization, string? after, int size, CancellationToken cancellationToken);

    /// <summary>All of the organisation's servers, by slug.</summary>
    Task<IReadOnlyList<ServerSummary>> SummarizeAsync(OrganizationId organization, CancellationToken cancellationToken);
}
