using Mcpx.Core.Calls;
using Mcpx.Core.Governance;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>How many calls of tools may be made. After the decision: a call that may not happen uses nobody's share.</summary>
public sealed class LimitFilter(CallMeter meter) : IProxyFilter
{
    public ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        if (context is not { Route: { } route, Message: { Method: RequestMethods.ToolsCall, Name: { } tool } }) return next(context);
        if (context.Snapshot.Governance.Find(context.Caller!.Organization) is not { Limits.Count: > 0 } policies) return next(context);
        if (meter.TryEnter(policies.Limits, route.Server.Id, context.UpstreamName ?? tool, context.Caller!, out IDisposable? place) is { } hit)
        {
            context.Cause = CallCauses.CallLimit;
            context.Decision = new Decision.Deny(hit.Limit.Name, $"As many calls as allowed: {hit.Limit.Words(hit.IsAtOnce)}.");
            context.Refuse(CallOutcome.RateLimited, ProxyErrors.LimitReached(policies.Settings.ExplainRefusals ? hit : null, context.Id),
                context.Decision.Reason, ProxyErrors.RetryAfter(hit.RetryAfter));
            return ValueTask.CompletedTask;
        }

        return place is null ? next(context) : CountedAsync(context, next, place);
    }

    /// <summary>However the call ends, in an answer, a failure, a timeout or the client's going: the place is given back.</summary>
    private static async ValueTask CountedAsync(ProxyContext context, ProxyStep next, IDisposable place)
    {
        using (place)
            await next(context);
    }
}
