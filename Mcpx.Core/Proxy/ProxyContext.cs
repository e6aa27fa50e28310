using System.Diagnostics;
using System.Net;
using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Health;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;
using Mcpx.Core.Proxy.Bridge;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>Which endpoint a request came to.</summary>
/// <param name="Organization">The slug in the path; null on the paths that take the organisation from the credential.</param>
/// <param name="Slug">Of a server, or of a virtual gateway.</param>
/// <param name="Path">The path as the record keeps it.</param>
public sealed record EndpointAddress(string? Organization, bool IsGateway, string Slug, string Path);

/// <summary>An answer of the gateway's own, instead of the upstream's.</summary>
/// <param name="Status">The HTTP status that it is sent with.</param>
/// <param name="Headers">Sent besides, e.g. <c>WWW-Authenticate</c>.</param>
public sealed record Refusal(McpError Error, int Status, IReadOnlyList<KeyValuePair<string, string>> Headers);

/// <summary>The answer's way to the client, as the door provides it.</summary>
public interface IProxyResponse
{
    bool HasStarted { get; }

    /// <summary>When the first byte was given out, a timestamp of <see cref="TimeProvider.GetTimestamp"/>; 0 before that.</summary>
    long FirstByteAt { get; }

    /// <summary>Sets status and headers; nothing is sent before the first write.</summary>
    /// <param name="length">The body's length when it is known.</param>
    void Start(int status, string? contentType, long? length, IReadOnlyList<KeyValuePair<string, string>> headers);

    /// <summary>Writes and sends at once.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

    /// <summary>
    /// Writes the answer's end. It is on record as given by now: a deadline or a switch that falls in this moment comes too
    /// late, and only the client's hang-up keeps it back.
    /// </summary>
    ValueTask FinishAsync(ReadOnlyMemory<byte> data);

    /// <summary>Breaks the connection: the client must not take what it has for the whole answer.</summary>
    void Abort();
}

/// <summary>Rewrites one JSON-RPC answer.</summary>
/// <exception cref="UpstreamAnswerException">The answer can't be understood well enough to be rewritten safely.</exception>
public delegate ReadOnlyMemory<byte> AnswerRewrite(ProxyContext context, ReadOnlyMemory<byte> answer);

/// <summary>What a client asks of an endpoint.</summary>
public enum ProxyVerb
{
    /// <summary>POST: takes one message.</summary>
    Message,

    /// <summary>GET: opens the session's stream for what the server says on its own, or takes up a broken one.</summary>
    Stream,

    /// <summary>DELETE: ends the session.</summary>
    EndSession,
}

/// <summary>One MCP request on its way through the filters.</summary>
public sealed class ProxyContext
{
    private ReadOnlyMemory<byte>? _upstreamBody;

    /// <summary>The record's id, known while the call runs, so that its answer can name it.</summary>
    public CallId Id { get; set; }

    /// <summary>When the request came, as a time and as a timestamp of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public (DateTimeOffset Time, long Timestamp) Arrived { get; set; }

    // What the door read.
    public required EndpointAddress Endpoint { get; init; }

    /// <summary>The body as it came; the record keeps it, so it is not pooled.</summary>
    public required byte[] Body { get; init; }

    public ProxyVerb Verb { get; init; }

    /// <summary>Null for verbs without a message, and when <see cref="Malformed"/> says why.</summary>
    public McpMessage? Message { get; init; }

    /// <summary>True when the client waits for an answer to its message.</summary>
    public bool IsRequest => Message?.Kind is McpMessageKind.Request;

    /// <summary>True for a stream that stands open until one side ends it.</summary>
    public bool IsStanding => Verb is ProxyVerb.Stream || Message is { Kind: McpMessageKind.Request, Method: RequestMethods.SubscriptionsListen };

    /// <summary>Why the request is refused whoever sends it; null for one that may go on to prove who it is.</summary>
    public McpError? Barred { get; init; }

    /// <summary>Why the request can't be served; told only to a caller who proved who it is.</summary>
    public McpError? Malformed { get; init; }

    /// <summary>The id as raw JSON; empty when there is none.</summary>
    public ReadOnlyMemory<byte> RequestId { get; init; }

    public ProtocolEra Era { get; init; }

    public McpHeaders Headers { get; init; }

    /// <summary>Where a broken stream is taken up again (<c>Last-Event-ID</c>).</summary>
    public string? LastEventId { get; init; }

    /// <summary>The header <c>traceparent</c>, a claim.</summary>
    public string? TraceParent { get; init; }

    /// <summary><c>Mcp-Param-*</c> headers (MCP 2026-07-28, "x-mcp-header"), passed on as they came.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> ParameterHeaders { get; init; } = [];

    /// <summary>The gateway itself asks, and knows only by the tool's description which of those headers are wanted.</summary>
    public bool WritesParameterHeaders { get; init; }

    /// <summary>The bearer token of the Authorization header; null when there was none.</summary>
    public string? Credential { get; init; }

    /// <summary>Of the connection.</summary>
    public IPAddress? RemoteAddress { get; init; }

    /// <summary>The client as its HTTP library calls itself; null when it says nothing.</summary>
    public string? UserAgent { get; init; }

    public required IProxyResponse Response { get; init; }

    /// <summary>Cancelled when the client hangs up.</summary>
    public CancellationToken ClientGone { get; set; }

    // What the filters found.
    public required ProxySnapshot Snapshot { get; set; }

    /// <summary>Gives the newest; null where a call never lasts.</summary>
    public Func<ProxySnapshot>? Newest { get; init; }

    public Caller? Caller { get; set; }

    /// <summary>Null for a server's own endpoint.</summary>
    public GatewayRoute? Gateway { get; set; }

    /// <summary>What the virtual gateway shows at the moment; null where the request needs none of it.</summary>
    public GatewayView? View { get; set; }

    /// <summary>The server that the request goes to; null for what a virtual gateway answers itself.</summary>
    public ServerRoute? Route { get; set; }

    /// <summary>What that server calls the tool, prompt or resource, where a virtual gateway shows another name; else null.</summary>
    public string? UpstreamName { get; set; }

    /// <summary>The message in that server's names.</summary>
    public ReadOnlyMemory<byte> UpstreamBody
    {
        get => _upstreamBody ?? Body;
        set => _upstreamBody = value;
    }

    /// <summary>The upstream's session id, from the handle that the client sent.</summary>
    public string? UpstreamSession { get; set; }

    /// <summary>The client's session with the gateway itself, from the handle that it sent.</summary>
    public ClientSession? ClientSession { get; set; }

    /// <summary>The call's place at its server; null for what a virtual gateway answers itself.</summary>
    public Admission.Granted? Admission { get; set; }

    /// <summary>True for the call that finds out whether a server is well again: it waits less long.</summary>
    public bool IsHealthProbe => Admission is { IsProbe: true };

    /// <summary>How the server is reached and spoken to.</summary>
    public UpstreamHop? Hop { get; set; }

    public Decision? Decision { get; set; }

    /// <summary>Set when the answer must not pass as it is.</summary>
    public AnswerRewrite? Rewrite { get; set; }

    /// <summary>
    /// Seals the handles of an answer that is short enough to be held whole; such handles stand in short answers, so that a
    /// long one is never held back for it.
    /// </summary>
    public AnswerRewrite? SealHandles { get; set; }

    /// <summary>True when the caller's organisation wants its records in the database before anything happens.</summary>
    public bool IsStrict => Caller is { } caller && Snapshot.Strict.Contains(caller.Organization);

    /// <summary>True once it stands in the database that the call is about to be forwarded.</summary>
    public bool IsAnnounced { get; set; }

    /// <summary>The call that this one goes on with, when it brings what the server asked for.</summary>
    public CallId? FirstRound { get; set; }

    public Refusal? Refusal { get; private set; }

    /// <summary>Why the server's part failed, one of <see cref="UpstreamFailures"/>; null when it did not.</summary>
    public string? FailureReason { get; set; }

    /// <summary>What kept the call from its server, a word of a fixed set as in <c>error.data.reason</c>; null where a rule did, or nothing.</summary>
    public string? Cause { get; set; }

    /// <summary>The call's span; null while nobody listens.</summary>
    public Activity? Trace { get; set; }

    public CallProgress Progress { get; } = new();

    /// <summary>
    /// For what stands open for days, between its events: what it shows goes by the rules of now, and the configuration of the day that it was opened is
    /// not held in memory for its sake.
    /// </summary>
    public void Renew()
    {
        if (IsStanding && Newest is not null) Snapshot = Newest();
    }

    /// <summary>Ends the call with an answer of our own; the record filter sends it after recording it.</summary>
    public void Refuse(CallOutcome outcome, McpError error, string reason, params IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        Refusal = new Refusal(error, StatusOf(error), headers);
        Progress.Outcome = outcome;
        Progress.Reason = reason;
    }

    /// <summary>
    /// Only who waits for an answer reads it. Of a notification, an answer of the client's and a session's end the status
    /// alone says that nothing came of it, and who listens takes 200 for a stream (MCP 2025-11-25, Transports, "Sending
    /// Messages to the Server" and "Listening for Messages from the Server").
    /// </summary>
    private int StatusOf(McpError error) => IsRequest
        ? error.IsReadInSession && Era is ProtocolEra.Session ? 200 : error.Status
        : error.Status is 200 ? 400 : error.Status;
}

/// <summary>What the record will say of the call's answer, filled while it passes.</summary>
public sealed class CallProgress
{
    public CallOutcome Outcome { get; set; }

    public string? Reason { get; set; }

    public int Status { get; set; }

    /// <summary>Timestamps of <see cref="TimeProvider.GetTimestamp"/>; 0 when nothing was sent upstream.</summary>
    public long UpstreamStarted { get; set; }

    public long UpstreamEnded { get; set; }

    public long ResponseBytes { get; set; }

    /// <summary>True when the server's answer was a JSON-RPC error: it may not know what it was asked for, or how.</summary>
    public bool IsErrorAnswer { get; private set; }

    /// <summary>Its code; null when it was no error, or has none.</summary>
    public int? ErrorCode { get; private set; }

    public PayloadCapture Response { get; } = new();

    /// <summary>Makes the record durable. Called once, before the last byte of the answer leaves.</summary>
    public Func<ValueTask>? Settle { get; set; }

    /// <summary>What the server's answer is.</summary>
    /// <param name="message">The answer, or as much of its front as there is.</param>
    public void Heard(AnswerKind kind, ReadOnlySpan<byte> message)
    {
        IsErrorAnswer = kind is AnswerKind.Error;
        ErrorCode = IsErrorAnswer ? AnswerPeek.ErrorCodeOf(message) : null;
    }

    /// <summary>The upstream said what it had to say.</summary>
    public void End(CallOutcome outcome, TimeProvider time)
    {
        Outcome = outcome;
        if (UpstreamEnded == 0) UpstreamEnded = time.GetTimestamp();
    }
}
