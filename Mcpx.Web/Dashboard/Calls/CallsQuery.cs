using Mcpx.Core.Calls;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>Which calls the calls page shows; it stands in the page's address.</summary>
/// <param name="Server">The server's slug.</param>
/// <param name="Outcome">One outcome, or <see cref="Failed"/>, <see cref="Refused"/> or <see cref="WouldBeDenied"/>.</param>
/// <param name="Range">A key of <see cref="Controls.TimeRange"/>; null is all time.</param>
/// <param name="Before">The cursor of an older page; null is the newest, which stays live.</param>
/// <param name="Gateway">The virtual gateway's slug.</param>
/// <param name="Account">The service account's id.</param>
public sealed record CallsQuery(string? Server = null, string? Method = null, string? Tool = null, string? Outcome = null, string? Range = null, string? Before = null, string? Gateway = null, string? Account = null)
{
    /// <summary>What the error rate counts.</summary>
    public const string Failed = "failed";

    /// <summary>What never reached a server.</summary>
    public const string Refused = "refused";

    /// <summary>What passed only because a rule is not enforced yet.</summary>
    public const string WouldBeDenied = "wouldBeDenied";

    private static readonly CallOutcome[] FailedOutcomes = [CallOutcome.ToolError, CallOutcome.UpstreamError, CallOutcome.Timeout, CallOutcome.Interrupted];
    private static readonly CallOutcome[] RefusedOutcomes = [CallOutcome.Denied, CallOutcome.RateLimited, CallOutcome.Unauthenticated];

    public bool IsFiltered => this with { Before = null } != new CallsQuery();

    /// <summary>Null for all of them; nonsense in the address is no filter.</summary>
    public IReadOnlyList<CallOutcome>? Outcomes => Outcome switch
    {
        Failed => FailedOutcomes,
        Refused => RefusedOutcomes,
        _ => OutcomeWords.Find(Outcome) is { } one ? [one] : null,
    };
}
