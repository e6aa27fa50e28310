using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;

namespace Mcpx.Core.Calls;

/// <summary>How a call ended. The numbers are stored: never reuse one.</summary>
public enum CallOutcome
{
    Ok = 0,

    /// <summary>The tool answered with <c>isError: true</c>, or the upstream with a JSON-RPC error.</summary>
    ToolError = 1,

    /// <summary>The upstream could not be reached, answered garbage, or refused our credential.</summary>
    UpstreamError = 2,

    Timeout = 3,

    /// <summary>A rule, a malformed request or an unknown endpoint refused it.</summary>
    Denied = 4,

    RateLimited = 5,

    Unauthenticated = 6,

    /// <summary>The client went away before the answer.</summary>
    ClientAborted = 7,

    /// <summary>The gateway ended while the call was under way. Whether the server did its work is not known.</summary>
    Interrupted = 8,
}

/// <summary>What a record is in the life of its call. The numbers are in the journal: never reuse one.</summary>
public enum RecordStage
{
    /// <summary>All that there is of the call.</summary>
    Whole = 0,

    /// <summary>What is about to be forwarded: what the record says should nothing else come.</summary>
    Intent = 1,

    /// <summary>How a call ended whose intent was written.</summary>
    End = 2,
}

public enum ProtocolEra
{
    /// <summary><c>initialize</c> and sessions: revisions up to 2025-11-25.</summary>
    Session = 0,

    /// <summary>Every request stands alone: revision 2026-07-28.</summary>
    Stateless = 1,
}

/// <summary>
/// One finished call as audit, metrics and people see it. Texts that the client wrote (names, versions, methods) are
/// claims, for display only.
/// </summary>
public sealed record CallRecord
{
    public required CallId Id { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary><see cref="OrganizationId.None"/> when a refused call named no organisation that exists.</summary>
    public required OrganizationId Organization { get; init; }

    /// <summary>The endpoint's path, e.g. <c>/mcp/acme/server/finance</c>.</summary>
    public required string Endpoint { get; init; }

    public ServerId? Server { get; init; }

    public string? ServerSlug { get; init; }

    /// <summary>The virtual gateway that the call came through; null for a server's own endpoint.</summary>
    public GatewayId? Gateway { get; init; }

    public string? GatewaySlug { get; init; }

    public UserId? User { get; init; }

    public string? UserName { get; init; }

    public TokenId? Token { get; init; }

    public string? TokenName { get; init; }

    /// <summary>The service account that called; null for a person.</summary>
    public ServiceAccountId? ServiceAccount { get; init; }

    public string? ServiceAccountName { get; init; }

    public string? ClientName { get; init; }

    public string? ClientVersion { get; init; }

    public ProtocolEra Era { get; init; }

    /// <summary>The JSON-RPC method; null when the body could not be read or the caller was not known.</summary>
    public string? Method { get; init; }

    /// <summary>The tool, prompt or resource that was named, as the endpoint shows it.</summary>
    public string? Tool { get; init; }

    /// <summary>What the server calls it, where a virtual gateway shows it under another name; else null.</summary>
    public string? UpstreamTool { get; init; }

    public required CallOutcome Outcome { get; init; }

    /// <summary>The HTTP status of the answer; 0 when the client was gone.</summary>
    public required int Status { get; init; }

    /// <summary>The rule that decided, see <see cref="Governance.Decision.Rule"/>.</summary>
    public string? Rule { get; init; }

    /// <summary>The rule that would have refused the call if it were enforced; null when none.</summary>
    public string? WouldRule { get; init; }

    /// <summary>Why the call was refused or failed, in a sentence.</summary>
    public string? Reason { get; init; }

    /// <summary>From the request's arrival to the end of the answer, in microseconds.</summary>
    public required long TotalMicroseconds { get; init; }

    /// <summary>From sending upstream to the end of its answer; 0 when nothing was sent.</summary>
    public long UpstreamMicroseconds { get; init; }

    /// <summary>
    /// From the request's arrival until the first byte of the answer left, in microseconds; 0 when the record was made before
    /// that, as it is for answers that are short enough to be sent in one piece.
    /// </summary>
    public long FirstByteMicroseconds { get; init; }

    /// <summary>The W3C trace that the client says the call belongs to: 32 lower-case hexadecimal digits.</summary>
    public string? TraceId { get; init; }

    /// <summary>
    /// The first call of those that are one to the client: its server asked for more before it would answer, and this
    /// call brings that (MCP 2026-07-28, "Multi Round-Trip Requests"). Null for the first itself.
    /// </summary>
    public CallId? FirstRound { get; init; }

    public required int RequestBytes { get; init; }

    public required long ResponseBytes { get; init; }

    /// <summary>
    /// The request's body as it came, up to the capture limit; null when not captured. The bytes are those of whoever made the
    /// record: of a call under way they are good until it has ended, of the journal until its next batch, of the database for ever.
    /// </summary>
    public ReadOnlyMemory<byte>? Request { get; init; }

    /// <summary>The answer's body as it went out, up to the capture limit; see <see cref="Request"/>.</summary>
    public ReadOnlyMemory<byte>? Response { get; init; }

    /// <summary>True when a payload was longer than the capture limit.</summary>
    public bool Truncated { get; init; }

    /// <summary>Of no interest to readers: what is read from the database is whole.</summary>
    public RecordStage Stage { get; init; }

    /// <summary>For who watches calls end; neither the journal nor the database keeps it.</summary>
    public CallFacets Facets { get; init; }

    // What redaction adds on the way to the database. In the journal these are empty but for calls of which only metadata is kept.

    /// <summary>How much of the payloads is kept; null for records of before this was a choice.</summary>
    public PayloadMode? Payloads { get; init; }

    /// <summary>HMAC-SHA-256 of the request as it was captured, under a key of the organisation; null when there was none.</summary>
    public byte[]? RequestDigest { get; init; }

    /// <inheritdoc cref="RequestDigest"/>
    public byte[]? ResponseDigest { get; init; }

    /// <summary>What of the record is not as it was, and by which rule.</summary>
    public IReadOnlyList<RedactionFinding> Redactions { get; init; } = [];

    /// <summary>The same with payloads of its own, to be kept.</summary>
    public CallRecord Owned() => this with { Request = Copy(Request), Response = Copy(Response) };

    // The type is named: else null would be taken for a null array, and become empty memory.
    private static ReadOnlyMemory<byte>? Copy(ReadOnlyMemory<byte>? payload) => payload is { } bytes ? (ReadOnlyMemory<byte>?)bytes.ToArray() : null;
}
