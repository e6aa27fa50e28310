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
        CallProgress progress = context.Progress;
        Caller? caller = context.Caller;
        McpMessage? message = caller is null ? null : context.Message;
        OrganizationId organization = caller?.Organization ?? OrganizationOfPath(context);
        (ServerId? server, string? serverSlug) = (context.Route?.Server.Id, Clean(context.Route?.Server.Slug ?? (context.Endpoint.IsGateway ? null : context.Endpoint.Slug)));
        string? gatewaySlug = Clean(context.Gateway?.Gateway.Slug ?? (context.Endpoint.IsGateway ? context.Endpoint.Slug : null));
        // Somebody who is nobody must not be able to fill the audit with what they please.
        (ReadOnlyMemory<byte>? request, ReadOnlyMemory<byte>? response) = caller is null ? default : (Head(context.Body), progress.Response.Payload);
        RedactionKey? bare = BareKeyOf(context.Snapshot.Redactions.Find(organization)?.For(server, serverSlug, gatewaySlug), organization);
        long upstreamEnded = progress.UpstreamEnded == 0 && progress.UpstreamStarted != 0 ? time.GetTimestamp() : progress.UpstreamEnded;
        return new CallRecord
        {
            Id = context.Id,
            Time = context.Arrived.Time,
            Organization = organization,
            Endpoint = Clean(context.Endpoint.Path)!,
            Server = server,
            ServerSlug = serverSlug,
            Gateway = context.Gateway?.Gateway.Id,
            GatewaySlug = gatewaySlug,
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
            Request = bare is null ? request : null,
            Response = bare is null ? response : null,
            RequestDigest = bare?.Payloads.Of(request),
            ResponseDigest = bare?.Payloads.Of(response),
            Payloads = bare is null ? null : PayloadMode.MetadataOnly,
            Truncated = context.Body.Length > PayloadCapture.Limit || progress.Response.Truncated,
            Stage = context.IsAnnounced ? RecordStage.End : RecordStage.Whole,
            Facets = new CallFacets(
                message?.MetaProtocolVersion ?? context.Headers.ProtocolVersion ?? message?.InitializeProtocolVersion,
                context.Refusal?.Error.Code ?? progress.ErrorCode, context.FailureReason ?? context.Cause, VerdictOf(context.Decision)),
        };
    }

    /// <summary>
    /// Not null where the record gets digests in place of payloads. Where that can't be known at once the way to the database takes them off; what is
    /// left out here does not stand on this machine's disk either, however long the database is away.
    /// </summary>
    private RedactionKey? BareKeyOf(RuleSet? rules, OrganizationId organization) => rules is { Payloads: PayloadMode.MetadataOnly } ? keys.Known(organization) : null;

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
