namespace Mcpx.Core.Governance;

/// <summary>May this call happen, and which rule says so.</summary>
public abstract record Decision
{
    private Decision(string rule, string reason)
    {
        Rule = rule;
        Reason = reason;
    }

    /// <summary>The rule's name as the audit keeps it, e.g. <c>allowlist:get_*</c>.</summary>
    public string Rule { get; }

    /// <summary>A sentence for people.</summary>
    public string Reason { get; }

    public sealed record Allow(string Rule, string Reason) : Decision(Rule, Reason);

    public sealed record Deny(string Rule, string Reason) : Decision(Rule, Reason);
}
