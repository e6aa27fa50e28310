using System.Runtime.InteropServices;
using Mcpx.Core.Calls;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Metrics;

/// <summary>What metrics keep of a call: one narrow row, written together with its record. Ids are all zero where there is none.</summary>
/// <param name="Caller">A user or a service account.</param>
/// <param name="Method">Of a set that no caller can make longer; <see cref="CallLabels.Other"/> for all else.</param>
/// <param name="Tool">As its server calls it; empty for other methods than <c>tools/call</c>.</param>
/// <param name="GatewayMicroseconds">Of the total, what was not the server's.</param>
/// <param name="IsTimed">The latency says something of the server: the call was forwarded and answered, or not in time.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct MetricEvent(
    DateTimeOffset Time, OrganizationId Organization, ServerId Server, GatewayId Gateway, Guid Caller, string Method, string Tool, CallOutcome Outcome,
    int RequestBytes, long ResponseBytes, long TotalMicroseconds, long UpstreamMicroseconds, long GatewayMicroseconds, bool IsTimed)
{
    /// <summary>
    /// How long after its call an event may come and still be counted, in minutes, hours and days alike: those are computed anew from
    /// events, which therefore have to be there. A later one is in the audit log only.
    /// </summary>
    public static TimeSpan MostLate { get; } = TimeSpan.FromDays(6);

    /// <summary>How far ahead of ours the clock of a replica may be.</summary>
    public static TimeSpan MostAhead { get; } = TimeSpan.FromDays(1);

    // Their length is for how long somebody listens, and no latency.
    private static readonly HashSet<string> Standing = new(["GET", "subscriptions/listen"], StringComparer.Ordinal);

    public static MetricEvent Of(CallRecord call)
    {
        // Refused and abandoned calls were answered by us or by nobody: their microseconds would make a server look fast.
        bool timed = call.Outcome is CallOutcome.Ok or CallOutcome.ToolError or CallOutcome.UpstreamError or CallOutcome.Timeout
            && !(call.Method is { } name && Standing.Contains(name));
        string method = call.Method is "GET" or "DELETE" ? call.Method : CallLabels.MethodOf(call);
        return new MetricEvent(call.Time, call.Organization, call.Server ?? default, call.Gateway ?? default, call.User?.Value ?? call.ServiceAccount?.Value ?? default,
            method, method is CallLabels.ToolsCall ? call.UpstreamTool ?? call.Tool ?? "" : "", call.Outcome, call.RequestBytes, call.ResponseBytes,
            call.TotalMicroseconds, call.UpstreamMicroseconds, Math.Max(0, call.TotalMicroseconds - call.UpstreamMicroseconds), timed);
    }
}
