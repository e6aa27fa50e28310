namespace Mcpx.Core.Gateways;

/// <summary>The items of one kind that a gateway's members want to show, and which of them it shows; immutable.</summary>
internal sealed class KindCatalog
{
    private const int MostClaimants = 100;

    private readonly Dictionary<string, RouteTarget> _targets = new(StringComparer.Ordinal);
    private readonly CatalogItemKind _kind;

    /// <param name="wanted">In the order to show them.</param>
    /// <param name="compareLooks">True when names that look alike are conflicts between members.</param>
    public KindCatalog(CatalogItemKind kind, IEnumerable<ExposedItem> wanted, bool compareLooks)
    {
        _kind = kind;
        All = [.. wanted];
        // By position in All, so that every order below is the order of the members.
        Dictionary<string, List<int>> byName = new(StringComparer.Ordinal);
        for (int at = 0; at < All.Count; at++) Add(byName, All[at].Name, at);
        Dictionary<string, List<int>> byLook = new(StringComparer.Ordinal);
        Dictionary<string, IReadOnlyList<string>> looks = byName.Keys.ToDictionary(n => n, n => compareLooks ? ConfusableNames.KeysOf(n) : [], StringComparer.Ordinal);
        for (int at = 0; at < All.Count; at++)
        {
            foreach (string look in looks[All[at].Name]) Add(byLook, look, at);
        }

        // Names that look alike are a server's own business as long as nobody else's is among them.
        HashSet<string> contested = [.. byLook.Where(l => AreOfSeveralMembers(l.Value)).Select(l => l.Key)];
        List<ExposedItem> visible = [];
        List<CatalogConflict> conflicts = [];
        foreach (ExposedItem item in All)
        {
            if (_targets.ContainsKey(item.Name)) continue;
            List<int> sameName = byName[item.Name];
            List<string> shared = [.. looks[item.Name].Where(contested.Contains)];
            if (sameName.Count == 1 && shared.Count == 0)
            {
                visible.Add(item);
                _targets[item.Name] = new RouteTarget.Found(item);
                continue;
            }

            CatalogConflict conflict = ConflictOf(item.Name, sameName, shared.SelectMany(look => byLook[look].Take(MostClaimants)));
            conflicts.Add(conflict);
            _targets[item.Name] = new RouteTarget.Conflict(conflict);
        }

        (Visible, Conflicts) = (visible, conflicts);
    }

    /// <summary>Also those that are hidden.</summary>
    public IReadOnlyList<ExposedItem> All { get; }

    public IReadOnlyList<ExposedItem> Visible { get; }

    public IReadOnlyList<CatalogConflict> Conflicts { get; }

    /// <summary>Null for a name that nobody wants.</summary>
    public RouteTarget? Find(string name) => _targets.GetValueOrDefault(name);

    /// <summary>Not all claimants where they are many: two servers can make thousands of names that all look alike.</summary>
    private CatalogConflict ConflictOf(string name, List<int> sameName, IEnumerable<int> alike)
    {
        string reason = AreOfSeveralMembers(sameName) ? ConflictReasons.SameName : sameName.Count > 1 ? ConflictReasons.NameTwice : ConflictReasons.LooksAlike;
        IEnumerable<ExposedItem> claimants = sameName.Take(MostClaimants).Union(alike).Take(MostClaimants).Order().Select(at => All[at]);
        return new CatalogConflict(_kind, name, [.. claimants.Select(c => (c.Member, c.UpstreamName))], reason);
    }

    private bool AreOfSeveralMembers(List<int> items) => items.Exists(at => !ReferenceEquals(All[at].Member, All[items[0]].Member));

    private static void Add(Dictionary<string, List<int>> groups, string key, int at)
    {
        if (!groups.TryGetValue(key, out List<int>? group)) groups[key] = group = [];
        group.Add(at);
    }
}
