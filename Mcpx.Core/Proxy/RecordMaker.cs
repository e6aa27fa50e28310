using System.Buffers;
using Mcpx.Core.Calls;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;
using Mcpx.Core.Redaction;

namespace Mcpx.Core.Proxy;

/// <summary>Makes the record of a call from what its filters found.</summary>
public sealed class RecordMaker(RedactionKeys keys, TimeProvider time)
{
    private const int LongestText = 256;
    private const int LongestReason = 1000;

    /// <summary>Control characters, and halves of pairs, which may have lost the other.</summary>
    private static readonly SearchValues<char> Suspects = SearchValues.Create([.. Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0xD800, 0x800)).Select(c => (char)c)]);

    public CallRecord Make(ProxyContext context)
    {
        CallRecord call = Describe(context);
        return MetadataKeyOf(context, call) is { } key ? WithoutPayloads(call, key) : call;
    }

    /// <summary>
    /// Null where payloads are kept, and where that can't be known at once: the way to the database takes them off then. What is taken off here
    /// does not stand on this machine's disk either, however long the database is away.
    /// </summary>
    private RedactionKey? MetadataKeyOf(ProxyContext context, CallRecord call) =>
        context.Snapshot.Redactions.Find(call.Organization)?.For(call.Server, call.ServerSlug, call.GatewaySlug).Payloads is PayloadMode.MetadataOnly ? keys.Known(call.Organization) : null;

    private static CallRecord WithoutPayloads(CallRecord call, RedactionKey key) => call with
    {
        Request = null,
        Response = null,
        RequestDigest = call.Request is { } request ? key.Payloads.Of(request.Span) : null,
        ResponseDigest = call.Response is { } response ? key.Payloads.Of(response.Span) : null,
        Payloads = PayloadMode.MetadataOnly,
    };

    private CallRecord Describe(ProxyContext context)
    {
        CallProgress progress = context.Progress;
        Caller? caller = context.Caller;
        McpMessage? message = caller is null ? null : context.Message;
        long upstreamEnded = progress.UpstreamEnded == 0 && progress.UpstreamStarted != 0 ? time.GetTimestamp() : progress.UpstreamEnded;
        return new CallRecord
        {
            Id = context.Id,
            Time = context.Arrived.Time,
            Organization = caller?.Organization ?? OrganizationOfPath(context),
            Endpoint = Clean(context.Endpoint.Path)!,
            Server = context.Route?.Server.Id,
            ServerSlug = Clean(context.Route?.Server.Slug ?? (context.Endpoint.IsGateway ? null : context.Endpoint.Slug)),
            Gateway = context.Gateway?.Gateway.Id,
            GatewaySlug = Clean(context.Gateway?.Gateway.Slug ?? (context.Endpoint.IsGateway ? context.Endpoint.Slug : null)),
            User = caller?.User,
            UserName = caller?.Principal is Principal.Person person ? person.Name : null,
            Token = caller?.Token,
            TokenName = caller?.TokenName,
            ServiceAccount = caller?.ServiceAccount,
            ServiceAccountName = caller?.Principal is Principal.Service service ? service.Name : null,
            ClientName = Clean(message?.ClientName),
            ClientVersion = Clean(message?.ClientVersion),
            Era = context.Era,
            Method = context.Verb switch { ProxyVerb.Stream => "GET", ProxyVerb.EndSession => "DELETE", _ => Clean(message?.Method) },
            Tool = Clean(message?.Target),
            UpstreamTool = context.UpstreamName is { } name && name != message?.Target ? Clean(name) : null,
            Outcome = progress.Outcome,
            Status = progress.Status,
            Rule = context.Decision?.Rule,
            WouldRule = (context.Decision as Decision.Allow)?.WouldDeny?.Rule,
            Reason = Clean(progress.Reason ?? context.Decision?.Reason, LongestReason),
            TotalMicroseconds = Microseconds(context.Arrived.Timestamp, time.GetTimestamp()),
            UpstreamMicroseconds = progress.UpstreamStarted == 0 ? 0 : Microseconds(progress.UpstreamStarted, upstreamEnded),
            FirstByteMicroseconds = context.Response.FirstByteAt is > 0 and var first ? Microseconds(context.Arrived.Timestamp, first) : 0,
            TraceId = TraceContext.IdOf(message?.TraceParent ?? context.TraceParent) ?? (context.Trace is { Recorded: true } span ? span.TraceId.ToHexString() : null),
            FirstRound = context.FirstRound,
            RequestBytes = context.Body.Length,
            ResponseBytes = progress.ResponseBytes,
            // Somebody who is nobody must not be able to fill the audit with what they please.
            Request = caller is null ? null : Head(context.Body),
            Response = caller is null ? null : progress.Response.Payload,
            Truncated = context.Body.Length > PayloadCapture.Limit || progress.Response.Truncated,
            Stage = context.IsAnnounced ? RecordStage.End : RecordStage.Whole,
            Facets = new CallFacets(
                message?.MetaProtocolVersion ?? context.Headers.ProtocolVersion ?? message?.InitializeProtocolVersion,
                context.Refusal?.Error.Code ?? progress.ErrorCode, context.FailureReason ?? context.Cause, VerdictOf(context.Decision)),
        };
    }

    private static CallVerdict VerdictOf(Decision? decision) => decision switch
    {
        null => CallVerdict.None,
        Decision.Deny => CallVerdict.Denied,
        Decision.Allow { WouldDeny: not null } => CallVerdict.WouldBeDenied,
        _ => CallVerdict.Allowed,
    };

    /// <summary>What the record says should the gateway end before the call does.</summary>
    public CallRecord MakeIntent(ProxyContext context) => Make(context) with
    {
        Stage = RecordStage.Intent,
        Outcome = CallOutcome.Interrupted,
        Status = 0,
        TotalMicroseconds = 0,
        Reason = "The gateway ended while the call was under way. Whether the server did its work is not known.",
    };

    private static OrganizationId OrganizationOfPath(ProxyContext context) =>
        context.Endpoint.Organization is { } slug && context.Snapshot.Gateways.Find(slug) is { } routes ? routes.Organization.Id : OrganizationId.None;

    // The type is named: see CallRecord.
    private static ReadOnlyMemory<byte>? Head(byte[] body) => body.Length == 0 ? null : (ReadOnlyMemory<byte>?)body.AsMemory(0, Math.Min(body.Length, PayloadCapture.Limit));

    private long Microseconds(long from, long to) => (long)time.GetElapsedTime(from, to).TotalMicroseconds;

    /// <summary>Claims of the client's, made fit for a table, a log and a screen; the payload keeps them as they came.</summary>
    internal static string? Clean(string? text, int longest = LongestText)
    {
        if (text is null) return null;
        if (text.Length <= longest && !text.AsSpan().ContainsAny(Suspects)) return text;
        Span<char> clean = text.Length <= longest ? new char[text.Length] : new char[longest];
        for (int i = 0; i < clean.Length; i++)
        {
            bool paired = char.IsHighSurrogate(text[i]) && i + 1 < clean.Length && char.IsLowSurrogate(text[i + 1])
                || char.IsLowSurrogate(text[i]) && i > 0 && char.IsHighSurrogate(text[i - 1]);
            clean[i] = char.IsControl(text[i]) || char.IsSurrogate(text[i]) && !paired ? '\ufffd' : text[i];
        }

        return new string(clean);
    }
}
