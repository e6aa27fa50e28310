using System.Runtime.CompilerServices;
using Mcpx.Core.Calls;
using Mcpx.Core.Proxy.Bridge;
using Mcpx.Core.Servers;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Client and server speak the same era: the body's bytes go through, and the answer's bytes come back as they come. Only
/// session ids, sealed handles, and names that a virtual gateway changed are rewritten.
/// </summary>
public sealed class RawLeg(IUpstreamTransport transport, AnswerRelay relay, CallHandles handles, ParameterHeaders parameters, TimeProvider time)
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask CallAsync(ProxyContext context)
    {
        UpstreamServer server = context.Route!.Server;
        ReadOnlyMemory<byte> body = context.UpstreamBody;
        if (context.Era is ProtocolEra.Stateless && context.IsRequest)
        {
            if (handles.RestoreState(context, body) is not { } restored)
            {
                context.Refuse(CallOutcome.Denied, ProxyErrors.ForeignState, "The requestState is not one that this caller was given for this call.");
                return;
            }

            body = restored;
            context.SealHandles = handles.Seal;
        }

        using CallDeadline deadline = context.IsStanding
            ? CallDeadline.ForStream(time, server, context.ClientGone)
            : CallDeadline.ForCall(time, server, context.IsHealthProbe, context.ClientGone);
        try
        {
            using HttpRequestMessage request = (await ToUpstreamAsync(context, body, deadline.Token)).ToHttp();
            using HttpResponseMessage answer = await transport.SendAsync(context.Route, request, deadline.Token);
            await relay.RelayAsync(context, answer, deadline);
        }
        catch (OperationCanceledException) when (context.Era is ProtocolEra.Session && context.IsRequest && context.Message!.Method != RequestMethods.Initialize)
        {
            // In the session era closing the stream cancels nothing (MCP 2025-11-25, "Sending Messages"): the server is told.
            TellCancelled(context);
            throw;
        }
    }

    private void TellCancelled(ProxyContext context)
    {
        UpstreamHop hop = context.Hop ?? new UpstreamHop(context.Route!, UpstreamProtocol.Unknown);
        CancelNotice.Send(HttpUpstreamSession.Attach(hop, transport, time, context.UpstreamSession, context.Headers.ProtocolVersion ?? ""), context.RequestId, time);
    }

    private async ValueTask<OutboundRequest> ToUpstreamAsync(ProxyContext context, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        OutboundRequest request = ToUpstream(context, body);
        return context.WritesParameterHeaders
            ? request with { Parameters = await parameters.OfAsync(context.Route!, context.Message?.Method, context.UpstreamName ?? context.Message?.Name, body, cancellationToken) }
            : request;
    }

    private static OutboundRequest ToUpstream(ProxyContext context, ReadOnlyMemory<byte> body)
    {
        bool isStateless = context.Era is ProtocolEra.Stateless;
        // The type is named: else null would be taken for a null array, and a GET would carry an empty message.
        return new OutboundRequest(MethodOf(context.Verb), context.Route!.Server.Url, context.Verb is ProxyVerb.Message ? (ReadOnlyMemory<byte>?)body : null)
        {
            ProtocolVersion = context.Headers.ProtocolVersion,
            PropagateTrace = context.Route.Server.PropagateTrace,
            Session = context.UpstreamSession,
            Method = isStateless ? context.Headers.Method : null,
            // The same value as in the body: where a gateway changed the one, it changed the other.
            Name = !isStateless || context.Headers.Name is null ? null : context.UpstreamName is { } name ? McpHeaderEncoder.EncodeValue(name) : context.Headers.Name,
            Parameters = context.ParameterHeaders,
            LastEventId = context.Verb is ProxyVerb.Message ? null : context.LastEventId,
        };
    }

    private static HttpMethod MethodOf(ProxyVerb verb) => verb switch
    {
        ProxyVerb.Stream => HttpMethod.Get,
        ProxyVerb.EndSession => HttpMethod.Delete,
        _ => HttpMethod.Post,
    };
}
