using System.Text;
using Mcpx.Core.Calls;
using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>What stands behind an endpoint whose sessions the gateway itself keeps: a bridged server, or a virtual gateway.</summary>
public interface ISessionEndpoint
{
    /// <summary>The endpoint's id, which handles and questions are bound to.</summary>
    Guid Id(ProxyContext context);

    /// <summary>The result of <c>initialize</c>, a JSON object.</summary>
    Task<ReadOnlyMemory<byte>> DescribeAsync(ProxyContext context, SessionClient client);

    /// <summary>Answers every request that the front does not answer itself.</summary>
    Task RequestAsync(ProxyContext context, SessionClient client, ClientAnswer answer);

    /// <summary>A notification for the servers behind, e.g. that the client's roots changed.</summary>
    Task TellAsync(ProxyContext context, SessionClient client);

    /// <summary>Brings the answer to a server's question there.</summary>
    Task AnswerAsync(ProxyContext context, SessionClient client, QuestionRoute route);

    /// <summary>Tells the client by <see cref="LiveSession.Tell"/> what happens outside of calls, until the client goes.</summary>
    Task WatchAsync(ProxyContext context, SessionClient client, CancellationToken clientGone);

    /// <summary>The client asked for logs of a level, kept in <see cref="LiveSession.LogLevel"/>.</summary>
    Task LogLevelChangedAsync(ProxyContext context, SessionClient client);
}

/// <summary>
/// Serves session-era clients where the session is the gateway's own: opening and ending it, the standing stream,
/// cancellation, answers to questions (MCP 2025-11-25, Lifecycle and Transports).
/// </summary>
public sealed class SessionFront(
    SessionHandles handles, ClientSessions clients, UpstreamSessions upstreams, ServerQuestions questions, TimeProvider time)
{
    private static readonly byte[] NoMembers = "{}"u8.ToArray();

    public async Task ServeAsync(ProxyContext context, ISessionEndpoint endpoint)
    {
        ClientAnswer answer = new(context, time);
        if (context.Message?.Method == RequestMethods.Initialize)
        {
            await OpenAsync(context, endpoint, answer);
            return;
        }

        if (context.ClientSession is not { } session)
        {
            context.Refuse(CallOutcome.Denied, ProxyErrors.SessionNeeded, ProxyErrors.SessionNeeded.Message);
            return;
        }

        SessionClient client = new(session, clients.Get(session.Id));
        switch (context.Verb)
        {
            case ProxyVerb.Stream:
                await StreamAsync(context, endpoint, client, answer);
                return;
            case ProxyVerb.EndSession:
                clients.End(session.Id);
                upstreams.Close(session.Id);
                await answer.AcceptAsync(status: 204);
                return;
        }

        Task serving = context.Message!.Kind switch
        {
            McpMessageKind.Request => RequestAsync(context, endpoint, client, answer),
            McpMessageKind.Notification => NotifyAsync(context, endpoint, client, answer),
            _ => RespondAsync(context, endpoint, client, answer),
        };
        await serving;
    }

    private async Task OpenAsync(ProxyContext context, ISessionEndpoint endpoint, ClientAnswer answer)
    {
        string asked = context.Message!.InitializeProtocolVersion ?? "";
        // The client's own revision if we advertise it, else the newest that has sessions (MCP 2025-11-25, "Version Negotiation").
        string version = ProtocolVersions.Advertised.Contains(asked) ? asked : ProtocolVersions.Advertised[0];
        if (ClientSession.Open(context.Body, version) is not { } session)
        {
            context.Refuse(CallOutcome.Denied, ProxyErrors.ClientTooWordy, ProxyErrors.ClientTooWordy.Message);
            return;
        }

        ReadOnlyMemory<byte> description = await endpoint.DescribeAsync(context, new SessionClient(session, clients.Get(session.Id)));
        answer.AddHeader("Mcp-Session-Id", handles.Wrap(context.Caller!, endpoint.Id(context), session));
        await ResultAsync(context, answer, description);
    }

    private async Task RequestAsync(ProxyContext context, ISessionEndpoint endpoint, SessionClient client, ClientAnswer answer)
    {
        switch (context.Message!.Method)
        {
            case RequestMethods.Ping:
                await ResultAsync(context, answer, NoMembers);
                break;
            case DeprecatedMethods.LoggingSetLevel:
                string? level = JsonEdit.FindText(context.Body, "params", "level");
                if (level is null || !LogLevels.All.Contains(level))
                {
                    context.Refuse(CallOutcome.ToolError, LogLevels.Unknown, LogLevels.Unknown.Message);
                    break;
                }

                client.Live.LogLevel = level;
                await endpoint.LogLevelChangedAsync(context, client);
                await ResultAsync(context, answer, NoMembers);
                break;
            default:
                await endpoint.RequestAsync(context, client, answer);
                break;
        }
    }

    private async Task NotifyAsync(ProxyContext context, ISessionEndpoint endpoint, SessionClient client, ClientAnswer answer)
    {
        if (context.Message!.Method == NotificationMethods.CancelledNotification)
        {
            if (JsonEdit.Find(context.Body, "params", "requestId") is { } id)
                client.Live.FindUnderWay(Encoding.UTF8.GetString(id.Span))?.Cancel();
        }
        else if (context.Message.Method != NotificationMethods.InitializedNotification)
        {
            await endpoint.TellAsync(context, client);
        }

        await answer.AcceptAsync();
    }

    private async Task RespondAsync(ProxyContext context, ISessionEndpoint endpoint, SessionClient client, ClientAnswer answer)
    {
        bool isKnown = client.Live.Answer(Encoding.UTF8.GetString(context.RequestId.Span), UpstreamMessage.Read(context.Body));
        if (!isKnown && questions.Find(context.Caller!, endpoint.Id(context).ToString(), context.RequestId) is { } route)
        {
            await endpoint.AnswerAsync(context, client, route);
            isKnown = true;
        }

        if (isKnown) await answer.AcceptAsync();
        else context.Refuse(CallOutcome.Denied, ProxyErrors.UnknownQuestion, ProxyErrors.UnknownQuestion.Message);
    }

    private static async Task StreamAsync(ProxyContext context, ISessionEndpoint endpoint, SessionClient client, ClientAnswer answer)
    {
        System.Threading.Channels.ChannelReader<ReadOnlyMemory<byte>> news = client.Live.OpenStream();
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(context.ClientGone);
        Task watching = endpoint.WatchAsync(context, client, over.Token);
        try
        {
            await answer.OpenStreamAsync(context.ClientGone);
            while (await answer.WaitAsync(news.WaitToReadAsync(context.ClientGone), context.ClientGone))
            {
                while (news.TryRead(out ReadOnlyMemory<byte> message))
                    await answer.SendAsync(message, context.ClientGone);
            }
        }
        finally
        {
            client.Live.CloseStream(news);
            await over.CancelAsync();
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static ValueTask ResultAsync(ProxyContext context, ClientAnswer answer, ReadOnlyMemory<byte> result) =>
        answer.FinishAsync(JsonRpc.Result(context.RequestId, result), AnswerKind.Result, 200);
}

/// <summary>RFC 5424, section 6.2.1, as the protocol spells them.</summary>
internal static class LogLevels
{
    public static IReadOnlyList<string> All { get; } = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

    public static McpError Unknown { get; } = new(200, McpErrorCodes.InvalidParams, $"The log level must be one of {string.Join(", ", All)}.");
}

/// <summary>Messages of the gateway's own.</summary>
internal static class JsonRpc
{
    public static byte[] Result(ReadOnlyMemory<byte> id, ReadOnlyMemory<byte> result) =>
        [.. "{\"jsonrpc\":\"2.0\",\"id\":"u8, .. id.Span, .. ",\"result\":"u8, .. result.Span, .. "}"u8];

    public static byte[] Notification(string method) => [.. "{\"jsonrpc\":\"2.0\",\"method\":"u8, .. JsonEdit.Text(method), .. "}"u8];
}
