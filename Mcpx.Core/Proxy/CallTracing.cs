using System.Diagnostics;
using Mcpx.Core.Calls;
using Mcpx.Core.Metrics;
using Mcpx.Core.Protocol;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Spans of calls, in the words of OpenTelemetry's conventions for MCP: one for the call, one for each stage of its path, one for
/// what its server does. Never of arguments, answers, session ids or addresses of resources. While nobody listens, all of it is
/// one look at a flag.
/// </summary>
public sealed class CallTracing(CallLabels labels) : IDisposable
{
    public const string SourceName = "mcpx";

    private const string Outcome = "mcpx.outcome";

    private readonly ActivitySource _source = new(SourceName, typeof(CallTracing).Assembly.GetName().Version?.ToString(3));

    public bool IsOn => _source.HasListeners();

    /// <summary>Begins the call's span, as a part of the trace that the client names.</summary>
    internal Activity? BeginCall(ProxyContext context)
    {
        // A span of the web server's would take the client's place, and nobody exports it.
        Activity.Current = null;
        string? claimed = context.Message?.TraceParent ?? context.TraceParent;
        bool isJoined = ActivityContext.TryParse(TraceContext.IdOf(claimed) is null ? null : claimed, traceState: null, isRemote: true, out ActivityContext parent);
        return _source.StartActivity("mcp", ActivityKind.Server, isJoined ? parent : default);
    }

    /// <summary>Null where the call is not sampled.</summary>
    internal Activity? BeginStage(ProxyContext context, string stage) =>
        context.Trace is { } call ? _source.StartActivity(stage, ActivityKind.Internal, call.Context) : null;

    /// <summary>The server's part, a child of the stage that forwards.</summary>
    internal Activity? BeginUpstream(ProxyContext context)
    {
        if (context.Trace is not { } call) return null;
        Activity? span = _source.StartActivity("mcp", ActivityKind.Client, (Activity.Current ?? call).Context);
        if (span is not { IsAllDataRequested: true }) return span;
        UpstreamServer server = context.Route!.Server;
        span.SetTag("server.address", server.Url.IdnHost).SetTag("server.port", server.Url.Port).SetTag("mcpx.server", server.Slug);
        return span;
    }

    /// <summary>Says how the server's part went, and ends its span.</summary>
    internal static void EndUpstream(ProxyContext context, Activity? span)
    {
        if (span is null) return;
        if (span.IsAllDataRequested)
        {
            string method = CallLabels.MethodNamed(context.Message?.Method);
            span.DisplayName = method;
            span.SetTag("mcp.method.name", method).SetTag("network.transport", "tcp");
            if (method == CallLabels.ToolsCall && (context.UpstreamName ?? context.Message?.Name) is { } tool)
                span.SetTag("gen_ai.tool.name", RecordMaker.Clean(tool)).SetTag("gen_ai.operation.name", "execute_tool");
            bool isLeft = context.Progress.UpstreamEnded == 0 && context.ClientGone.IsCancellationRequested;
            Fail(span, context.FailureReason ?? (isLeft ? CallOutcome.ClientAborted : context.Progress.Outcome) switch
            {
                CallOutcome.Ok => null,
                CallOutcome.ToolError => "tool_error",
                var other => CallLabels.WordOf(other),
            });
        }

        span.Dispose();
    }

    /// <summary>Says on the call's span what its record says.</summary>
    internal void Describe(ProxyContext context, CallRecord call)
    {
        if (context.Trace is not { IsAllDataRequested: true } span) return;
        string method = CallLabels.MethodOf(call);
        string? label = labels.ToolOf(call);
        span.DisplayName = label is null or ToolLabels.Other ? method : $"{method} {label}";
        span.SetTag("mcp.method.name", method).SetTag("network.transport", "tcp").SetTag(Outcome, CallLabels.WordOf(call.Outcome)).SetTag("mcpx.call.id", call.Id.ToString());
        if (label is not null) span.SetTag("gen_ai.tool.name", call.Tool).SetTag("gen_ai.operation.name", "execute_tool");
        // A tag that is null is none.
        span.SetTag("mcp.protocol.version", CallLabels.VersionOf(call)).SetTag("mcpx.organization", labels.OrganizationOf(call));
        span.SetTag("mcpx.server", CallLabels.ServerOf(call)).SetTag("mcpx.gateway", CallLabels.GatewayOf(call)).SetTag("mcpx.rule.kind", CallLabels.RuleKindOf(call));
        span.SetTag("rpc.response.status_code", CallLabels.CodeOf(call));
        Fail(span, CallLabels.ErrorOf(call));
    }

    /// <summary>Ends the call's span.</summary>
    internal static void EndCall(ProxyContext context, Activity span)
    {
        // A call that could not be recorded says no more than that.
        if (span.IsAllDataRequested && span.GetTagItem(Outcome) is null)
        {
            span.SetTag(Outcome, CallLabels.WordOf(context.Progress.Outcome));
            Fail(span, CallCauses.Unrecorded);
        }

        span.Dispose();
    }

    public void Dispose() => _source.Dispose();

    private static void Fail(Activity span, string? error)
    {
        if (error is null) return;
        span.SetTag("error.type", error);
        span.SetStatus(ActivityStatusCode.Error);
    }
}
