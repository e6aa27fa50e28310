using System.Text.Json;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Gateways;

public enum CatalogItemKind
{
    Tool,
    Prompt,
    Resource,
    ResourceTemplate,
}

/// <summary>One item as a gateway's clients see it.</summary>
/// <param name="Name">What clients call it by; the URI of a resource, the URI template of a template.</param>
/// <param name="UpstreamName">What its server calls it by.</param>
/// <param name="Json">The server's own description with name and description replaced; every other byte is the server's.</param>
public sealed record ExposedItem(string Name, MemberRoute Member, string UpstreamName, ReadOnlyMemory<byte> Json)
{
    /// <summary>Of the server's own description, before anything in it was replaced; null for one that can't be hashed.</summary>
    public DefinitionHash? Hash { get; init; }
}

/// <summary>A name that leads nowhere, because it would lead to several places or be taken for another.</summary>
/// <param name="Name">The name as the gateway would have shown it.</param>
/// <param name="Claimants">Those that want this name or one that looks like it, in the order of the members, at most 100.</param>
/// <param name="Reason">One of <see cref="ConflictReasons"/>.</param>
public sealed record CatalogConflict(CatalogItemKind Kind, string Name, IReadOnlyList<(MemberRoute Member, string UpstreamName)> Claimants, string Reason);

/// <summary>Codes, for programs; people get a sentence from whoever shows them.</summary>
public static class ConflictReasons
{
    /// <summary>Two members offer this name, or a URI template of each matches this URI.</summary>
    public const string SameName = "same_name";

    /// <summary>One member's server lists the name twice, or two of its tools are renamed to it.</summary>
    public const string NameTwice = "name_twice";

    /// <summary>Another member offers a name that looks like it, see <see cref="ConfusableNames"/>.</summary>
    public const string LooksAlike = "looks_alike";
}

/// <summary>Where a name leads.</summary>
public abstract record RouteTarget
{
    private RouteTarget()
    {
    }

    public sealed record Found(ExposedItem Item) : RouteTarget;

    public sealed record Conflict(CatalogConflict What) : RouteTarget;

    public sealed record Unknown : RouteTarget;
}

/// <summary>
/// What a virtual gateway offers, compiled from its members' catalogues; immutable. Routing is a function: a name leads to
/// one item or to none, never to the last that wanted it.
/// </summary>
public sealed class GatewayCatalog
{
    private static readonly RouteTarget Unknown = new RouteTarget.Unknown();

    private readonly KindCatalog _tools;
    private readonly KindCatalog _prompts;
    private readonly KindCatalog _resources;
    private readonly KindCatalog _templates;
    private readonly (ExposedItem Item, TemplateMatcher Matcher)[] _matchers;
    private readonly MemberRoute? _onlyMemberWithResources;

    private GatewayCatalog(KindCatalog tools, KindCatalog prompts, KindCatalog resources, KindCatalog templates, MemberRoute? onlyMemberWithResources)
    {
        (_tools, _prompts, _resources, _templates) = (tools, prompts, resources, templates);
        _matchers = [.. templates.All.Select(t => (t, new TemplateMatcher(t.Name)))];
        _onlyMemberWithResources = onlyMemberWithResources;
        Conflicts = [.. tools.Conflicts, .. prompts.Conflicts, .. resources.Conflicts, .. templates.Conflicts];
    }

    /// <summary>In the order of the members, then of their servers; so are the other three.</summary>
    public IReadOnlyList<ExposedItem> Tools => _tools.Visible;

    public IReadOnlyList<ExposedItem> Prompts => _prompts.Visible;

    public IReadOnlyList<ExposedItem> Resources => _resources.Visible;

    public IReadOnlyList<ExposedItem> ResourceTemplates => _templates.Visible;

    public IReadOnlyList<CatalogConflict> Conflicts { get; }

    /// <param name="catalogs">A member whose server is not in it offers nothing for now.</param>
    public static GatewayCatalog Compile(GatewayRoute gateway, IReadOnlyDictionary<ServerId, ServerCatalog> catalogs)
    {
        List<(MemberRoute Member, ServerCatalog Catalog)> members = [];
        foreach (MemberRoute member in gateway.Members)
        {
            if (catalogs.TryGetValue(member.Member.Server, out ServerCatalog? catalog)) members.Add((member, catalog));
        }

        MemberRoute[] withResources = [.. members.Where(m => OffersResources(m.Catalog)).Select(m => m.Member)];
        return new GatewayCatalog(
            new KindCatalog(CatalogItemKind.Tool, members.SelectMany(m => ToolsOf(m.Member, m.Catalog.Tools)), compareLooks: true),
            new KindCatalog(CatalogItemKind.Prompt, members.SelectMany(m => m.Catalog.Prompts.Select(p => Expose(m.Member, p, m.Member.Prefix + p.Key, null))), compareLooks: true),
            // A URI is an address that clients copy, not a name that they choose by its looks.
            new KindCatalog(CatalogItemKind.Resource, members.SelectMany(m => m.Catalog.Resources.Select(r => AsItIs(m.Member, r))), compareLooks: false),
            new KindCatalog(CatalogItemKind.ResourceTemplate, members.SelectMany(m => m.Catalog.ResourceTemplates.Select(r => AsItIs(m.Member, r))), compareLooks: false),
            withResources.Length == 1 ? withResources[0] : null);
    }

    /// <summary>The exact name only: other case or a blank is another tool, which may be another member's.</summary>
    public RouteTarget FindTool(string exposedName) => _tools.Find(exposedName) ?? Unknown;

    public RouteTarget FindPrompt(string exposedName) => _prompts.Find(exposedName) ?? Unknown;

    public RouteTarget FindResourceTemplate(string uriTemplate) => _templates.Find(uriTemplate) ?? Unknown;

    /// <summary>
    /// Who has the resource: the member that lists it, else the one with a template that matches, else the only one that
    /// has resources at all, since a server need not list what it links to in an answer. Of what is not listed, the item's
    /// <see cref="ExposedItem.Json"/> is the template's, or empty.
    /// </summary>
    public RouteTarget FindResource(string uri)
    {
        if (_resources.Find(uri) is { } listed) return listed;
        ExposedItem[] matching = [.. _matchers.Where(m => m.Matcher.Matches(uri)).Select(m => m.Item)];
        if (matching.Length > 0)
        {
            return matching.All(m => ReferenceEquals(m.Member, matching[0].Member))
                ? new RouteTarget.Found(matching[0] with { Name = uri, UpstreamName = uri })
                : new RouteTarget.Conflict(new CatalogConflict(CatalogItemKind.Resource, uri, [.. matching.Select(m => (m.Member, m.UpstreamName))], ConflictReasons.SameName));
        }

        return _onlyMemberWithResources is null ? Unknown : new RouteTarget.Found(new ExposedItem(uri, _onlyMemberWithResources, uri, default));
    }

    private static IEnumerable<ExposedItem> ToolsOf(MemberRoute route, IReadOnlyList<CatalogItem> tools)
    {
        GatewayMember member = route.Member;
        HashSet<string>? selected = member.Tools?.ToHashSet(StringComparer.Ordinal);
        Dictionary<string, ToolOverride> overrides = new(StringComparer.Ordinal);
        foreach (ToolOverride change in member.Overrides) overrides.TryAdd(change.Tool, change);
        foreach (CatalogItem tool in tools)
        {
            if (selected?.Contains(tool.Key) is false) continue;
            ToolOverride? change = overrides.GetValueOrDefault(tool.Key);
            yield return Expose(route, tool, route.Prefix + (change?.Name ?? tool.Key), change?.Description);
        }
    }

    private static ExposedItem Expose(MemberRoute member, CatalogItem item, string name, string? description) =>
        new(name, member, item.Key, ItemSplice.With(item.Json, name == item.Key ? null : name, description)) { Hash = item.Hash };

    private static ExposedItem AsItIs(MemberRoute member, CatalogItem item) => new(item.Key, member, item.Key, item.Json);

    private static bool OffersResources(ServerCatalog catalog)
    {
        if (catalog.Resources.Count > 0 || catalog.ResourceTemplates.Count > 0) return true;
        using JsonDocument capabilities = JsonDocument.Parse(catalog.CapabilitiesJson);
        return capabilities.RootElement.ValueKind is JsonValueKind.Object && capabilities.RootElement.TryGetProperty("resources"u8, out _);
    }
}
