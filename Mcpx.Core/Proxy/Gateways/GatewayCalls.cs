using Mcpx.Core.Calls;
using Mcpx.Core.Protocol;
using Mcpx.Core.Proxy.Bridge;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>Answers what is the same for clients of both eras: lists from the catalogue, calls to the member that was found.</summary>
public sealed class GatewayCalls(GatewayLists lists, RawLeg raw, StatelessToSession statelessToSession, SessionToStateless sessionToStateless, SessionToSession sessionToSession, CallHandles handles)
{
    /// <param name="client">Null for a client of the stateless era.</param>
    public async Task RequestAsync(ProxyContext context, SessionClient? client, ClientAnswer answer)
    {
        string method = context.Message!.Method!;
        if (GatewayLists.MemberOf(method) is not null)
        {
            await ListAsync(context, answer);
            return;
        }

        if (context.Hop is not { } hop)
        {
            McpError unknown = ProxyErrors.UnknownMethod(method);
            context.Refuse(CallOutcome.ToolError, unknown, unknown.Message);
            return;
        }

        BridgedCall call = new(context, hop, context.UpstreamBody, method, context.UpstreamName, handles.Seal);
        Task forwarding = (client, hop.Protocol) switch
        {
            (null, { SpeaksStateless: true }) => raw.CallAsync(context).AsTask(),
            (null, _) => statelessToSession.CallAsync(call, answer),
            (_, { SpeaksSession: true }) => sessionToSession.CallAsync(call, client, context.Gateway!.Gateway.Id.ToString(), answer),
            _ => sessionToStateless.CallAsync(call, client, answer),
        };
        await forwarding;
    }

    private async Task ListAsync(ProxyContext context, ClientAnswer answer)
    {
        using RentedWriter? list = lists.Write(context);
        if (list is not null)
        {
            context.Progress.Response.Most = PayloadCapture.ListLimit;
            await answer.FinishAsync(list.Written, AnswerKind.Result, 200);
            return;
        }

        McpError error = new(200, McpErrorCodes.InvalidParams, "The cursor is not one of this list.");
        context.Refuse(CallOutcome.ToolError, error, error.Message);
    }
}
