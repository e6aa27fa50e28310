namespace Mcpx.Core.Governance;

/// <summary>
/// A server's governance, compiled for deciding; immutable. An allowlist allows what some rule allows; a blocklist denies
/// what some rule denies. Among rules that agree, those without conditions are named first, and exact names before
/// patterns. See docs/governance.md.
/// </summary>
public sealed class ToolPolicy
{
    private static readonly Decision.Allow Unrestricted = new("mode:none", "The server's tools are not restricted.");
    private static readonly Decision.Deny NotListed = new("allowlist", "No rule of the server's allowlist names this tool for this caller.");
    private static readonly Decision.Allow NotBlocked = new("blocklist", "No rule of the server's blocklist blocks this call.");

    private readonly RulesByTool _rules;
    private readonly ArgumentPaths _paths = new();
    private readonly bool _hasConditions;

    public ToolPolicy(ServerGovernance governance)
    {
        Mode = governance.Mode;
        Enforced = governance.Enforce;
        CompiledRule[] rules = [.. governance.Rules.DistinctBy(r => r.Key).Select(r => new CompiledRule(r, governance.Mode, _paths))];
        Fingerprint = $"{governance.Mode}:{governance.Enforce}:{string.Join('\n', governance.Rules.Select(r => r.Key))}";
        _rules = new RulesByTool(rules);
        Version = governance.Version;
        _hasConditions = Array.Exists(rules, r => r.IsConditional);
    }

    public GovernanceMode Mode { get; }

    /// <summary>False while the whole policy is tried out.</summary>
    public bool Enforced { get; }

    /// <summary>Equal for policies that decide alike.</summary>
    public string Fingerprint { get; }

    /// <summary>Of the stored governance that it was compiled from.</summary>
    public long Version { get; }

    /// <summary>How many rules it holds.</summary>
    public int Rules => _rules.All.Length;

    /// <summary>May this call happen?</summary>
    /// <param name="message">The whole <c>tools/call</c> as it was sent; its arguments are read only when a rule for this caller and tool asks for them.</param>
    public Decision Decide(in RuleSubject who, string tool, ReadOnlyMemory<byte> message)
    {
        if (Mode is GovernanceMode.None) return Unrestricted;
        CompiledRule[] rules = _rules.Of(tool);
        return InForce(Mode is GovernanceMode.Allowlist ? Allowed(rules, who, message) : Blocked(rules, who, message));
    }

    /// <summary>May the caller see the tool, because there are calls of it that may happen?</summary>
    public Decision DecideShown(in RuleSubject who, string tool)
    {
        if (Mode is GovernanceMode.None) return Unrestricted;
        CompiledRule[] rules = _rules.Of(tool);
        CompiledRule? conditional = null;
        int at = 0;
        if (Mode is GovernanceMode.Blocklist) return InForce(Unconditional(rules, who) ?? NotBlocked);
        while (Next(ref at, rules, who) is { } rule)
        {
            if (!rule.IsConditional) return rule.Allow;
            conditional ??= rule;
        }

        return conditional?.Allow ?? InForce(NotListed);
    }

    /// <summary>The rules whose conditions decide about calls of this caller and tool; none where a rule without conditions does.</summary>
    public IReadOnlyList<ToolRule> ConditionsOf(in RuleSubject who, string tool)
    {
        if (!_hasConditions) return [];
        List<ToolRule> found = [];
        CompiledRule[] rules = _rules.Of(tool);
        int at = 0;
        while (Next(ref at, rules, who) is { } rule)
        {
            if (rule.IsConditional) found.Add(rule.Rule);
            else if (Mode is GovernanceMode.Allowlist || !rule.Rule.LogOnly) return [];
        }

        return found;
    }

    /// <summary>The rule that keeps the tool from every caller, whoever it is; null when some may see it.</summary>
    public Decision.Deny? HidesFromAll(string tool) => Mode is GovernanceMode.Allowlist && NamesSomebody(tool) ? null : DecideShown(default, tool) as Decision.Deny;

    /// <summary>True when it depends on the caller whether the tool is shown.</summary>
    public bool DependsOnCaller(string tool) => Enforced && Mode switch
    {
        GovernanceMode.Allowlist => NamesSomebody(tool) && DecideShown(default, tool) is Decision.Deny,
        GovernanceMode.Blocklist => NamesSomebody(tool) && DecideShown(default, tool) is Decision.Allow,
        _ => false,
    };

    /// <summary>True when nothing is hidden from this caller, so that a list needs no reading.</summary>
    public bool ShowsEverything(in RuleSubject who)
    {
        if (Mode is GovernanceMode.None || !Enforced) return true;
        if (Mode is GovernanceMode.Allowlist) return false;
        foreach (CompiledRule rule in _rules.All)
        {
            if (Hides(rule, who)) return false;
        }

        return true;
    }

    private static bool Hides(CompiledRule rule, in RuleSubject who) => rule is { IsConditional: false, Rule.LogOnly: false } && rule.Rule.For.Includes(who);

    /// <summary>Does a rule for somebody, whoever it is, decide about the tool without looking at the call?</summary>
    private bool NamesSomebody(string tool)
    {
        bool hides = Mode is GovernanceMode.Blocklist;
        return Array.Exists(_rules.Of(tool), r => !hides || r is { IsConditional: false, Rule.LogOnly: false });
    }

    private Decision InForce(Decision decision) => !Enforced && decision is Decision.Deny denied ? Decision.Allow.InTrial(denied) : decision;

    private Decision Allowed(CompiledRule[] rules, in RuleSubject who, ReadOnlyMemory<byte> message)
    {
        int at = 0;
        while (Next(ref at, rules, who) is { } plain)
        {
            if (!plain.IsConditional) return plain.Allow;
        }

        if (!_hasConditions) return NotListed;
        ArgumentValue[]? values = null;
        Decision.Deny? unmet = null;
        bool isTrial = false;
        at = 0;
        while (Next(ref at, rules, who) is { } rule)
        {
            values ??= _paths.Read(message);
            if (rule.Check(values, out CompiledCondition? failed) is Verdict.Holds) return rule.Allow;
            // Of several the one that is tried out is named: it is why the call passes.
            if (unmet is not null && (isTrial || !rule.Rule.LogOnly)) continue;
            unmet = rule.Unmet(failed, values);
            isTrial = rule.Rule.LogOnly;
        }

        if (unmet is null) return NotListed;
        return isTrial ? Decision.Allow.InTrial(unmet) : unmet;
    }

    private Decision Blocked(CompiledRule[] rules, in RuleSubject who, ReadOnlyMemory<byte> message)
    {
        Decision? trial = Unconditional(rules, who);
        if (trial is Decision.Deny) return trial;
        if (!_hasConditions) return trial ?? NotBlocked;
        ArgumentValue[]? values = null;
        int at = 0;
        while (Next(ref at, rules, who) is { } rule)
        {
            if (!rule.IsConditional) continue;
            values ??= _paths.Read(message);
            Verdict verdict = rule.Check(values, out CompiledCondition? failed);
            if (verdict is Verdict.Fails) continue;
            Decision.Deny denied = verdict is Verdict.Holds ? rule.Deny : rule.Doubtful(failed, values);
            if (!rule.Rule.LogOnly) return denied;
            trial ??= Decision.Allow.InTrial(denied);
        }

        return trial ?? NotBlocked;
    }

    /// <summary>What a blocklist's rules without conditions say: a denial, a trial, or nothing.</summary>
    private Decision? Unconditional(CompiledRule[] rules, in RuleSubject who)
    {
        Decision? trial = null;
        int at = 0;
        while (Next(ref at, rules, who) is { } rule)
        {
            if (rule.IsConditional) continue;
            if (!rule.Rule.LogOnly) return rule.Deny;
            trial ??= rule.Trial;
        }

        return trial;
    }

    /// <summary>The next rule for this caller; null behind the last.</summary>
    private static CompiledRule? Next(ref int at, CompiledRule[] rules, in RuleSubject who)
    {
        while (at < rules.Length)
        {
            CompiledRule rule = rules[at++];
            if (rule.Rule.For.Includes(who)) return rule;
        }

        return null;
    }
}
