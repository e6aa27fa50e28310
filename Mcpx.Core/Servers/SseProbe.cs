using System.Net.ServerSentEvents;

namespace Mcpx.Core.Servers;

/// <summary>
/// Finds the transport of 2024-11-05: a standing event stream whose first event names where to post (MCP 2024-11-05,
/// Transports, "HTTP with SSE").
/// </summary>
internal static class SseProbe
{
    private static readonly TimeSpan EndpointPatience = TimeSpan.FromSeconds(5);

    /// <summary>What <c>initialize</c> answered over the stream; null when there is no such stream.</summary>
    /// <exception cref="NotMcpException">There is one, but it names a foreign address, or ends without an answer.</exception>
    /// <exception cref="TimeoutException">There is one, and it keeps silent.</exception>
    public static async Task<RpcAnswer?> InitializeAsync(ProbeTarget target, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(EndpointPatience, target.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        bool isOpen = false;
        try
        {
            using HttpResponseMessage response = await target.SendAsync(HttpMethod.Get, target.Url, body: null, either.Token);
            if (!response.IsSuccessStatusCode || !RpcAnswer.IsEventStream(response)) return null;
            await using BoundedStream body = new(await response.Content.ReadAsStreamAsync(either.Token), ProtocolProbe.LongestAnswer);
            await using IAsyncEnumerator<SseItem<string>> events = RpcAnswer.EventsOf(body, either.Token);
            if (!await events.MoveNextAsync() || events.Current.EventType != "endpoint") return null;
            isOpen = true;
            limit.CancelAfter(ProbeTarget.LongestRequest);
            Uri endpoint = Endpoint(target.Url, events.Current.Data);
            using HttpResponseMessage taken = await target.SendAsync(HttpMethod.Post, endpoint, ProtocolProbe.Initialize, either.Token);
            if (!taken.IsSuccessStatusCode) throw ProbeTarget.Failure(taken);
            return await RpcAnswer.NextAsync(events, ProtocolProbe.Id) ?? throw new NotMcpException("The server's event stream ended without an answer.");
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return isOpen ? throw new TimeoutException($"No answer over the event stream within {ProbeTarget.LongestRequest.TotalSeconds:0} seconds.", e) : null;
        }
    }

    /// <summary>Only on the stream's own origin: else a server could have the credential and the messages sent anywhere.</summary>
    private static Uri Endpoint(Uri stream, string named)
    {
        if (!Uri.TryCreate(stream, named, out Uri? endpoint) || endpoint.UserInfo.Length > 0)
            throw new NotMcpException("The server's event stream names no address to post to.");
        return Uri.Compare(stream, endpoint, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0
            ? endpoint
            : throw new NotMcpException($"The server's event stream names an address on another host ({endpoint.GetLeftPart(UriPartial.Authority)}). Messages are not sent there.");
    }
}
