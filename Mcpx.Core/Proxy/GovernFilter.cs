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
        context.Decision = governance.DecideEndpoint(context.Caller!, context.Route!);
        if (context.Decision is Decision.Deny closed)
            return Refuse(context, ProxyErrors.Forbidden(context.Era, closed.Rule.Replace('-', '_'), closed.Reason), closed.Reason);

        if (context.Verb is ProxyVerb.Stream) FilterLists(context);
        switch (context.Message?.Method)
        {
            case RequestMethods.ToolsCall:
                if (context.Message.Name is not { } tool)
                    return Refuse(context, ProxyErrors.NoToolName, "The call names no tool.");
                context.Decision = governance.DecideTool(context.Snapshot.Governance, context.Route!, tool);
                if (context.Decision is Decision.Deny denied)
                    return Refuse(context, ProxyErrors.UnknownTool(tool), denied.Reason);
                break;
            case RequestMethods.ToolsList:
                FilterLists(context);
                break;
        }

        return next(context);
    }

    /// <summary>Streams too: a list that was asked for in a POST that broke off is answered in the stream that takes it up.</summary>
    private void FilterLists(ProxyContext context)
    {
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
