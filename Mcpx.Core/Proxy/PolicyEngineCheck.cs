using Mcpx.Core.Calls;
using Mcpx.Core.Governance.PolicyEngines;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>Asks the organisation's policy engine about a call that everything else allows.</summary>
public sealed class PolicyEngineCheck(PolicyGate gate)
{
    /// <summary>Null for an organisation that asks none.</summary>
    public PolicyEngine? Find(ProxyContext context) => context.Snapshot.PolicyEngines.Find(context.Route!.Organization.Id);

    /// <summary>Goes on to the next step, or refuses the call.</summary>
    public async ValueTask AskAsync(ProxyContext context, PolicyEngine engine, string tool, ProxyStep next)
    {
        ReadOnlyMemory<byte> arguments = engine.IncludeArguments ? JsonEdit.Find(context.UpstreamBody, "params", "arguments") ?? default : default;
        PolicyQuestion question = new(context.Route!.Organization, context.Caller!, context.Endpoint.Path, context.Route.Server, tool, context.UpstreamName ?? tool, arguments,
            context.Message?.ClientName ?? NameIn(context.ClientSession));
        if (await gate.DecideAsync(engine, question, context.ClientGone) is not { } denied)
        {
            await next(context);
            return;
        }

        context.Decision = denied;
        string reason = denied.Rule.Replace('-', '_');
        context.Refuse(CallOutcome.Denied, ProxyErrors.Forbidden(reason, denied.Reason), denied.Reason);
    }

    private static string? NameIn(ClientSession? session) => session is null ? null : JsonEdit.FindText(session.ClientInfo, "name");
}
