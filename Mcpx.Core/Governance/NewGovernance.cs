namespace Mcpx.Core.Governance;

/// <summary>A server's whole governance as it shall be.</summary>
/// <param name="Tools">Names or patterns with <c>*</c>: rules for everyone, without conditions. Instead of <paramref name="Rules"/>.</param>
/// <param name="Enforce">False tries the rules out: what they would refuse passes and is recorded.</param>
public sealed record NewGovernance(GovernanceMode Mode, IReadOnlyList<string>? Tools, IReadOnlyList<NewToolRule>? Rules = null, bool Enforce = true);

/// <param name="For">Null for everyone.</param>
public sealed record NewToolRule(string? Tool, RuleAudience? For = null, IReadOnlyList<ArgumentCondition>? Conditions = null, bool LogOnly = false);
