using System.Collections.Frozen;
using System.Globalization;
using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;

namespace Mcpx.Core.Metrics;

/// <summary>
/// A call in words that metrics and span names may use: each from a set that no caller can make longer. The words are those of
/// OpenTelemetry's conventions for MCP where these have some.
/// </summary>
public sealed class CallLabels(IRouteSource routes, ToolLabels tools)
{
    /// <summary>What the conventions call everything that is not in a set.</summary>
    public const string Other = "_OTHER";

    /// <summary>The method of a call of a tool.</summary>
    public const string ToolsCall = "tools/call";

    private static readonly FrozenSet<string> Methods = FrozenSet.ToFrozenSet(
    [
        ToolsCall, "tools/list", "initialize", "ping", "server/discover", "prompts/get", "prompts/list", "resources/list", "resources/read", "resources/subscribe",
        "resources/templates/list", "resources/unsubscribe", "subscriptions/listen", "completion/complete", "logging/setLevel", "notifications/cancelled",
        "notifications/initialized", "notifications/message", "notifications/progress", "notifications/roots/list_changed", "tasks/get", "tasks/list",
        "tasks/cancel", "tasks/result", "tasks/update",
    ], StringComparer.Ordinal);

    private static readonly FrozenSet<string> Versions = FrozenSet.ToFrozenSet(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"], StringComparer.Ordinal);

    private static readonly FrozenSet<string> RuleKinds = FrozenSet.ToFrozenSet(
    [
        "allowlist", "blocklist", "endpoint", "gateway-disabled", "limit", "log-only", "no-policy", "pin", "policy-engine", "policy-engine-unavailable", "role",
        "server-disabled", "token-endpoint", "token-tool",
    ], StringComparer.Ordinal);

    // JSON-RPC 2.0, section 5.1, and MCP's own; a server may answer any number.
    private static readonly FrozenDictionary<int, string> ErrorCodes = new[]
    {
        -32700, -32600, -32601, -32602, -32603, -32000, -32001, -32002, -32003, -32004, -32020, -32021, -32022, -32042,
    }.ToFrozenDictionary(code => code, code => code.ToString(CultureInfo.InvariantCulture));

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> RuleKindsBySpan = RuleKinds.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The slug; null when the call named no organisation that exists.</summary>
    public string? OrganizationOf(CallRecord call) => routes.Routes.Find(call.Organization)?.Organization.Slug;

    /// <summary>The slug; null for a server that does not exist, whose name is the caller's invention.</summary>
    public static string? ServerOf(CallRecord call) => call.Server is null ? null : call.ServerSlug;

    /// <inheritdoc cref="ServerOf"/>
    public static string? GatewayOf(CallRecord call) => call.Gateway is null ? null : call.GatewaySlug;

    public static string MethodOf(CallRecord call) => MethodNamed(call.Method);

    public static string MethodNamed(string? method) => method is not null && Methods.TryGetValue(method, out string? known) ? known : Other;

    /// <summary>The revision of the protocol; null when the client named none.</summary>
    public static string? VersionOf(CallRecord call) =>
        call.Facets.ProtocolVersion is not { } version ? null : Versions.TryGetValue(version, out string? known) ? known : Other;

    /// <summary>A call of a tool: the tool's label, in the server's own words. Null for other methods, and where no server was found.</summary>
    public string? ToolOf(CallRecord call)
    {
        if (call is not { Method: ToolsCall, Tool: { } shown, Server: { } server }) return null;
        return routes.Routes.Find(call.Organization)?.FindServer(server) is { } route
            ? tools.Of(route, call.UpstreamTool ?? shown, mayTake: call.Outcome is CallOutcome.Ok or CallOutcome.ToolError)
            : ToolLabels.Other;
    }

    /// <summary>The code of a JSON-RPC error; null when there was none.</summary>
    public static string? CodeOf(CallRecord call) => call.Facets.ErrorCode is { } code ? ErrorCodes.GetValueOrDefault(code, Other) : null;

    /// <summary>Why the call failed; null when it did not. An error of the server's is its code, as the conventions want it.</summary>
    public static string? ErrorOf(CallRecord call) => call.Outcome switch
    {
        CallOutcome.Ok => null,
        CallOutcome.ToolError => CodeOf(call) ?? "tool_error",
        CallOutcome.Timeout => "timeout",
        CallOutcome.UpstreamError => call.Facets.Cause ?? "upstream_error",
        _ => WordOf(call.Outcome),
    };

    /// <summary>What kind of rule decided, without what it names; null when none did.</summary>
    public static string? RuleKindOf(CallRecord call)
    {
        if (call.Rule is not { } rule) return null;
        int colon = rule.IndexOf(':', StringComparison.Ordinal);
        return RuleKindsBySpan.TryGetValue(colon < 0 ? rule : rule.AsSpan(0, colon), out string? kind) ? kind : ToolLabels.Other;
    }

    public static string WordOf(CallOutcome outcome) => outcome switch
    {
        CallOutcome.Ok => "ok",
        CallOutcome.ToolError => "tool_error",
        CallOutcome.UpstreamError => "upstream_error",
        CallOutcome.Timeout => "timeout",
        CallOutcome.Denied => "denied",
        CallOutcome.RateLimited => "rate_limited",
        CallOutcome.Unauthenticated => "unauthenticated",
        CallOutcome.ClientAborted => "client_aborted",
        _ => "interrupted",
    };
}
