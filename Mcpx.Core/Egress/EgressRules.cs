using System.Collections.Concurrent;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Egress;

/// <summary>
/// Each organisation's <see cref="HostRules"/> in this replica's memory. They come with the snapshot of its configuration,
/// and an organisation of which nothing is known reaches nothing.
/// </summary>
public sealed class EgressRules
{
    private readonly ConcurrentDictionary<OrganizationId, HostRules> _rules = new();

    /// <param name="rules">Null when the organisation is gone.</param>
    public void Set(OrganizationId organization, HostRules? rules)
    {
        if (rules is null) _rules.TryRemove(organization, out _);
        else _rules[organization] = rules;
    }

    /// <summary>Takes the whole installation's in.</summary>
    public void Replace(IReadOnlyDictionary<OrganizationId, HostRules> all)
    {
        foreach ((OrganizationId organization, HostRules rules) in all) _rules[organization] = rules;
        foreach (OrganizationId gone in _rules.Keys.Where(o => !all.ContainsKey(o))) _rules.TryRemove(gone, out _);
    }

    public bool Allows(OrganizationId organization, string host) => _rules.TryGetValue(organization, out HostRules? rules) && rules.Allows(host);
}
