using Mcpx.Core.Calls;
using Mcpx.Core.Governance;
using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>May this call happen? Decides the request, and what a list may show.</summary>
public sealed class GovernFilter(GovernanceEngine governance) : IProxyFilter
{
    public ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        context.Decision = DecideEndpoint(context);
        if (context.Decision is Decision.Deny closed)
            return Refuse(context, ProxyErrors.Forbidden(context.Era, closed.Rule.Replace('-', '_'), closed.Reason), closed.Reason);

        // What a virtual gateway answers itself is filtered where it is written.
        if (context.Route is null) return next(context);
        if (context.Verb is ProxyVerb.Stream) FilterLists(context);
        switch (context.Message?.Method)
        {
            case RequestMethods.ToolsCall:
                if (context.Message.Name is not { } tool)
                    return Refuse(context, ProxyErrors.NoToolName, "The call names no tool.");
                context.Decision = governance.DecideTool(context.Snapshot.Governance, context.Route!, context.UpstreamName ?? tool);
                if (context.Decision is Decision.Deny denied)
                    return Refuse(context, ProxyErrors.UnknownTool(tool), denied.Reason);
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
        if (governance.FindPolicy(context.Snapshot.Governance, context.Route!) is { AllowsEverything: true }) return;
        context.Rewrite = answer => ToolListAnswer.Keep(answer, name =>
            governance.DecideTool(context.Snapshot.Governance, context.Route!, name) is Decision.Allow);
    }

    private static ValueTask Refuse(ProxyContext context, McpError error, string reason)
    {
        context.Refuse(CallOutcome.Denied, error, reason);
        return ValueTask.CompletedTask;
    }
}
