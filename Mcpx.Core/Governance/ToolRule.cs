using Mcpx.Core.Audit;
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

/// <summary>Names tools of one server, for some callers and under some conditions.</summary>
/// <param name="Pattern">A tool's name; <c>*</c> stands for any run of characters. Case matters, as it does to the upstream.</param>
public sealed record ToolRule(ToolRuleId Id, string Pattern)
{
    public RuleAudience For { get; init; } = RuleAudience.Everyone;

    /// <summary>All of them must hold.</summary>
    public IReadOnlyList<ArgumentCondition> Conditions { get; init; } = [];

    /// <summary>What it would refuse passes and is recorded. Of an allowlist's rule only the conditions can be tried out so.</summary>
    public bool LogOnly { get; init; }

    /// <summary>False for a rule whose stored conditions this release can't read: it decides against the caller.</summary>
    public bool IsReadable { get; init; } = true;

    /// <summary>Its conditions for people, e.g. <c>$.amount ≤ 1000 and $.currency = "EUR"</c>; empty without any.</summary>
    public string ConditionWords => string.Join(" and ", Conditions.Select(c => c.Words));

    /// <summary>The whole rule in a line, for the audit log.</summary>
    /// <param name="names">What members, service accounts and tokens are called.</param>
    internal string WordsWith(IReadOnlyDictionary<Guid, string> names)
    {
        string conditions = !IsReadable ? " under conditions that this release can't read" : Conditions.Count == 0 ? "" : $" when {ConditionWords}";
        return $"{Pattern}{For.WordsWith(names)}{conditions}{(LogOnly ? ", log only" : "")}";
    }

    /// <summary>Equal for rules that say the same.</summary>
    internal string Key => $"{Pattern}\u0001{For}\u0001{LogOnly}\u0001{IsReadable}\u0001{string.Join('\u0001', Conditions.Select(c => c.Key))}";
}

/// <summary>A server's governance as it is stored.</summary>
public sealed record ServerGovernance(ServerId Server, GovernanceMode Mode, IReadOnlyList<ToolRule> Rules)
{
    /// <summary>False while the whole is tried out: what it would refuse passes and is recorded.</summary>
    public bool Enforce { get; init; } = true;

    /// <summary>Another one after each save; 0 for a draft.</summary>
    public long Version { get; init; }

    /// <param name="server">Its name.</param>
    /// <param name="names">What members, service accounts and tokens are called.</param>
    public AuditView ToAudit(string server, IReadOnlyDictionary<Guid, string> names) =>
        new AuditView(server).With("mode", Mode).With("enforce", Enforce).With("rules", Rules.Select(r => r.WordsWith(names)));
}
