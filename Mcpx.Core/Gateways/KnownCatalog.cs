using Mcpx.Core.Servers;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Gateways;

/// <summary>What is known of a server's catalogue; immutable, replaced whole.</summary>
/// <param name="Catalog">The last that was read; null when none ever was.</param>
/// <param name="Failure">Why the last reading failed; null when it did not.</param>
/// <param name="Content">Another object whenever the content of the catalogue is another one.</param>
internal sealed record KnownCatalog(ServerCatalog? Catalog, CatalogException? Failure, object Content);

/// <summary>What all kept servers share.</summary>
/// <param name="Turns">How many lists are refreshed at once.</param>
internal sealed record KeeperParts(CatalogReader Reader, IServerCatalogStore Store, TimeProvider Time, CatalogChanges Changes, SemaphoreSlim Turns, ILogger Logger)
{
    public Func<ServerRoute, ServerCatalog, DateTimeOffset, CancellationToken, Task>? OnRead { get; set; }
}
