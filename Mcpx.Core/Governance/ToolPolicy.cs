using System.Collections.Frozen;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance;

public enum GovernanceMode
{
    /// <summary>Every tool may be called.</summary>
    None,

    /// <summary>Only tools that a rule names may be called.</summary>
    Allowlist,

    /// <summary>Tools that a rule names may not be called.</summary>
    Blocklist,
}

/// <summary>Names tools of one server.</summary>
/// <param name="Pattern">A tool's name; <c>*</c> stands for any run of characters. Case matters, as it does to the upstream.</param>
public sealed record ToolRule(ToolRuleId Id, string Pattern);

/// <summary>A server's governance as it is stored.</summary>
public sealed record ServerGovernance(ServerId Server, GovernanceMode Mode, IReadOnlyList<ToolRule> Rules);

/// <summary>A server's governance, compiled for deciding; immutable.</summary>
public sealed class ToolPolicy
{
    private static readonly Decision.Allow Unrestricted = new("mode:none", "The server's tools are not restricted.");
    private static readonly Decision.Deny NotListed = new("allowlist", "No rule of the server's allowlist names this tool.");
    private static readonly Decision.Allow NotBlocked = new("blocklist", "No rule of the server's blocklist names this tool.");

    private readonly GovernanceMode _mode;
    private readonly FrozenDictionary<string, Decision> _exact;
    private readonly (string Pattern, Decision Decision)[] _patterns;

    public ToolPolicy(ServerGovernance governance)
    {
        _mode = governance.Mode;
        Fingerprint = $"{governance.Mode}:{string.Join('\n', governance.Rules.Select(r => r.Pattern))}";
        _exact = governance.Rules.Where(r => !r.Pattern.Contains('*')).DistinctBy(r => r.Pattern)
            .ToFrozenDictionary(r => r.Pattern, Listed, StringComparer.Ordinal);
        _patterns = [.. governance.Rules.Where(r => r.Pattern.Contains('*')).Select(r => (r.Pattern, Listed(r)))];
    }

    public GovernanceMode Mode => _mode;

    /// <summary>Equal for policies that decide alike.</summary>
    public string Fingerprint { get; }

    /// <summary>How many rules it holds.</summary>
    public int Rules => _exact.Count + _patterns.Length;

    /// <summary>True when every tool is allowed, so that a list needs no reading.</summary>
    public bool AllowsEverything => _mode is GovernanceMode.None || _mode is GovernanceMode.Blocklist && _exact.Count == 0 && _patterns.Length == 0;

    public Decision Decide(string tool)
    {
        if (_mode is GovernanceMode.None) return Unrestricted;
        if (_exact.TryGetValue(tool, out Decision? decision)) return decision;
        foreach ((string pattern, Decision listed) in _patterns)
        {
            if (Matches(pattern, tool)) return listed;
        }

        return _mode is GovernanceMode.Allowlist ? NotListed : NotBlocked;
    }

    private Decision Listed(ToolRule rule) => _mode is GovernanceMode.Allowlist
        ? new Decision.Allow($"allowlist:{rule.Pattern}", $"The allowlist names “{rule.Pattern}”.")
        : new Decision.Deny($"blocklist:{rule.Pattern}", $"The blocklist names “{rule.Pattern}”.");

    /// <summary>Only <c>*</c> is special. Greedy with one step back, so no pattern makes it slow.</summary>
    private static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        int p = 0, n = 0, star = -1, mark = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = n;
            }
            else if (p < pattern.Length && pattern[p] == name[n])
            {
                p++;
                n++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                n = ++mark;
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].TrimStart('*').IsEmpty;
    }
}
