namespace Mcpx.Core.Calls;

/// <summary>What the rules said of a call.</summary>
public enum CallVerdict
{
    /// <summary>It never came to a decision.</summary>
    None,

    Allowed,

    /// <summary>Allowed, since the rule that stands in the way is only tried out.</summary>
    WouldBeDenied,

    Denied,
}

/// <summary>What watching a call end takes besides its record.</summary>
/// <param name="ProtocolVersion">The protocol's revision as the client names it, a claim; null when it names none.</param>
/// <param name="ErrorCode">The code of the JSON-RPC error that it was answered with; null when it was none.</param>
/// <param name="Cause">What kept it from its server, or what was wrong there, a word of a fixed set; null where a rule did, or nothing.</param>
public readonly record struct CallFacets(string? ProtocolVersion, int? ErrorCode, string? Cause, CallVerdict Verdict);

/// <summary>Words for what keeps a call from its server besides rules, the same as in <c>error.data.reason</c>.</summary>
public static class CallCauses
{
    /// <summary>A limit of calls that the organisation set.</summary>
    public const string CallLimit = "rate_limited";

    /// <summary>The replica has as many calls under way as it may.</summary>
    public const string Busy = "gateway_busy";

    /// <summary>The call's record could not be kept.</summary>
    public const string Unrecorded = "audit_unavailable";

    /// <summary>The caller could not be looked up.</summary>
    public const string IdentityUnavailable = "identity_unavailable";
}
