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
        McpMessage message = context.Message!;
        context.Decision = governance.DecideEndpoint(context.Caller!, context.Route!);
        if (context.Decision is Decision.Deny closed)
            return Refuse(context, ProxyErrors.Forbidden(context.Era, closed.Rule.Replace('-', '_'), closed.Reason), closed.Reason);

        switch (message.Method)
        {
            case RequestMethods.ToolsCall:
                if (message.Name is not { } tool)
                    return Refuse(context, ProxyErrors.NoToolName, "The call names no tool.");
                context.Decision = governance.DecideTool(context.Snapshot.Governance, context.Route!, tool);
                if (context.Decision is Decision.Deny denied)
                    return Refuse(context, ProxyErrors.UnknownTool(tool), denied.Reason);
                break;
            case RequestMethods.ToolsList when governance.FindPolicy(context.Snapshot.Governance, context.Route!) is not { AllowsEverything: true }:
                context.Rewrite = answer => ToolListAnswer.Keep(answer, name =>
                    governance.DecideTool(context.Snapshot.Governance, context.Route!, name) is Decision.Allow);
                break;
        }

        return next(context);
    }

    private static ValueTask Refuse(ProxyContext context, McpError error, string reason)
    {
        context.Refuse(CallOutcome.Denied, error, reason);
        return ValueTask.CompletedTask;
    }
}
