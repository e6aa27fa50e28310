using System.Globalization;
using Mcpx.Core.Credentials;
using Mcpx.Core.Governance;
using Mcpx.Core.Health;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>The gateway's own answers, each with the words and numbers that clients may rely on.</summary>
public static class ProxyErrors
{
    public static McpError Unauthenticated { get; } = new(401, McpErrorCodes.Refused, "A valid access token is needed.");

    public static McpError MissingScope { get; } = new(403, McpErrorCodes.Refused, "The token does not have the scope mcp.");

    public static McpError LimitedToken { get; } = new(403, McpErrorCodes.Refused, "The token is limited to other servers and gateways.", Reason("token_endpoint"));

    public static McpError UnknownEndpoint { get; } = new(404, McpErrorCodes.Refused, "There is no such server or gateway in this organisation.", Reason("unknown_endpoint"));

    public static McpError UnknownSession { get; } = new(404, McpErrorCodes.SessionNotFound, "Session not found.");

    public static McpError Overloaded { get; } = new(503, McpErrorCodes.Refused, "The gateway can't record calls at the moment; nothing was forwarded.", Reason("audit_unavailable"));

    /// <summary>Send with <c>Retry-After</c> (<see cref="GlobalLimit.RetryAfter"/>).</summary>
    public static McpError TooManyCalls { get; } = new(503, McpErrorCodes.Refused, "The gateway has as many calls under way as it may; nothing was forwarded.", Reason("gateway_busy"));

    public static McpError IdentityUnavailable { get; } = new(503, McpErrorCodes.Refused, "The access token can't be checked at the moment.", Reason("identity_unavailable"));

    public static McpError ForeignOrigin { get; } = new(403, McpErrorCodes.Refused, "Requests from this origin are not allowed.");

    public static McpError WrongVerb { get; } = new(405, McpErrorCodes.Refused, "This endpoint takes POST, and in the session era GET and DELETE.");

    public static McpError NotReady { get; } = new(503, McpErrorCodes.Refused, "The gateway is starting.", Reason("starting"));

    public static McpError Internal { get; } = new(500, McpErrorCodes.InternalError, "The gateway failed; the operator's log says more.", Reason("internal"));

    public static McpError NoToolName { get; } = new(400, McpErrorCodes.InvalidParams, "The member params.name is missing.");

    /// <summary>
    /// A call that rules refuse. For a tool that the caller does not see the words are those of one that does not exist, so
    /// that without explanations a list can't be probed for what it hides.
    /// </summary>
    /// <param name="why">Null to say nothing but the call's id, by which an administrator finds the reason.</param>
    public static McpError DeniedTool(string tool, bool isShown, Decision.Deny? why, CallId call)
    {
        Dictionary<string, object> data = new(StringComparer.Ordinal) { ["call"] = call.ToString() };
        if (why is not null)
        {
            data["reason"] = "denied_by_rule";
            data["rule"] = why.Rule;
            data["explanation"] = why.Reason;
        }

        string message = isShown ? why is null ? "The call was refused by a rule." : $"The call was refused by a rule. {why.Reason}" : $"Unknown tool: {tool}";
        return new McpError(200, McpErrorCodes.InvalidParams, message, data);
    }

    /// <summary>Send with <c>Retry-After</c>.</summary>
    /// <param name="hit">Null to say nothing of the limit.</param>
    public static McpError LimitReached(LimitHit? hit, CallId call)
    {
        Dictionary<string, object> data = new(StringComparer.Ordinal) { ["call"] = call.ToString(), ["reason"] = "rate_limited" };
        if (hit is null) return OfCall(429, McpErrorCodes.Refused, "Too many calls; try again later.", data);
        data["limit"] = hit.Limit.Words(hit.IsAtOnce);
        return OfCall(429, McpErrorCodes.Refused, $"Too many calls: {hit.Limit.Words(hit.IsAtOnce)}. Try again in {RetryAfter(hit.RetryAfter).Value} s.", data);
    }

    /// <summary>What a virtual gateway can't route, with the members that are missing: the name may be one of theirs.</summary>
    /// <param name="kind">E.g. <c>tool</c>.</param>
    public static McpError UnknownName(string kind, string name, IReadOnlyList<string> missing) => missing.Count == 0
        ? new(200, McpErrorCodes.InvalidParams, $"Unknown {kind}: {name}")
        : new(200, McpErrorCodes.InvalidParams, $"Unknown {kind}: {name}", new Dictionary<string, object>(StringComparer.Ordinal) { ["missingServers"] = missing });

    /// <summary>A virtual gateway that serves only while all its members are there.</summary>
    public static McpError MembersMissing(IReadOnlyList<string> missing) => OfCall(503, McpErrorCodes.InternalError,
        "This gateway serves only while all of its servers are there; some are missing.",
        new Dictionary<string, object>(StringComparer.Ordinal) { ["reason"] = "member_missing", ["missingServers"] = missing });

    public static McpError Forbidden(string reason, string message) => OfCall(403, McpErrorCodes.Refused, message, Reason(reason));

    /// <param name="reason">One of <c>upstream_unreachable</c>, <c>upstream_timeout</c>, <c>upstream_protocol_error</c>, …</param>
    public static McpError Upstream(string reason, string message) =>
        OfCall(reason == UpstreamFailures.Timeout ? 504 : 502, McpErrorCodes.InternalError, message, Reason(reason));

    /// <summary>A request state that was changed, is too old, or was given to another caller or for another call.</summary>
    public static McpError ForeignState { get; } = new(400, McpErrorCodes.InvalidParams, "The requestState is not valid for this request.");

    public static McpError Cancelled { get; } = new(200, McpErrorCodes.Refused, "The client cancelled the request.");

    /// <summary>What a server wanted of the client in the middle of a call could not be had. The call's stream is open, so the status is decided.</summary>
    /// <param name="reason"><c>input_unsupported</c>, <c>input_refused</c> or <c>input_timeout</c>.</param>
    public static McpError Input(string reason, string message) => new(200, McpErrorCodes.InternalError, message, Reason(reason));

    /// <summary>MCP 2026-07-28, "Per-request protocol fields": what the server would need, in <c>data.requiredCapabilities</c>.</summary>
    public static McpError CapabilityMissing(string capability, string message) => new(400, McpErrorCodes.MissingRequiredClientCapability, message,
        new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["reason"] = "server_asks_client",
            ["requiredCapabilities"] = new Dictionary<string, object>(StringComparer.Ordinal) { [capability] = new Dictionary<string, object>() },
        });

    /// <summary>MCP 2026-07-28, "Custom Headers from Tool Parameters".</summary>
    public static McpError HeaderMismatch(string header) => new(400, McpErrorCodes.HeaderMismatch, $"The header {header} does not agree with the tool's argument.");

    /// <summary>MCP 2026-07-28, "Protocol Version Header": an unknown method is 404.</summary>
    public static McpError UnknownMethod(string method) => OfCall(404, McpErrorCodes.MethodNotFound, $"Method not found: {method}", data: null);

    public static McpError SessionNeeded { get; } = new(400, McpErrorCodes.Refused, "This endpoint keeps a session: send initialize first, then the Mcp-Session-Id that it answers.");

    public static McpError UnknownQuestion { get; } = new(400, McpErrorCodes.InvalidRequest, "No question with this id awaits an answer.");

    public static McpError ClientTooWordy { get; } = new(400, McpErrorCodes.InvalidParams, $"The client's capabilities and clientInfo are longer than {ClientSession.LongestDescription} bytes.");

    /// <summary>The server is left alone or has enough to do; send with <c>Retry-After</c>.</summary>
    public static McpError NotAdmitted(Admission.Refused refused) =>
        OfCall(503, McpErrorCodes.Refused, refused.Sentence, Reason(refused.Reason));

    /// <summary>What became of a call, in both eras: the stateless one maps errors to statuses (MCP 2026-07-28, Transports).</summary>
    private static McpError OfCall(int status, int code, string message, IReadOnlyDictionary<string, object>? data) => new(status, code, message, data) { IsReadInSession = true };

    /// <summary>RFC 9110, section 10.2.3, in whole seconds.</summary>
    public static KeyValuePair<string, string> RetryAfter(TimeSpan wait) =>
        new("Retry-After", Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture));

    private static Dictionary<string, object> Reason(string reason) => new(StringComparer.Ordinal) { ["reason"] = reason };
}

/// <summary>The closed set of <c>data.reason</c> for calls that failed behind the gateway.</summary>
public static class UpstreamFailures
{
    public const string Unreachable = "upstream_unreachable";
    public const string Timeout = "upstream_timeout";
    public const string Protocol = "upstream_protocol_error";
    public const string Unauthorized = "upstream_unauthorized";
    public const string Credential = "credential_unreadable";
    public const string Token = "token_unavailable";
    public const string Issuer = "issuer_differs";

    public static string Of(UpstreamTokenException exception) => exception.Failure is TokenFailure.IssuerDiffers ? Issuer : Token;
}
