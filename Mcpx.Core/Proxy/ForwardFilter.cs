using System.Diagnostics;
using System.Runtime.CompilerServices;
using Mcpx.Core.Calls;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Gateways;
using Mcpx.Core.Health;
using Mcpx.Core.Proxy.Bridge;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Chooses the leg and sends the message: raw where client and server speak the same era, else over a bridge; a virtual
/// gateway answers some of it itself. What fails on the way becomes an error that names the server.
/// </summary>
public sealed class ForwardFilter(
    RawLeg raw, UpstreamProtocols protocols, CatalogKeeper catalogs, UpstreamGuard guard, ServerSwitches switches, CallTracing tracing, TimeProvider time,
    SessionFront sessions, SessionBridge sessionBridge, StatelessBridge statelessBridge, SessionGateway sessionGateway, StatelessGateway statelessGateway) : IProxyFilter
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        // Called for every call: one asynchronous method, no delegates.
        Admission? admission = context.Route is null ? null : guard.Enter(context.Route.Server, context.IsStanding);
        if (admission is Admission.Refused refused)
        {
            context.Cause = refused.Reason;
            context.Refuse(CallOutcome.RateLimited, ProxyErrors.NotAdmitted(refused), refused.Sentence, ProxyErrors.RetryAfter(refused.RetryAfter));
        }
        else
        {
            using Admission.Granted? granted = (Admission.Granted?)admission;
            CancellationToken client = context.ClientGone;
            using CancellationTokenSource? call = context.Route is null ? null : CancellationTokenSource.CreateLinkedTokenSource(client, switches.Of(context.Route));
            if (call is not null) context.ClientGone = call.Token;
            Activity? span = granted is null ? null : tracing.BeginUpstream(context);
            TraceLink.Prepare(context, span);
            try
            {
                await SendAsync(context, granted);
            }
            catch (Exception) when (call is { IsCancellationRequested: true } && !client.IsCancellationRequested)
            {
                End(context);
            }
            catch (Exception e) when (!client.IsCancellationRequested && Explain(e, context.Route?.Server.Slug ?? context.Endpoint.Slug) is { } failure)
            {
                Fail(context, failure);
            }
            finally
            {
                context.ClientGone = client;
                CallTracing.EndUpstream(context, span);
            }

            if (granted is not null) Judge(context, granted);
        }

        await next(context);
    }

    private ValueTask SendAsync(ProxyContext context, Admission.Granted? granted)
    {
        if (granted is null) return GatewayAsync(context);
        context.Admission = granted;
        context.Progress.UpstreamStarted = time.GetTimestamp();
        ValueTask<UpstreamProtocol> protocol = protocols.FindAsync(context.Route!.Server, context.Route.Credential, context.ClientGone);
        return protocol.IsCompletedSuccessfully ? ServerAsync(context, protocol.Result) : new(FindOutAsync(context, protocol));
    }

    private async Task FindOutAsync(ProxyContext context, ValueTask<UpstreamProtocol> asked)
    {
        UpstreamProtocol protocol;
        try
        {
            protocol = await asked;
        }
        catch (Exception e) when (!context.ClientGone.IsCancellationRequested && e is not CredentialUnreadableException)
        {
            // A server that can't be asked is spoken to as its client speaks: then the call itself says what is wrong.
            protocol = UpstreamProtocol.Unknown;
        }

        await ServerAsync(context, protocol);
    }

    private ValueTask ServerAsync(ProxyContext context, UpstreamProtocol protocol)
    {
        context.Hop = new UpstreamHop(context.Route!, protocol);
        return context.Gateway is null ? EndpointAsync(context, protocol) : GatewayAsync(context);
    }

    private ValueTask EndpointAsync(ProxyContext context, UpstreamProtocol protocol)
    {
        if (context.Era is ProtocolEra.Stateless) return protocol.SpeaksStateless ? raw.CallAsync(context) : new(statelessBridge.ServeAsync(context));
        bool isRaw = context.ClientSession is null && (context.UpstreamSession is not null || protocol is { SpeaksSession: true, OverSse: false });
        return isRaw ? raw.CallAsync(context) : new(sessions.ServeAsync(context, sessionBridge));
    }

    private ValueTask GatewayAsync(ProxyContext context) =>
        new(context.Era is ProtocolEra.Stateless ? statelessGateway.ServeAsync(context) : sessions.ServeAsync(context, sessionGateway));

    /// <summary>The server was switched off while the call was under way.</summary>
    private static void End(ProxyContext context)
    {
        if (context.Response.HasStarted) context.Response.Abort();
        context.Refuse(CallOutcome.Denied, ProxyErrors.Forbidden("server_disabled", "The server is switched off."), "The server was switched off during the call.");
    }

    private void Fail(ProxyContext context, UpstreamFailure failure)
    {
        // Bytes of the answer are out: breaking the connection is the only honest end.
        if (context.Response.HasStarted) context.Response.Abort();
        context.FailureReason = failure.Reason;
        context.Refuse(failure.Outcome, ProxyErrors.Upstream(failure.Reason, failure.Message), failure.Detail);
        if (failure.Reason == UpstreamFailures.Protocol && context.Route is { } route) protocols.Doubt(route.Server, route.Credential);
    }

    /// <summary>The server did not know what it was asked for: perhaps its list has changed, or it speaks otherwise by now.</summary>
    private void Doubt(ProxyContext context)
    {
        if (context.Gateway is not null) catalogs.Doubt(context.Route!);
        if (context.Progress.Status is >= 400 and < 500) protocols.Doubt(context.Route!.Server, context.Route.Credential);
    }

    /// <summary>What the call says of the server's health; a credential that it refuses says nothing.</summary>
    private void Judge(ProxyContext context, Admission.Granted granted)
    {
        if (context.ClientGone.IsCancellationRequested) return;
        if (context.Progress.IsErrorAnswer) Doubt(context);
        if (context.FailureReason is UpstreamFailures.Unreachable or UpstreamFailures.Timeout or UpstreamFailures.Protocol) granted.Failed(context.Progress.Reason!);
        else if (context.Progress.Outcome is CallOutcome.Ok or CallOutcome.ToolError) granted.Succeeded();
    }

    /// <summary>What a failure means; null for one that is not the upstream's.</summary>
    private static UpstreamFailure? Explain(Exception exception, string slug) => exception switch
    {
        OperationCanceledException => new(CallOutcome.Timeout, UpstreamFailures.Timeout,
            $"The server “{slug}” did not answer in time.", "No answer in time."),
        UpstreamAnswerException e => new(CallOutcome.UpstreamError, UpstreamFailures.Protocol,
            $"The server “{slug}” gave an answer that can't be used.", e.Message),
        UpstreamSessionGoneException e => new(CallOutcome.UpstreamError, UpstreamFailures.Protocol,
            $"The server “{slug}” ended the session.", e.Message),
        UpstreamRefusedException e => new(CallOutcome.UpstreamError, UpstreamFailures.Unauthorized,
            $"The server “{slug}” does not accept the gateway's credential; an administrator has to mend it.", e.Message),
        CredentialUnreadableException e => new(CallOutcome.UpstreamError, UpstreamFailures.Credential, InjectFilter.Unreadable, e.Message),
        UpstreamTokenException e => new(CallOutcome.UpstreamError, UpstreamFailures.Of(e), e.Sentence(slug), e.Message),
        // Details of the address stay in the record: the caller may be told that it failed, not what is behind it.
        HttpRequestException { InnerException: EgressDeniedException e } => new(CallOutcome.UpstreamError, UpstreamFailures.Unreachable,
            $"The server “{slug}” can't be reached.", e.Message),
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded } e => new(
            CallOutcome.UpstreamError, UpstreamFailures.Protocol, $"The server “{slug}” gave an answer that can't be used.", e.Message),
        HttpRequestException or IOException => new(CallOutcome.UpstreamError, UpstreamFailures.Unreachable,
            $"The server “{slug}” can't be reached.", exception.Message),
        _ => null,
    };

    private sealed record UpstreamFailure(CallOutcome Outcome, string Reason, string Message, string Detail);
}
