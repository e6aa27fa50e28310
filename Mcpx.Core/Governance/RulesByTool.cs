using System.Collections.Concurrent;
using System.Collections.Frozen;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance;

/// <summary>
/// A policy's rules by the tools that they name. A server has few tools and they are called again and again, so what a
/// name matched is kept: a decision then costs the rules that match, not all that there are.
/// </summary>
internal sealed class RulesByTool
{
    /// <summary>Callers may make names up, and what they make up must not fill the memory. What is not kept is matched anew.</summary>
    public const int MostKept = 512;

    public const int LongestKept = 128;

    private readonly FrozenDictionary<string, CompiledRule[]> _exact;
    private readonly CompiledRule[] _patterns;
    private readonly ConcurrentDictionary<string, CompiledRule[]> _matched = new(StringComparer.Ordinal);
    private int _kept;

    public RulesByTool(CompiledRule[] rules)
    {
        All = rules;
        _exact = rules.Where(r => !r.Rule.Pattern.Contains('*')).GroupBy(r => r.Rule.Pattern, StringComparer.Ordinal)
            .ToFrozenDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);
        _patterns = [.. rules.Where(r => r.Rule.Pattern.Contains('*'))];
    }

    public CompiledRule[] All { get; }

    /// <summary>How many names' matches are kept.</summary>
    public int Kept => Volatile.Read(ref _kept);

    /// <summary>The rules that name the tool: exact names first, then patterns, each in the order of the policy.</summary>
    public CompiledRule[] Of(string tool)
    {
        if (_patterns.Length == 0) return _exact.GetValueOrDefault(tool, []);
        if (_matched.TryGetValue(tool, out CompiledRule[]? known)) return known;
        CompiledRule[] found = [.. _exact.GetValueOrDefault(tool, []), .. _patterns.Where(r => NamePattern.Matches(r.Rule.Pattern, tool))];
        if (tool.Length <= LongestKept && Kept < MostKept && _matched.TryAdd(tool, found)) Interlocked.Increment(ref _kept);
        return found;
    }
}
