using System.Security.Cryptography;
using Mcpx.Core.Calls;
using Mcpx.Core.Credentials;
using Mcpx.Core.Protocol;
using Mcpx.Core.Servers;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>
/// A stateless client's request to a session-era server, over a session of the gateway's that the caller's requests share.
/// Their ids and progress tokens are made unique there and put back on the way out.
/// </summary>
public sealed class StatelessToSession(UpstreamSessions sessions, ParameterHeaders parameters, TimeProvider time)
{
    /// <summary>What the gateway says of the client: nothing that it could ask, since the client's stream can't carry a question.</summary>
    private static readonly byte[] Parameters =
        """{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mcpx","version":"1"}}"""u8.ToArray();

    private static readonly string[] Methods =
    [
        RequestMethods.ToolsList, RequestMethods.ToolsCall, RequestMethods.PromptsList, RequestMethods.PromptsGet, RequestMethods.ResourcesList,
        RequestMethods.ResourcesTemplatesList, RequestMethods.ResourcesRead, RequestMethods.CompletionComplete,
    ];

    /// <summary>Whether the stateless era has the method and a session-era server can be asked for it.</summary>
    public static bool Knows(string method) => Methods.Contains(method);

    public async Task CallAsync(BridgedCall call, ClientAnswer answer)
    {
        string? logLevel = JsonEdit.FindText(call.Body, "params", "_meta", Translation.LogLevelKey);
        if (logLevel is not null && !LogLevels.All.Contains(logLevel))
        {
            await answer.RefuseAsync(CallOutcome.ToolError, LogLevels.Unknown);
            return;
        }

        if (await parameters.FindMismatchAsync(call, call.Context.ClientGone) is { } header)
        {
            await answer.RefuseAsync(CallOutcome.Denied, ProxyErrors.HeaderMismatch(header));
            return;
        }

        UpstreamSessionKey key = KeyOf(call.Context, call.Hop, logLevel);
        for (bool isRetry = false; ; isRetry = true)
        {
            UpstreamSession session = await OpenAsync(key, call.Hop, logLevel, call.Context.ClientGone);
            try
            {
                await AskAsync(call, session, logLevel, answer);
                return;
            }
            catch (UpstreamSessionGoneException) when (!isRetry && !answer.HasStarted)
            {
                // Nothing was done: the server refused the session, not the request.
                sessions.Drop(key, session);
            }
        }
    }

    /// <summary>One session for all of a caller's requests that want logs of the same level.</summary>
    public static UpstreamSessionKey KeyOf(ProxyContext context, UpstreamHop hop, string? logLevel) =>
        UpstreamSessionKey.For(hop.Route, context.Caller!.Principal.Id, $"stateless|{logLevel}");

    /// <summary>The shared session, with the log level that its requests ask for.</summary>
    public async Task<UpstreamSession> OpenAsync(UpstreamSessionKey key, UpstreamHop hop, string? logLevel, CancellationToken cancellationToken)
    {
        bool isOpen = sessions.Find(key) is not null;
        UpstreamSession session = await sessions.GetAsync(key, hop, Parameters, cancellationToken);
        if (!isOpen && logLevel is not null) await session.SetLogLevelAsync(logLevel, time, cancellationToken);
        return session;
    }

    private async Task AskAsync(BridgedCall call, UpstreamSession session, string? logLevel, ClientAnswer answer)
    {
        ReadOnlyMemory<byte> id = JsonEdit.Text(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)));
        ReadOnlyMemory<byte>? token = JsonEdit.Find(call.Body, "params", "_meta", "progressToken");
        ReadOnlyMemory<byte> request = token is null
            ? Translation.ToSession(call.Body, JsonChange.Set(id, "id"))
            : Translation.ToSession(call.Body, JsonChange.Set(id, "id"), JsonChange.Set(id, "params", "_meta", "progressToken"));
        CancellationToken gone = call.Context.ClientGone;
        using CallDeadline deadline = CallDeadline.ForCall(time, call.Hop.Route.Server, call.Context.IsHealthProbe, gone);
        try
        {
            await using IAsyncEnumerator<UpstreamMessage> messages = session.AskAsync(request, id, deadline).GetAsyncEnumerator(gone);
            while (await answer.WaitAsync(messages.MoveNextAsync(), gone))
            {
                UpstreamMessage message = messages.Current;
                if (message.IsRequest)
                {
                    if (await AnswerServerAsync(call, session, message, answer, deadline)) return;
                }
                else if (message.IsAnswer)
                {
                    ReadOnlyMemory<byte> result = Translation.FromSession(message, call.Method, JsonChange.Set(call.Id, "id"));
                    await answer.FinishAsync(call.Rewritten(result), message.Kind, StatusFor(message));
                    return;
                }
                else if (Passes(message, logLevel))
                {
                    await answer.SendAsync(Restored(message, id, token), gone);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // In the session era closing the stream cancels nothing (MCP 2025-11-25, "Sending Messages"): the server is told.
            CancelNotice.Send(session, id, time);
            throw;
        }
    }

    /// <summary>
    /// What the server asks of the client in the middle of a call can't be passed on: the client would have to come back to
    /// this replica with the answer. True when that ended the call.
    /// </summary>
    private static async Task<bool> AnswerServerAsync(BridgedCall call, UpstreamSession session, UpstreamMessage question, ClientAnswer answer, CallDeadline deadline)
    {
        if (question.Method == RequestMethods.Ping)
        {
            await session.TellAsync((byte[])[.. "{\"jsonrpc\":\"2.0\",\"id\":"u8, .. question.Id.Span, .. ",\"result\":{}}"u8], deadline);
            return false;
        }

        McpError refusal = new(200, McpErrorCodes.MethodNotFound, "The client can't be asked.");
        await session.TellAsync(refusal.ToJson(question.Id.Span), deadline);
        UpstreamServer server = call.Hop.Route.Server;
        McpError error = ProxyErrors.CapabilityMissing(question.Method!.Split('/')[0],
            $"The server “{server.Slug}” speaks the session era and asks the client for {question.Method} in the middle of the call, which a client of {ProtocolVersions.Stateless} can't be asked through the gateway.");
        await answer.RefuseAsync(CallOutcome.UpstreamError, error);
        return true;
    }

    /// <summary>Only what belongs to the request, and a log only when the request asked for one (MCP 2026-07-28, "Receiving Messages", "Logging").</summary>
    private static bool Passes(UpstreamMessage message, string? logLevel) =>
        !message.IsAboutChanges && (message.Method != DeprecatedMethods.LoggingMessage || logLevel is not null);

    private static ReadOnlyMemory<byte> Restored(UpstreamMessage message, ReadOnlyMemory<byte> id, ReadOnlyMemory<byte>? token) =>
        token is { } own && JsonEdit.Find(message.Json, "params", "progressToken") is { } sent && sent.Span.SequenceEqual(id.Span)
            ? Translation.Edit(message.Json, JsonChange.Set(own, "params", "progressToken"))
            : message.Json;

    /// <summary>MCP 2026-07-28, "Protocol Version Header" and "Capability Negotiation": an unknown method is 404, a missing capability 400.</summary>
    private static int StatusFor(UpstreamMessage message) => message.Status >= 500 ? message.Status
        : message.Kind is not AnswerKind.Error ? 200
        : Translation.ErrorCodeOf(message) switch { McpErrorCodes.MethodNotFound => 404, McpErrorCodes.MissingRequiredClientCapability => 400, _ => 200 };
}

/// <summary>Tells a session-era server that nobody waits for an answer any more.</summary>
internal static class CancelNotice
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>In the background, since whoever calls this is on the way out.</summary>
    public static void Send(UpstreamSession session, ReadOnlyMemory<byte> id, TimeProvider time) => _ = SendAsync(session, id, time);

    private static async Task SendAsync(UpstreamSession session, ReadOnlyMemory<byte> id, TimeProvider time)
    {
        byte[] notice = Of(id.Span);
        try
        {
            using CallDeadline deadline = CallDeadline.ForExchange(time, Patience, CancellationToken.None);
            await session.TellAsync(notice, deadline);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or UpstreamSessionGoneException or UpstreamAnswerException or UpstreamRefusedException or UpstreamTokenException)
        {
            // A courtesy: the server finds out when it sends.
        }
    }

    public static byte[] Of(ReadOnlySpan<byte> id) =>
        [.. "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":"u8, .. id, .. ",\"reason\":\"The client went away.\"}}"u8];
}
