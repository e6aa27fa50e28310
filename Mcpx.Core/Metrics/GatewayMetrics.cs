using System.Diagnostics;
using System.Diagnostics.Metrics;
using Mcpx.Core.Calls;

namespace Mcpx.Core.Metrics;

/// <summary>
/// What the gateway counts, see docs/observability.md. While nobody listens, counting is one look at a flag; with a listener a
/// call makes no string and no box.
/// </summary>
public sealed class GatewayMetrics : ICallSink, IDisposable
{
    public const string MeterName = "mcpx";
    public const string ServerDuration = "mcp.server.operation.duration";
    public const string ClientDuration = "mcp.client.operation.duration";

    private const double MicrosecondsPerSecond = 1e6;

    private readonly CallLabels _labels;
    private readonly Histogram<double> _serverDuration;
    private readonly Histogram<double> _clientDuration;
    private readonly Counter<long> _calls;
    private readonly Counter<long> _decisions;
    private readonly Counter<long> _limited;

    public GatewayMetrics(CallLabels labels)
    {
        _labels = labels;
        Meter = new Meter(new MeterOptions(MeterName) { Version = typeof(GatewayMetrics).Assembly.GetName().Version?.ToString(3) });
        InstrumentAdvice<double> advice = new() { HistogramBucketBoundaries = DurationBuckets };
        _serverDuration = Meter.CreateHistogram(ServerDuration, "s", "From a message's arrival at the gateway until its answer ends.", tags: null, advice);
        _clientDuration = Meter.CreateHistogram(ClientDuration, "s", "From forwarding a message to its server until the server's answer ends.", tags: null, advice);
        _calls = Meter.CreateCounter<long>("mcpx.calls", "{call}", "Recorded calls by how they ended, streams and refusals included.");
        _decisions = Meter.CreateCounter<long>("mcpx.decisions", "{decision}", "What rules said of calls.");
        _limited = Meter.CreateCounter<long>("mcpx.limit.refusals", "{call}", "Calls that were refused for a limit, and not for a rule.");
    }

    /// <summary>As the conventions want them, in seconds.</summary>
    public static IReadOnlyList<double> DurationBuckets { get; } = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

    /// <summary>Of this gateway alone: another one in the same process has one of the same name.</summary>
    public Meter Meter { get; }

    public void CallFinished(CallRecord call)
    {
        if (!_calls.Enabled) return;
        string? organization = _labels.OrganizationOf(call);
        Count(call, organization);
        // A stream that stands open for hours is no operation, and neither is the verb that ends a session.
        if (call.Method is "GET" or "DELETE" or "subscriptions/listen") return;
        string method = CallLabels.MethodOf(call);
        string? tool = _labels.ToolOf(call);
        string? error = CallLabels.ErrorOf(call);
        Measure(_serverDuration, call.TotalMicroseconds, call, organization, method, tool, error);
        // What was refused on the last step says nothing of the server.
        if (call.UpstreamMicroseconds == 0 || call.Outcome is CallOutcome.Denied or CallOutcome.RateLimited) return;
        Measure(_clientDuration, call.UpstreamMicroseconds, call, organization, method, tool, error);
    }

    /// <summary>A call was refused without a record, since there is no room for one.</summary>
    public void CallUnrecorded() => _limited.Add(1, new KeyValuePair<string, object?>("mcpx.limit", CallCauses.Unrecorded));

    public void Dispose() => Meter.Dispose();

    private void Count(CallRecord call, string? organization)
    {
        TagList who = new();
        Add(ref who, "mcpx.organization", organization);
        Add(ref who, "mcpx.server", CallLabels.ServerOf(call));
        Add(ref who, "mcpx.gateway", CallLabels.GatewayOf(call));

        TagList outcome = who;
        outcome.Add("mcpx.outcome", CallLabels.WordOf(call.Outcome));
        _calls.Add(1, outcome);
        if (call.Facets.Verdict is not CallVerdict.None && CallLabels.RuleKindOf(call) is { } kind)
        {
            TagList decision = who;
            decision.Add("mcpx.decision", WordOf(call.Facets.Verdict));
            decision.Add("mcpx.rule.kind", kind);
            _decisions.Add(1, decision);
        }

        if (call.Outcome is not CallOutcome.RateLimited) return;
        who.Add("mcpx.limit", call.Facets.Cause ?? ToolLabels.Other);
        _limited.Add(1, who);
    }

    private static void Measure(
        Histogram<double> histogram, long microseconds, CallRecord call, string? organization, string method, string? tool, string? error)
    {
        // At most eight where all went well: a list of more tags is put on the heap.
        TagList tags = new() { { "mcp.method.name", method }, { "network.transport", "tcp" } };
        Add(ref tags, "mcpx.organization", organization);
        Add(ref tags, "mcpx.server", CallLabels.ServerOf(call));
        Add(ref tags, "mcpx.gateway", CallLabels.GatewayOf(call));
        Add(ref tags, "mcp.protocol.version", CallLabels.VersionOf(call));
        Add(ref tags, "gen_ai.tool.name", tool);
        if (tool is not null) tags.Add("gen_ai.operation.name", "execute_tool");
        Add(ref tags, "error.type", error);
        if (error is not null) Add(ref tags, "rpc.response.status_code", CallLabels.CodeOf(call));
        histogram.Record(microseconds / MicrosecondsPerSecond, tags);
    }

    private static void Add(ref TagList tags, string name, string? value)
    {
        if (value is not null) tags.Add(name, value);
    }

    private static string WordOf(CallVerdict verdict) => verdict switch
    {
        CallVerdict.Denied => "denied",
        CallVerdict.WouldBeDenied => "would_deny",
        _ => "allowed",
    };
}
