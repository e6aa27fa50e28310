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

    public sealed record Allow(string Rule, string Reason) : Decision(Rule, Reason)
    {
        /// <summary>What the rules would have said if they were enforced; null when nothing stood in the way.</summary>
        public Deny? WouldDeny { get; init; }

        /// <summary>Lets pass what a rule that is only tried out would have refused.</summary>
        public static Allow InTrial(Deny would) => new("log-only", $"Not enforced yet: {would.Reason}") { WouldDeny = would };
    }

    public sealed record Deny(string Rule, string Reason) : Decision(Rule, Reason);
}
