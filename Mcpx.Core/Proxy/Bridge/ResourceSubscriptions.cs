using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>
/// News of a session-era server for one stateless client's stream: a session of its own, because subscriptions belong to
/// one; it ends with the stream.
/// </summary>
public sealed class ResourceSubscriptions(StatelessToSession toSession, UpstreamSessions sessions, TimeProvider time)
{
    /// <summary>Subscribes and passes on every message until the server ends its stream.</summary>
    /// <returns>How long to wait before trying again; null when nothing came of it.</returns>
    public async Task<TimeSpan?> FollowAsync(
        ProxyContext context, UpstreamHop hop, IReadOnlyList<string> uris, Action<ReadOnlyMemory<byte>> tell, CancellationToken clientGone)
    {
        await using Listening listening = await OpenAsync(context, hop, clientGone);
        await SubscribeAsync(listening.Session, uris, clientGone);
        using CallDeadline deadline = CallDeadline.ForStream(time, hop.Route.Server, clientGone);
        TimeSpan? pause = null;
        await foreach (UpstreamMessage message in listening.Session.ListenAsync(deadline))
        {
            pause = UpstreamRelations.FirstPause;
            if (message.IsAboutChanges) tell(message.Json.ToArray());
        }

        return pause;
    }

    /// <summary>Opens a session for one stream; dispose it to end it.</summary>
    public async Task<Listening> OpenAsync(ProxyContext context, UpstreamHop hop, CancellationToken cancellationToken)
    {
        string conversation = "listen|" + Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(12));
        UpstreamSessionKey key = UpstreamSessionKey.For(hop.Route, context.Caller!.Principal.Id, conversation);
        return new Listening(await toSession.OpenAsync(key, hop, logLevel: null, cancellationToken), () => sessions.Close(conversation));
    }

    /// <summary>Returns those URIs that the server took.</summary>
    public async Task<IReadOnlyList<string>> SubscribeAsync(UpstreamSession session, IReadOnlyList<string> uris, CancellationToken cancellationToken)
    {
        List<string> subscribed = [];
        foreach (string uri in uris)
        {
            byte[] id = JsonEdit.Text($"mcpx-subscribe-{subscribed.Count}");
            byte[] request = [.. "{\"jsonrpc\":\"2.0\",\"id\":"u8, .. id, .. ",\"method\":\"resources/subscribe\",\"params\":{\"uri\":"u8, .. JsonEdit.Text(uri), .. "}}"u8];
            using CallDeadline deadline = CallDeadline.ForExchange(time, session.Hop.Patience, cancellationToken);
            await foreach (UpstreamMessage message in session.AskAsync(request, id, deadline))
            {
                if (message.Kind is AnswerKind.Result) subscribed.Add(uri);
            }
        }

        return subscribed;
    }

    public sealed class Listening(UpstreamSession session, Action end) : IAsyncDisposable
    {
        public UpstreamSession Session { get; } = session;

        public ValueTask DisposeAsync()
        {
            end();
            return ValueTask.CompletedTask;
        }
    }
}
