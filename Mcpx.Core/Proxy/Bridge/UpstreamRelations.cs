using System.Text.Json;
using Mcpx.Core.Credentials;
using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>
/// What passes between a session-era client and the servers behind its session outside of calls: news, answers to
/// questions, log levels.
/// </summary>
public sealed class UpstreamRelations(
    StatelessUpstream stateless, SessionToSession toSession, UpstreamSessions sessions, ServerQuestions questions, IUpstreamTransport transport, ServerSwitches switches, TimeProvider time)
{
    /// <summary>Before a stream that ended is asked for again.</summary>
    public static TimeSpan FirstPause { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The id of <see cref="ListenRequest"/>.</summary>
    public static ReadOnlyMemory<byte> ListenId { get; } = JsonEdit.Text("mcpx-listen");

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan TellPatience = TimeSpan.FromSeconds(10);

    /// <summary>Passes a notification of the client's to every session-era server that it has a session with.</summary>
    public async Task TellAllAsync(SessionClient client, ReadOnlyMemory<byte> notification)
    {
        foreach (UpstreamSession session in sessions.Of(client.Session.Id))
        {
            using CallDeadline deadline = CallDeadline.ForExchange(time, TellPatience, CancellationToken.None);
            try
            {
                await session.TellAsync(notification, deadline);
            }
            catch (Exception e) when (IsUpstreams(e))
            {
                // One server that is away must not keep it from the others, and a notification has no answer that could say so.
            }
        }
    }

    public async Task SetLogLevelAsync(SessionClient client, CancellationToken cancellationToken)
    {
        foreach (UpstreamSession session in sessions.Of(client.Session.Id))
        {
            try
            {
                await session.SetLogLevelAsync(client.Live.LogLevel!, time, cancellationToken);
            }
            catch (Exception e) when (IsUpstreams(e) && !cancellationToken.IsCancellationRequested)
            {
                // Its next session is opened with the level.
            }
        }
    }

    /// <summary>Brings the client's answer to the server that asked, under the id that the server gave its question.</summary>
    public async Task AnswerAsync(UpstreamHop hop, SessionClient client, QuestionRoute route, ReadOnlyMemory<byte> answer)
    {
        ReadOnlyMemory<byte> restored = Translation.Edit(answer, JsonChange.Set(System.Text.Encoding.UTF8.GetBytes(route.Id), "id"));
        // The very session that asked: this replica may have another one with that server. One that another replica opened is
        // known by its id alone; one over HTTP+SSE lives where it was opened.
        UpstreamSession? session = sessions.Of(client.Session.Id).FirstOrDefault(s => s.Hop.Route.Server.Id == route.Server && s.Id == route.Session)
            ?? (route.Session is null ? null : HttpUpstreamSession.Attach(hop, transport, time, route.Session, route.Version));
        if (session is null) throw new UpstreamAnswerException("The session in which the server asked is not open on this replica.");
        using CallDeadline deadline = CallDeadline.ForExchange(time, TellPatience, CancellationToken.None);
        await session.TellAsync(restored, deadline);
    }

    /// <summary>Passes on what a session-era server says outside of calls, and asks again when its stream ends.</summary>
    public async Task FollowSessionAsync(ProxyContext context, UpstreamHop hop, SessionClient client, string place, CancellationToken clientGone)
    {
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(clientGone, switches.Of(hop.Route));
        await RepeatAsync(async () =>
        {
            UpstreamSession session = await toSession.OpenAsync(context, hop, client, over.Token);
            using CallDeadline deadline = CallDeadline.ForStream(time, hop.Route.Server, over.Token);
            TimeSpan? pause = null;
            await foreach (UpstreamMessage message in session.ListenAsync(deadline))
            {
                pause = FirstPause;
                client.Live.Tell(message.IsRequest ? questions.Mark(context.Caller!, place, session, message) : message.Json.ToArray());
            }

            return pause;
        }, time, over.Token);
    }

    /// <summary>Listens to a stateless server for the client, again whenever its subscriptions change (MCP 2026-07-28, "Subscriptions").</summary>
    /// <param name="lists">Which changes of lists, by their names in the filter.</param>
    /// <param name="isTheirs">Which of the client's subscribed URIs are that server's.</param>
    public async Task FollowStatelessAsync(
        ProxyContext context, UpstreamHop hop, SessionClient client, IReadOnlyList<string> lists, Func<string, bool> isTheirs, CancellationToken clientGone)
    {
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(clientGone, switches.Of(hop.Route));
        await RepeatAsync(async () =>
        {
            Task changed = client.Live.Resubscribed;
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(over.Token);
            _ = changed.ContinueWith(static (_, source) => Stop((CancellationTokenSource)source!), either, either.Token, TaskContinuationOptions.None, TaskScheduler.Default);
            string[] uris = [.. client.Live.Subscriptions.Where(isTheirs)];
            if (lists.Count + uris.Length == 0)
            {
                await changed.WaitAsync(over.Token);
                return TimeSpan.Zero;
            }

            using CallDeadline deadline = CallDeadline.ForStream(time, hop.Route.Server, either.Token);
            TimeSpan? pause = null;
            try
            {
                await foreach (UpstreamMessage message in stateless.AskAsync(
                    hop, Translation.ToStateless(ListenRequest(lists, uris), client.Session, logLevel: null), ListenId, RequestMethods.SubscriptionsListen, null, [], deadline))
                {
                    if (!message.IsAnswer) pause = FirstPause;
                    if (!message.IsAnswer && message.Method != NotificationMethods.SubscriptionsAcknowledgedNotification)
                        client.Live.Tell(Translation.Edit(message.Json, JsonChange.Remove("params", "_meta", Translation.SubscriptionKey)));
                }
            }
            catch (OperationCanceledException) when (changed.IsCompleted && !over.IsCancellationRequested)
            {
                return TimeSpan.Zero;
            }
            finally
            {
                // Takes back what waits for a change: a server that ends its streams would leave one behind with each.
                Stop(either);
            }

            return pause;
        }, time, over.Token);
    }

    /// <summary>A <c>subscriptions/listen</c> of the gateway's own.</summary>
    public static byte[] ListenRequest(IEnumerable<string> lists, IEnumerable<string> uris) =>
        [.. "{\"jsonrpc\":\"2.0\",\"id\":\"mcpx-listen\",\"method\":\"subscriptions/listen\",\"params\":{\"notifications\":"u8, .. Filter(lists, uris), .. "}}"u8];

    /// <summary>The <c>notifications</c> member of <c>subscriptions/listen</c>.</summary>
    public static byte[] Filter(IEnumerable<string> lists, IEnumerable<string> uris)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            foreach (string list in lists)
                writer.WriteBoolean(list, true);
            string[] subscribed = [.. uris];
            if (subscribed.Length > 0)
            {
                writer.WriteStartArray("resourceSubscriptions"u8);
                foreach (string uri in subscribed)
                    writer.WriteStringValue(uri);
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>Again and again until the client goes.</summary>
    /// <param name="listen">Returns how long to wait; null for ever longer, while nothing comes of it.</param>
    public static async Task RepeatAsync(Func<Task<TimeSpan?>> listen, TimeProvider time, CancellationToken clientGone)
    {
        TimeSpan pause = FirstPause;
        while (!clientGone.IsCancellationRequested)
        {
            TimeSpan? wait = null;
            try
            {
                wait = await listen();
            }
            catch (Exception e) when (IsUpstreams(e) && !clientGone.IsCancellationRequested)
            {
                // The server is away; its news will be read anew when it is back.
            }

            pause = wait is not null ? FirstPause : pause * 2 < LongestPause ? pause * 2 : LongestPause;
            await Task.Delay(wait ?? pause, time, clientGone);
        }
    }

    private static void Stop(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended in this moment.
        }
    }

    private static bool IsUpstreams(Exception e) =>
        e is HttpRequestException or IOException or OperationCanceledException or UpstreamSessionGoneException or UpstreamAnswerException or UpstreamRefusedException or UpstreamTokenException;
}
