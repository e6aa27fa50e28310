using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mcpx.Core.Servers;

/// <summary>One kind's list while its pages come in.</summary>
/// <param name="member">Where a page holds the items, e.g. <c>resourceTemplates</c>.</param>
/// <param name="keyMember">What an item is called by, e.g. <c>uriTemplate</c>.</param>
internal sealed class CatalogList(string member, string keyMember)
{
    private readonly List<CatalogItem> _items = [];
    private long _bytes;

    public IReadOnlyList<CatalogItem> Items => _items;

    /// <summary>How many had no usable key.</summary>
    public int LeftOut { get; private set; }

    /// <summary>The shortest that a page said; null when none did.</summary>
    public TimeSpan? TimeToLive { get; private set; }

    public string What => member == "resourceTemplates" ? "resource templates" : member;

    /// <summary>Takes a page in and returns the cursor of the next, null for none.</summary>
    /// <exception cref="CatalogException">The page is none, or the list is too long.</exception>
    public string? Add(JsonNode? page)
    {
        try
        {
            if (page is not JsonObject result || result[member] is not JsonArray items) throw CatalogException.NotMcp($"The server's answer has no list of {What}.");
            foreach (JsonNode? node in items) Add(CatalogItems.Read(node, keyMember));
            if (result["ttlMs"] is JsonValue ttl && ttl.TryGetValue(out double milliseconds) && double.IsFinite(milliseconds)) Shorten(milliseconds);
            return result["nextCursor"] is JsonValue next && next.TryGetValue(out string? cursor) && cursor.Length > 0 ? cursor : null;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or JsonException)
        {
            // Members that stand twice, half surrogate pairs: found when the node is first looked into.
            throw CatalogException.NotMcp($"The server's list of {What} is not well-formed.", e);
        }
    }

    private void Add(CatalogItem? item)
    {
        if (item is null)
        {
            LeftOut++;
            return;
        }

        _items.Add(item);
        _bytes += item.Json.Length;
        if (_items.Count > ServerCatalog.MostItems) throw CatalogException.NotMcp($"The server lists more than {ServerCatalog.MostItems:N0} {What}.");
        if (_bytes > ServerCatalog.LargestList) throw CatalogException.NotMcp($"The server's list of {What} is longer than {ServerCatalog.LargestList >> 20} MiB.");
    }

    private void Shorten(double milliseconds)
    {
        TimeSpan said = TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 0, TimeSpan.FromDays(1).TotalMilliseconds));
        if (TimeToLive is null || said < TimeToLive) TimeToLive = said;
    }
}
