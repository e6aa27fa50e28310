namespace Mcpx.Core.Governance;

/// <summary>A rule made ready for deciding, with the decisions that don't depend on a call.</summary>
internal sealed class CompiledRule
{
    private readonly CompiledCondition[] _conditions;
    private readonly bool _isBroken;

    public CompiledRule(ToolRule rule, GovernanceMode mode, ArgumentPaths paths)
    {
        Rule = rule;
        List<CompiledCondition> conditions = [];
        _isBroken = !rule.IsReadable;
        foreach (ArgumentCondition condition in rule.Conditions)
        {
            if (CompiledCondition.TryCompile(condition, paths, out CompiledCondition? compiled, out _)) conditions.Add(compiled);
            else _isBroken = true;
        }

        _conditions = [.. conditions];
        bool isAllowlist = mode is GovernanceMode.Allowlist;
        Name = $"{(isAllowlist ? "allowlist" : "blocklist")}:{rule.Pattern}{rule.For.Suffix}";
        string when = rule.Conditions.Count == 0 ? "" : $" when {rule.ConditionWords}";
        string names = $"The {(isAllowlist ? "allowlist" : "blocklist")} names “{rule.Pattern}”{rule.For.Words}{when}.";
        Allow = new Decision.Allow(Name, names);
        Deny = new Decision.Deny(Name, names);
        Trial = Decision.Allow.InTrial(Deny);
    }

    public ToolRule Rule { get; }

    public string Name { get; }

    public Decision.Allow Allow { get; }

    public Decision.Deny Deny { get; }

    /// <summary>What a blocklist's rule says while it is only tried out.</summary>
    public Decision.Allow Trial { get; }

    /// <summary>A rule that can't be read depends on the call like one with conditions, so that lists show its tools.</summary>
    public bool IsConditional => _conditions.Length > 0 || _isBroken;

    /// <param name="failed">The first condition that does not hold.</param>
    public Verdict Check(ArgumentValue[] values, out CompiledCondition? failed)
    {
        failed = null;
        if (_isBroken) return Verdict.Unclear;
        Verdict verdict = Verdict.Holds;
        foreach (CompiledCondition condition in _conditions)
        {
            switch (condition.Check(values))
            {
                case Verdict.Fails:
                    failed = condition;
                    return Verdict.Fails;
                case Verdict.Unclear:
                    failed ??= condition;
                    verdict = Verdict.Unclear;
                    break;
            }
        }

        return verdict;
    }

    /// <summary>Why an allowlist's rule does not allow this call.</summary>
    public Decision.Deny Unmet(CompiledCondition? failed, ArgumentValue[] values) => failed is null
        ? new Decision.Deny(Name, $"The conditions of the rule “{Rule.Pattern}” can't be read; an administrator has to save the rules again.")
        : new Decision.Deny(Name, $"“{Rule.Pattern}” is allowed{Rule.For.Words} only when {failed.Source.Words}; {failed.WhatIsThere(values)}.");

    /// <summary>Why a blocklist's rule blocks a call of which it can't be said.</summary>
    public Decision.Deny Doubtful(CompiledCondition? failed, ArgumentValue[] values) => failed is null
        ? new Decision.Deny(Name, $"The conditions of the rule “{Rule.Pattern}” can't be read; an administrator has to save the rules again.")
        : new Decision.Deny(Name, $"“{Rule.Pattern}” is blocked{Rule.For.Words} when {failed.Source.Words}; {failed.WhatIsThere(values)}.");
}
