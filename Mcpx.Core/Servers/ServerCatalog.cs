using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>One tool, prompt, resource or resource template as its server described it.</summary>
/// <param name="Key">What it is called by: <c>name</c> of tools and prompts, <c>uri</c>, <c>uriTemplate</c>.</param>
/// <param name="Json">The whole description as it came: members that we don't know survive.</param>
public sealed record CatalogItem(string Key, ReadOnlyMemory<byte> Json)
{
    // Of tools only anybody asks for it, and of a server's other lists there may be thousands of items.
    private readonly Lazy<DefinitionHash?> _hash = new(() => DefinitionHash.Of(Json), LazyThreadSafetyMode.PublicationOnly);

    /// <summary>What the description says, in 32 bytes; null for one that readers could take for different ones.</summary>
    public DefinitionHash? Hash => _hash.Value;
}

/// <summary>Everything that a server offers, as of one reading of all its pages; immutable.</summary>
/// <param name="CapabilitiesJson">The server's capabilities as raw JSON, an object.</param>
/// <param name="TimeToLive">How long the server lets its lists be taken for fresh (<c>ttlMs</c>); null when it says nothing.</param>
public sealed record ServerCatalog(
    ServerId Server,
    IReadOnlyList<CatalogItem> Tools,
    IReadOnlyList<CatalogItem> Prompts,
    IReadOnlyList<CatalogItem> Resources,
    IReadOnlyList<CatalogItem> ResourceTemplates,
    ReadOnlyMemory<byte> CapabilitiesJson,
    string? Instructions,
    DateTimeOffset ReadAt,
    TimeSpan? TimeToLive)
{
    /// <summary>Longest list of one kind.</summary>
    public const int MostItems = 2000;

    /// <summary>Longest list of one kind, in bytes of JSON.</summary>
    public const int LargestList = 5 << 20;
}

/// <summary>The last catalogue of each server, so that a replica that starts while a server is down still has its list.</summary>
public interface IServerCatalogStore
{
    /// <summary>Null when none was ever written.</summary>
    Task<ServerCatalog?> FindAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken);

    /// <summary>Replaces the server's catalogue; does nothing when the server is gone.</summary>
    Task SaveAsync(OrganizationId organization, ServerCatalog catalog, CancellationToken cancellationToken);
}
