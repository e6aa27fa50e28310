using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Gallery;

/// <summary>A generated row of the gallery's table.</summary>
public sealed record GalleryTool(string Server, string Name, string Status, Tone Tone, long Calls, double P95, DateTimeOffset LastCall)
{
    private static readonly string[] Servers = ["finance", "github", "hr", "crm", "postgres", "sentry"];
    private static readonly string[] Names = ["balance", "search_issues", "lookup", "list_contacts_with_open_deals", "run_query", "get_user"];

    internal static IReadOnlyList<GalleryTool> Generate(DateTimeOffset now) =>
    [
        .. Enumerable.Range(0, 43).Select(i => new GalleryTool(
            Servers[i * 5 % Servers.Length],
            $"{Names[i % Names.Length]}_{i}",
            (i % 11) switch { 4 => "degraded", 7 => "down", _ => "healthy" },
            (i % 11) switch { 4 => Tone.Warning, 7 => Tone.Bad, _ => Tone.Good },
            4995 - (i * 97),
            20 + (i * 37.3 % 380),
            now - TimeSpan.FromSeconds(3 + (i * i * 11)))),
    ];

    internal static IEnumerable<GalleryTool> Sorted(IEnumerable<GalleryTool> tools, TableQuery query)
    {
        Func<GalleryTool, object> key = query.Sort switch
        {
            "server" => tool => tool.Server,
            "tool" => tool => tool.Name,
            "p95" => tool => tool.P95,
            _ => tool => tool.Calls,
        };
        return query.Descending || query.Sort is null ? tools.OrderByDescending(key) : tools.OrderBy(key);
    }
}
