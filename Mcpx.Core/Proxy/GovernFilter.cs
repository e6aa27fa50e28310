using Mcpx.Core.Calls;
using Mcpx.Core.Governance;
using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>May this call happen? Decides the request, and what a list may show.</summary>
public sealed class GovernFilter(GovernanceEngine governance, PinGuard pins, PolicyEngineCheck policies) : IProxyFilter
{
    public ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        context.Decision = DecideEndpoint(context);
        if (context.Decision is Decision.Deny closed)
            return Refuse(context, ProxyErrors.Forbidden(closed.Rule.Replace('-', '_'), closed.Reason), closed.Reason);

        // What a virtual gateway answers itself is filtered where it is written.
        if (context.Route is null) return next(context);
        if (context.Verb is ProxyVerb.Stream) FilterLists(context);
        switch (context.Message?.Method)
        {
            case RequestMethods.ToolsCall:
                if (context.Message.Name is not { } tool)
                    return Refuse(context, ProxyErrors.NoToolName, "The call names no tool.");
                context.Decision = DecideCall(context, tool);
                if (context.Decision is Decision.Deny denied)
                    return Refuse(context, ErrorOf(context, tool, denied), denied.Reason);
                if (policies.Find(context) is { } engine) return policies.AskAsync(context, engine, tool, next);
                break;
            case RequestMethods.ToolsList:
                FilterLists(context);
                break;
        }

        return next(context);
    }

    private Decision DecideEndpoint(ProxyContext context)
    {
        if (context.Gateway is not { } gateway) return governance.DecideEndpoint(context.Caller!, context.Route!);
        Decision decision = governance.DecideEndpoint(context.Caller!, gateway);
        return decision is Decision.Allow && context.Route is { } member ? governance.DecideEndpoint(context.Caller!, member) : decision;
    }

    /// <summary>Streams too: a list that was asked for in a POST that broke off is answered in the stream that takes it up.</summary>
    private void FilterLists(ProxyContext context)
    {
        if (context.Gateway is not null) return;
        if (governance.ShowsEverything(context.Snapshot.Governance, context.Route!, context.Caller!) && pins.PassesAll(context)) return;
        context.Rewrite = (call, answer) => ToolListAnswer.Keep(answer, (name, definition) =>
            governance.DecideShown(call.Snapshot.Governance, context.Route!, name, context.Caller!, name) is Decision.Allow && pins.Shows(context, name, definition));
    }

    private Decision DecideCall(ProxyContext context, string tool)
    {
        Decision decision = governance.DecideCall(context.Snapshot.Governance, context.Route!, context.UpstreamName ?? tool, context.Caller!, tool, context.Body);
        // What the rules allow may still be another tool than the one that was allowed.
        return decision is Decision.Allow && pins.Decide(context, context.UpstreamName ?? tool) is { } pinned ? pinned : decision;
    }

    /// <summary>Who does not see the tool is answered as for one that does not exist; what more is said is the organisation's choice.</summary>
    private McpError ErrorOf(ProxyContext context, string tool, Decision.Deny denied)
    {
        string upstreamTool = context.UpstreamName ?? tool;
        bool isShown = governance.DecideShown(context.Snapshot.Governance, context.Route!, upstreamTool, context.Caller!, tool) is Decision.Allow
            && pins.Decide(context, upstreamTool) is null;
        bool explains = context.Snapshot.Governance.Find(context.Caller!.Organization)?.Settings.ExplainRefusals is true;
        return ProxyErrors.DeniedTool(tool, isShown, explains ? denied : null, context.Id);
    }

    private static ValueTask Refuse(ProxyContext context, McpError error, string reason)
    {
        context.Refuse(CallOutcome.Denied, error, reason);
        return ValueTask.CompletedTask;
    }
}
