using System.Text;
using Mcpx.Core.Calls;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>
/// A session-era client's request to a session-era server over a session of the gateway's: behind a virtual gateway, or
/// where the server speaks the transport of 2024-11-05. The session belongs to this one client's session, so ids and
/// progress tokens stay as they are; the server's questions pass both ways.
/// </summary>
public sealed class SessionToSession(UpstreamSessions sessions, ServerQuestions questions, TimeProvider time)
{
    /// <param name="place">The endpoint's id, which questions are bound to.</param>
    public async Task CallAsync(BridgedCall call, SessionClient client, string place, ClientAnswer answer)
    {
        using CallUnderWay underWay = client.Live.Begin(Encoding.UTF8.GetString(call.Id.Span), call.Context.ClientGone);
        for (bool isRetry = false; ; isRetry = true)
        {
            UpstreamSession session = await OpenAsync(call.Context, call.Hop, client, underWay.Stopped);
            client.Live.Using?.Invoke(session);
            try
            {
                await AskAsync(call, session, client, place, answer, underWay);
                return;
            }
            catch (UpstreamSessionGoneException) when (!isRetry && !answer.HasStarted)
            {
                // Nothing was done: the server refused the session, not the request.
                sessions.Drop(KeyOf(call.Context, call.Hop, client), session);
            }
        }
    }

    /// <summary>The client's session with that server, opened as the client itself would open it.</summary>
    public async Task<UpstreamSession> OpenAsync(ProxyContext context, UpstreamHop hop, SessionClient client, CancellationToken cancellationToken)
    {
        UpstreamSessionKey key = KeyOf(context, hop, client);
        bool isOpen = sessions.Find(key) is not null;
        UpstreamSession session = await sessions.GetAsync(key, hop, ParametersOf(client.Session), cancellationToken);
        if (!isOpen && client.Live.LogLevel is { } level) await session.SetLogLevelAsync(level, time, cancellationToken);
        return session;
    }

    public static UpstreamSessionKey KeyOf(ProxyContext context, UpstreamHop hop, SessionClient client) =>
        UpstreamSessionKey.For(hop.Route, context.Caller!.Principal.Id, client.Session.Id);

    private async Task AskAsync(BridgedCall call, UpstreamSession session, SessionClient client, string place, ClientAnswer answer, CallUnderWay underWay)
    {
        CancellationToken gone = call.Context.ClientGone;
        using CallDeadline deadline = CallDeadline.ForCall(time, call.Hop.Route.Server, call.Context.IsHealthProbe, underWay.Stopped);
        try
        {
            await using IAsyncEnumerator<UpstreamMessage> messages = session.AskAsync(call.Body, call.Id, deadline).GetAsyncEnumerator(gone);
            while (await answer.WaitAsync(messages.MoveNextAsync(), gone))
            {
                UpstreamMessage message = messages.Current;
                if (message.IsAnswer)
                {
                    await answer.FinishAsync(call.Rewritten(message.Json), message.Kind, message.Status >= 500 ? message.Status : 200);
                    return;
                }

                if (message.IsAboutChanges) client.Live.Tell(message.Json.ToArray());
                else await answer.SendAsync(message.IsRequest ? questions.Mark(call.Context.Caller!, place, session, message) : call.Rewritten(message.Json), gone);
            }
        }
        catch (OperationCanceledException)
        {
            CancelNotice.Send(session, call.Id, time);
            if (!underWay.WasCancelled) throw;
            await answer.RefuseAsync(CallOutcome.ClientAborted, ProxyErrors.Cancelled);
        }
    }

    private static byte[] ParametersOf(ClientSession client) =>
    [
        .. "{\"protocolVersion\":"u8, .. JsonEdit.Text(client.Version), .. ",\"capabilities\":"u8, .. client.Capabilities.Span, .. ",\"clientInfo\":"u8, .. ClientInfoOf(client).Span, .. "}"u8,
    ];

    /// <summary>Required of <c>initialize</c>, so that a client that said nothing is said to be us.</summary>
    private static ReadOnlyMemory<byte> ClientInfoOf(ClientSession client) =>
        JsonEdit.FindText(client.ClientInfo, "name") is null ? """{"name":"mcpx","version":"1"}"""u8.ToArray() : client.ClientInfo;
}
