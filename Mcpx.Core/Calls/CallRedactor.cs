using Mcpx.Core.Redaction;

namespace Mcpx.Core.Calls;

/// <summary>
/// Takes out of records what rules say, between the journal and the database and nowhere else: on a call's path it would
/// cost its time, and behind the database it would be too late.
/// </summary>
public sealed class CallRedactor(IRedactionSource source, RedactionKeys keys, TimeProvider time)
{
    private const string ToolsList = "tools/list";

    /// <summary>For the texts of a call whose organisation is not known, where the payloads are withheld.</summary>
    private static readonly RuleSet Unknown = new(PayloadMode.Redacted, OrganizationRules.Default.Rules);

    /// <summary>The calls as they may be kept, in their order.</summary>
    /// <exception cref="OperationCanceledException">The rules were not read before <paramref name="cancellationToken"/> fired; nothing may be written.</exception>
    public async Task<IReadOnlyList<CallRecord>> RedactAsync(IReadOnlyList<CallRecord> calls, CancellationToken cancellationToken)
    {
        RedactionSnapshot snapshot = await source.GetAsync(cancellationToken);
        CallRecord[] redacted = new CallRecord[calls.Count];
        Dictionary<(RuleSet, RedactionKey?), Redactor> redactors = [];
        for (int i = 0; i < redacted.Length; i++)
        {
            CallRecord call = calls[i];
            OrganizationRedaction? rules = snapshot.Find(call.Organization);
            if (rules is null) keys.Forget(call.Organization);
            RedactionKey? key = rules is null ? null : await keys.GetAsync(call.Organization, cancellationToken);
            RuleSet own = rules is null ? Unknown : rules.For(call.Server, call.ServerSlug, call.GatewaySlug);
            if (!redactors.TryGetValue((own, key), out Redactor? redactor)) redactors[(own, key)] = redactor = new Redactor(own, key?.Values, time);
            redacted[i] = rules is null ? Withhold(call, redactor) : Redact(call, own, redactor, key);
        }

        return redacted;
    }

    private static CallRecord Withhold(CallRecord call, Redactor redactor)
    {
        List<RedactionFinding> found = [];
        if (call.Request is not null) found.Add(new(RecordPart.Request, Withholding.UnknownRules, RedactionEffect.Withheld, 1));
        if (call.Response is not null) found.Add(new(RecordPart.Response, Withholding.UnknownRules, RedactionEffect.Withheld, 1));
        return Describe(call with { Request = null, Response = null }, Unknown, redactor, found) with { Payloads = PayloadMode.Redacted, Redactions = found };
    }

    private static CallRecord Redact(CallRecord call, RuleSet rules, Redactor redactor, RedactionKey? key)
    {
        List<RedactionFinding> found = [];
        // Recorded without its payloads: the rules of today can't give them back.
        if (call.Payloads is PayloadMode.MetadataOnly) return Described(call, rules, redactor, found);
        bool keeps = rules.Payloads is not PayloadMode.MetadataOnly;
        CallRecord redacted = call with
        {
            Request = keeps ? Redact(call.Request, RecordPart.Request, rules, redactor, isToolList: false, found) : null,
            Response = keeps ? Redact(call.Response, RecordPart.Response, rules, redactor, call.Method is ToolsList, found) : null,
            RequestDigest = key?.Payloads.Of(call.Request),
            ResponseDigest = key?.Payloads.Of(call.Response),
            Payloads = rules.Payloads,
        };
        return Described(redacted, rules, redactor, found);
    }

    private static CallRecord Described(CallRecord call, RuleSet rules, Redactor redactor, List<RedactionFinding> found)
    {
        CallRecord redacted = Describe(call, rules, redactor, found);
        return found.Count == 0 ? redacted : redacted with { Redactions = found };
    }

    private static ReadOnlyMemory<byte>? Redact(ReadOnlyMemory<byte>? payload, RecordPart part, RuleSet rules, Redactor redactor, bool isToolList, List<RedactionFinding> found)
    {
        if (payload is not { } bytes) return null;
        RedactedPayload redacted = redactor.Redact(bytes, isToolList);
        found.AddRange(redacted.In(part, rules));
        return redacted.Bytes;
    }

    /// <summary>
    /// What the client named and why the call ended as it did: a resource's address may carry a secret in its query, and an
    /// organisation's policy engine may repeat an argument in its reason. Names of members, servers and rules are the organisation's own.
    /// </summary>
    private static CallRecord Describe(CallRecord call, RuleSet rules, Redactor redactor, List<RedactionFinding> found)
    {
        Dictionary<int, int>? counts = null;
        string? Clean(string? text) => redactor.Redact(text, ref counts);
        (string? tool, string? upstreamTool, string? method, string? reason) = (Clean(call.Tool), Clean(call.UpstreamTool), Clean(call.Method), Clean(call.Reason));
        (string? client, string? version, string endpoint) = (Clean(call.ClientName), Clean(call.ClientVersion), Clean(call.Endpoint)!);
        (string? server, string? gateway) = (Clean(call.ServerSlug), Clean(call.GatewaySlug));
        if (counts is null) return call;
        foreach ((int rule, int count) in counts.OrderBy(c => c.Key))
        {
            RedactedPayload one = new(null, null, [.. Enumerable.Range(0, rules.Rules.Count).Select(i => i == rule ? count : 0)]);
            found.AddRange(one.In(RecordPart.Details, rules));
        }

        return call with
        {
            Tool = tool, UpstreamTool = upstreamTool, Method = method, Reason = reason, ClientName = client, ClientVersion = version, Endpoint = endpoint, ServerSlug = server, GatewaySlug = gateway,
        };
    }
}
