using System.Net;
using Mcpx.Core.Credentials;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>A session over Streamable HTTP (MCP 2025-11-25, Transports).</summary>
public sealed class HttpUpstreamSession : UpstreamSession
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndingPatience = TimeSpan.FromSeconds(5);

    private readonly IUpstreamTransport _transport;
    private readonly TimeProvider _time;

    private HttpUpstreamSession(UpstreamHop hop, IUpstreamTransport transport, TimeProvider time) : base(hop)
    {
        _transport = transport;
        _time = time;
    }

    public static async Task<UpstreamSession> OpenAsync(
        UpstreamHop hop, IUpstreamTransport transport, TimeProvider time, ReadOnlyMemory<byte> parameters, CallDeadline deadline)
    {
        HttpUpstreamSession session = new(hop, transport, time);
        await session.InitializeAsync(parameters, deadline);
        return session;
    }

    /// <summary>A session that was opened elsewhere.</summary>
    public static UpstreamSession Attach(UpstreamHop hop, IUpstreamTransport transport, TimeProvider time, string? id, string version) =>
        new HttpUpstreamSession(hop, transport, time) { Id = id, Version = version };

    public override async Task TellAsync(ReadOnlyMemory<byte> message, CallDeadline deadline)
    {
        using HttpResponseMessage answer = await SendAsync(HttpMethod.Post, message, null, deadline);
        AnswerRelay.RefuseUnusable(answer);
        if ((int)answer.StatusCode >= 400) throw new UpstreamAnswerException($"The server refused a notification ({(int)answer.StatusCode}).");
    }

    public override async IAsyncEnumerable<UpstreamMessage> ListenAsync(CallDeadline deadline)
    {
        using HttpResponseMessage answer = await SendAsync(HttpMethod.Get, null, null, deadline);
        // 405 is how a server says that it has no such stream (MCP 2025-11-25, "Listening for Messages from the Server").
        if (answer.StatusCode is not HttpStatusCode.OK) yield break;
        await foreach (UpstreamMessage message in UpstreamMessages.ReadAsync(answer, deadline))
            yield return message;
    }

    public override async ValueTask DisposeAsync()
    {
        if (Id is null) return;
        try
        {
            using CallDeadline deadline = CallDeadline.ForExchange(_time, EndingPatience, CancellationToken.None);
            using HttpResponseMessage answer = await SendAsync(HttpMethod.Delete, null, null, deadline);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or UpstreamSessionGoneException or UpstreamTokenException)
        {
            // Ending is a courtesy: the server forgets a session that nobody uses.
        }
    }

    protected override async IAsyncEnumerable<UpstreamMessage> ExchangeAsync(ReadOnlyMemory<byte> request, ReadOnlyMemory<byte> id, CallDeadline deadline)
    {
        StreamPosition position = new();
        using (HttpResponseMessage answer = await SendAsync(HttpMethod.Post, request, null, deadline))
        {
            if (Version.Length == 0 && answer.Headers.TryGetValues("Mcp-Session-Id", out IEnumerable<string>? ids)) Id = string.Join(',', ids);
            await foreach (UpstreamMessage message in UpstreamMessages.ReadAsync(answer, deadline, position))
                yield return message;
        }

        // A server may end a stream before the answer and go on in the next one (MCP 2025-11-25, "Resumability and Redelivery").
        while (position.LastEventId is { } last)
        {
            await Task.Delay(position.Retry < LongestPause ? position.Retry : LongestPause, _time, deadline.Token);
            using HttpResponseMessage answer = await SendAsync(HttpMethod.Get, null, last, deadline);
            if (answer.StatusCode is not HttpStatusCode.OK) yield break;
            await foreach (UpstreamMessage message in UpstreamMessages.ReadAsync(answer, deadline, position))
                yield return message;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod verb, ReadOnlyMemory<byte>? body, string? lastEventId, CallDeadline deadline)
    {
        OutboundRequest request = new(verb, Hop.Route.Server.Url, body)
        {
            Session = Id,
            ProtocolVersion = Version.Length == 0 ? null : Version,
            LastEventId = lastEventId,
            PropagateTrace = Hop.Route.Server.PropagateTrace,
        };
        using HttpRequestMessage http = request.ToHttp();
        HttpResponseMessage answer = await _transport.SendAsync(Hop.Route, http, deadline.Token);
        // Only a session that was assigned can be gone: elsewhere 404 means what it says.
        if (answer.StatusCode is not HttpStatusCode.NotFound || Id is null) return answer;
        answer.Dispose();
        throw new UpstreamSessionGoneException();
    }
}
