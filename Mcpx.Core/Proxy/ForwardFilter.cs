using System.Net.Http.Headers;
using Mcpx.Core.Calls;
using Mcpx.Core.Egress;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Sends the message upstream on the raw leg and relays the answer. The request is made anew from what was read: no
/// header of the client's reaches the upstream unless it is named here.
/// </summary>
public sealed class ForwardFilter(IUpstreamTransport transport, AnswerRelay relay, TimeProvider time) : IProxyFilter
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    public async ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        UpstreamServer server = context.Route!.Server;
        using CallDeadline deadline = context.Verb is ProxyVerb.Stream
            ? CallDeadline.ForStream(time, server, context.ClientGone)
            : CallDeadline.ForCall(time, server, isProbe: false, context.ClientGone);
        context.Progress.UpstreamStarted = time.GetTimestamp();
        try
        {
            using HttpRequestMessage request = ToUpstream(context);
            using HttpResponseMessage answer = await transport.SendAsync(context.Route, request, deadline.Token);
            await relay.RelayAsync(context, answer, deadline);
        }
        catch (Exception e) when (!context.ClientGone.IsCancellationRequested && Explain(e, server) is { } failure)
        {
            // Bytes of the answer are out: breaking the connection is the only honest end.
            if (context.Response.HasStarted) context.Response.Abort();
            context.Refuse(failure.Outcome, ProxyErrors.Upstream(context.Era, failure.Reason, failure.Message), failure.Detail);
        }

        await next(context);
    }

    private static HttpRequestMessage ToUpstream(ProxyContext context)
    {
        HttpRequestMessage request = new(MethodOf(context.Verb), context.Route!.Server.Url);
        HttpRequestHeaders headers = request.Headers;
        if (context.Verb is ProxyVerb.Message)
        {
            request.Content = new ByteArrayContent(context.Body) { Headers = { ContentType = Json } };
            headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        }
        else
        {
            headers.TryAddWithoutValidation("Accept", "text/event-stream");
            Add(headers, "Last-Event-ID", context.LastEventId);
        }

        headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        headers.TryAddWithoutValidation("User-Agent", "mcpx");
        Add(headers, "MCP-Protocol-Version", context.Headers.ProtocolVersion);
        if (context.UpstreamSession is not null) Add(headers, "Mcp-Session-Id", context.UpstreamSession);
        if (context.Era is ProtocolEra.Stateless)
        {
            Add(headers, "Mcp-Method", context.Headers.Method);
            Add(headers, "Mcp-Name", context.Headers.Name);
            foreach ((string name, string value) in context.ParameterHeaders)
                Add(headers, name, value);
        }

        // Last, and checked again here: what was valid when it was saved may have been changed below us.
        if (context.UpstreamCredential is { } credential && OutboundHeaders.Refuse(credential.Header) is null)
            Add(headers, credential.Header, credential.Value.Reveal());
        return request;
    }

    private static HttpMethod MethodOf(ProxyVerb verb) => verb switch
    {
        ProxyVerb.Stream => HttpMethod.Get,
        ProxyVerb.EndSession => HttpMethod.Delete,
        _ => HttpMethod.Post,
    };

    private static void Add(HttpRequestHeaders headers, string name, string? value)
    {
        if (value is not null && OutboundHeaders.IsValidValue(value))
            headers.TryAddWithoutValidation(name, value);
    }

    /// <summary>What a failure means; null for one that is not the upstream's.</summary>
    private static UpstreamFailure? Explain(Exception exception, UpstreamServer server) => exception switch
    {
        OperationCanceledException => new(CallOutcome.Timeout, UpstreamFailures.Timeout,
            $"The server “{server.Slug}” did not answer in time.", "No answer in time."),
        UpstreamAnswerException e => new(CallOutcome.UpstreamError, UpstreamFailures.Protocol,
            $"The server “{server.Slug}” gave an answer that can't be used.", e.Message),
        UpstreamRefusedException e => new(CallOutcome.UpstreamError, UpstreamFailures.Unauthorized,
            $"The server “{server.Slug}” does not accept the gateway's credential; an administrator has to mend it.", e.Message),
        // Details of the address stay in the record: the caller may be told that it failed, not what is behind it.
        HttpRequestException { InnerException: EgressDeniedException e } => new(CallOutcome.UpstreamError, UpstreamFailures.Unreachable,
            $"The server “{server.Slug}” can't be reached.", e.Message),
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded } e => new(
            CallOutcome.UpstreamError, UpstreamFailures.Protocol, $"The server “{server.Slug}” gave an answer that can't be used.", e.Message),
        HttpRequestException or IOException => new(CallOutcome.UpstreamError, UpstreamFailures.Unreachable,
            $"The server “{server.Slug}” can't be reached.", exception.Message),
        _ => null,
    };

    private sealed record UpstreamFailure(CallOutcome Outcome, string Reason, string Message, string Detail);
}
