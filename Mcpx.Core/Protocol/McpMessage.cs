namespace Mcpx.Core.Protocol;

public enum McpMessageKind
{
    Request,
    Notification,

    /// <summary>The client's answer to a request of the server's (session era).</summary>
    Response,
}

/// <summary>
/// What the gateway needs to know of one JSON-RPC message. The message itself stays the bytes that came: what we don't
/// know passes through untouched.
/// </summary>
public sealed class McpMessage
{
    public McpMessageKind Kind { get; internal set; }

    /// <summary>The id as it stands in the body, quotes included; empty for notifications.</summary>
    public ReadOnlyMemory<byte> Id { get; internal set; }

    /// <summary>Null for a response.</summary>
    public string? Method { get; internal set; }

    /// <summary><c>params.name</c>, unescaped.</summary>
    public string? Name { get; internal set; }

    /// <summary><c>params.uri</c>, unescaped.</summary>
    public string? Uri { get; internal set; }

    /// <summary>Where the value of <c>params.name</c> stands in the body, quotes included.</summary>
    public Range NameRange { get; internal set; }

    /// <summary><c>params._meta["io.modelcontextprotocol/protocolVersion"]</c>: its presence makes the request stateless.</summary>
    public string? MetaProtocolVersion { get; internal set; }

    public bool HasClientCapabilities { get; internal set; }

    /// <summary><c>params.protocolVersion</c> of <c>initialize</c>.</summary>
    public string? InitializeProtocolVersion { get; internal set; }

    /// <summary>What the client says it is: a claim, for display only.</summary>
    public string? ClientName { get; internal set; }

    public string? ClientVersion { get; internal set; }

    public bool HasProgressToken { get; internal set; }

    /// <summary><c>params._meta.traceparent</c> as it stands there.</summary>
    public string? TraceParent { get; internal set; }

    /// <summary>True when <c>params._meta</c> has a <c>traceparent</c>, <c>tracestate</c> or <c>baggage</c>, valid or not.</summary>
    public bool HasTrace { get; internal set; }

    /// <summary>True when the request repeats an earlier one with answers (<c>requestState</c>).</summary>
    public bool HasRequestState { get; internal set; }

    /// <summary>The tool, prompt or resource that the message names, for the record.</summary>
    public string? Target => Name ?? Uri;
}
