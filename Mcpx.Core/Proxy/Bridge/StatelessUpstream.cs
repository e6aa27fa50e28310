using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>Asks servers of the stateless era: every request stands alone (MCP 2026-07-28, Transports).</summary>
public sealed class StatelessUpstream(IUpstreamTransport transport)
{
    /// <summary>Asks and gives each message that comes of it; the last one is the answer.</summary>
    /// <param name="id">The request's id as raw JSON.</param>
    /// <param name="name">What <c>Mcp-Name</c> repeats; null for methods without a name.</param>
    public async IAsyncEnumerable<UpstreamMessage> AskAsync(
        UpstreamHop hop, ReadOnlyMemory<byte> request, ReadOnlyMemory<byte> id, string method, string? name,
        IReadOnlyList<KeyValuePair<string, string>> parameters, CallDeadline deadline)
    {
        OutboundRequest outbound = new(HttpMethod.Post, hop.Route.Server.Url, request)
        {
            ProtocolVersion = ProtocolVersions.Stateless,
            PropagateTrace = hop.Route.Server.PropagateTrace,
            Method = method,
            Name = McpHeaderEncoder.EncodeValue(name),
            Parameters = parameters,
        };
        using HttpRequestMessage http = outbound.ToHttp();
        using HttpResponseMessage answer = await transport.SendAsync(hop.Route, http, deadline.Token);
        await foreach (UpstreamMessage message in UpstreamMessages.ReadAsync(answer, deadline))
        {
            // A refusal of the whole request has no id when the server could not read one.
            if (message.IsAnswer && !message.Answers(id.Span) && !(message.Kind is AnswerKind.Error && message.Id.IsEmpty))
                throw new UpstreamAnswerException("The server answered another request than the one that was sent.");
            if (message.IsRequest) throw new UpstreamAnswerException("The server of the stateless era sent a request of its own.");
            yield return message;
            if (message.IsAnswer) yield break;
        }

        throw new UpstreamAnswerException("The server ended its stream without an answer.");
    }
}
