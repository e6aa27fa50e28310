using System.Collections.Concurrent;
using System.Collections.Frozen;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Metrics;

/// <summary>
/// Which names of tools may become labels. A label stays in memory here and in whatever stores the figures, and a caller can
/// ask for a new name with every call: so only names that the server itself listed do, and no more than <see cref="Most"/> each.
/// </summary>
public sealed class ToolLabels(IRouteSource routes, IPinSource pins, CatalogKeeper catalogs)
{
    /// <summary>Tools of one server that have a label of their own.</summary>
    public const int Most = 100;

    /// <summary>What all the others are called.</summary>
    public const string Other = "other";

    private readonly ConcurrentDictionary<ServerId, ServerNames> _servers = new();

    /// <summary>The label of a tool, by the server's own name of it.</summary>
    /// <param name="mayTake">False for a call that was refused: it uses a label that is there, and makes none.</param>
    public string Of(ServerRoute route, string tool, bool mayTake)
    {
        if (!_servers.TryGetValue(route.Server.Id, out ServerNames? names))
        {
            if (!mayTake) return Other;
            ForgetGone();
            names = _servers.GetOrAdd(route.Server.Id, static _ => new ServerNames());
        }

        return names.Find(tool) ?? (mayTake && IsListed(names, route, tool) ? names.Take(tool) : null) ?? Other;
    }

    private bool IsListed(ServerNames names, ServerRoute route, string tool) =>
        pins.Pins.Find(route.Organization.Id, route.Server.Id)?.Tools.ContainsKey(tool) is true
        || catalogs.Peek(route) is { } catalog && names.KeysOf(catalog).Contains(tool);

    private void ForgetGone()
    {
        HashSet<ServerId> there = [.. routes.Routes.Organizations.SelectMany(o => o.Servers).Select(s => s.Server.Id)];
        foreach (ServerId server in _servers.Keys.Where(s => !there.Contains(s))) _servers.TryRemove(server, out _);
    }

    private sealed class ServerNames
    {
        private readonly ConcurrentDictionary<string, string> _taken = new(StringComparer.Ordinal);
        private readonly Lock _gate = new();
        private (ServerCatalog Catalog, FrozenSet<string> Keys)? _listed;

        public string? Find(string tool) => _taken.GetValueOrDefault(tool);

        /// <summary>Null when the server has as many labels as it may.</summary>
        public string? Take(string tool)
        {
            lock (_gate) return _taken.Count < Most ? _taken.GetOrAdd(tool, tool) : Find(tool);
        }

        /// <summary>The names in a catalogue, read once for each reading of it.</summary>
        public FrozenSet<string> KeysOf(ServerCatalog catalog)
        {
            lock (_gate)
            {
                if (_listed is { } listed && ReferenceEquals(listed.Catalog, catalog)) return listed.Keys;
                FrozenSet<string> keys = catalog.Tools.Select(t => t.Key).ToFrozenSet(StringComparer.Ordinal);
                _listed = (catalog, keys);
                return keys;
            }
        }
    }
}
