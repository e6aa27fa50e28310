using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Governance.Pinning;

/// <summary>Compares what readings find with what is pinned, and keeps what deviates. A reading that finds nothing new costs no query.</summary>
public sealed class PinLearner(IPinSource pins, IToolPinStore store, PinEvents events, ChangeFeed changes, TimeProvider time)
{
    /// <summary>A server's tools that are kept, also those that are gone: twice as many as a list may have.</summary>
    public const int MostTools = 2 * ServerCatalog.MostItems;

    /// <summary>Takes in a whole list that the gateway itself has read.</summary>
    /// <param name="began">When the reading began.</param>
    public async Task LearnAsync(ServerRoute route, IReadOnlyList<CatalogItem> tools, DateTimeOffset began, CancellationToken cancellationToken)
    {
        ServerPins? known = pins.Pins.Find(route.Organization.Id, route.Server.Id);
        if (known?.Settings.Mode is PinMode.Allow) return;
        Dictionary<string, SeenDefinition> seen = new(StringComparer.Ordinal);
        foreach (CatalogItem tool in tools)
        {
            if (tool.Hash is not { } hash || !ToolPin.TakesName(tool.Key)) continue;
            // Of a name that stands twice, the definition that is not approved counts.
            bool isApproved = known?.Tools.TryGetValue(tool.Key, out ToolPin pin) is true && pin.Approved == hash;
            if (!isApproved || !seen.ContainsKey(tool.Key)) seen[tool.Key] = new SeenDefinition(tool.Key, hash, tool.Json);
        }

        SeenDefinition[] news = known?.Settings.BaselineAt is null
            ? [.. seen.Values]
            // What only a client was shown stays until somebody decides, whatever the gateway itself is shown.
            : [.. seen.Values.Where(s => !known.Tools.TryGetValue(s.Tool, out ToolPin pin) || pin.Seen != s.Hash && !(pin.SeenByClient && pin.Approved == s.Hash))];
        await NoteAsync(route, PinReading.Own, news, began, cancellationToken);
    }

    /// <summary>Takes in definitions that stood in a client's list.</summary>
    public Task LearnAsync(ServerRoute route, IReadOnlyList<SeenDefinition> seen, CancellationToken cancellationToken)
    {
        ServerPins? known = pins.Pins.Find(route.Organization.Id, route.Server.Id);
        return NoteAsync(route, PinReading.Client, [.. seen.Where(s => ToolPin.TakesName(s.Tool) && known?.IsNews(s.Tool, s.Hash) is true)], Instant.Now(time), cancellationToken);
    }

    private async Task NoteAsync(ServerRoute route, PinReading reading, IReadOnlyList<SeenDefinition> seen, DateTimeOffset began, CancellationToken cancellationToken)
    {
        if (seen.Count == 0) return;
        DateTimeOffset now = Instant.Now(time);
        IReadOnlyList<PinNews> news = await store.NoteAsync(route.Organization.Id, route.Server.Id, reading, seen, began, now, cancellationToken);
        // Also when nothing was new to the database: then somebody else noted it, and this replica has not read that yet.
        await changes.PublishAsync(new Change(ChangeKind.Configuration, route.Organization.Id.Value));
        if (news.Count == 0) return;
        PinMode mode = pins.Pins.Find(route.Organization.Id, route.Server.Id)?.Settings.Mode ?? PinMode.Quarantine;
        events.Publish(new PinEvent(route.Organization.Id, route.Server.Id, mode, news, now));
    }
}
