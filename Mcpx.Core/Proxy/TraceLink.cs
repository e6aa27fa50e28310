using System.Diagnostics;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>
/// What a server learns of the trace that a call belongs to: nothing, unless its administrator opted in. The ids of one
/// organisation's traces tell another's server which calls belong together, and baggage is whatever somebody put there.
/// </summary>
internal static class TraceLink
{
    private static readonly JsonChange[] Without =
    [
        JsonChange.Remove("params", "_meta", TraceContext.ParentKey), JsonChange.Remove("params", "_meta", "tracestate"), JsonChange.Remove("params", "_meta", "baggage"),
    ];

    /// <summary>
    /// Puts the trace into the message that leaves, where MCP has its place (SEP-414): our span as the parent, without one the
    /// client's own. Where nobody opted in, what the client wrote there is taken out.
    /// </summary>
    /// <param name="span">The server's part of the call; null when none is made.</param>
    public static void Prepare(ProxyContext context, Activity? span)
    {
        if (context.Verb is not ProxyVerb.Message || context.Message is not { Method: not null } message) return;
        string? parent = context.Route is { Server.PropagateTrace: true } ? span?.Id ?? Valid(message.TraceParent ?? context.TraceParent) : null;
        if (parent is not null) context.UpstreamBody = JsonEdit.Apply(context.UpstreamBody.Span, JsonChange.Set(parent, "params", "_meta", TraceContext.ParentKey));
        else if (message.HasTrace) context.UpstreamBody = JsonEdit.Apply(context.UpstreamBody.Span, Without);
    }

    /// <summary>What the header says: the same as the message.</summary>
    public static string? ParentIn(ReadOnlyMemory<byte> message) => Valid(JsonEdit.FindText(message, "params", "_meta", TraceContext.ParentKey));

    private static string? Valid(string? parent) => TraceContext.IdOf(parent) is null ? null : parent;
}
