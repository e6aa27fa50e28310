using System.Net.Http.Headers;
using Mcpx.Core.Egress;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>
/// One request to an upstream. It is made anew from what was read: no header of the client's reaches the upstream unless
/// it is named here.
/// </summary>
/// <param name="Body">The message; null for verbs without one.</param>
public sealed record OutboundRequest(HttpMethod Verb, Uri Url, ReadOnlyMemory<byte>? Body)
{
    public string? ProtocolVersion { get; init; }

    /// <summary>The upstream's own session id.</summary>
    public string? Session { get; init; }

    public string? Method { get; init; }

    /// <summary>Encoded as headers need it.</summary>
    public string? Name { get; init; }

    /// <summary><c>Mcp-Param-*</c>.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Parameters { get; init; } = [];

    public string? LastEventId { get; init; }

    /// <summary>True where the server is told which trace the message belongs to; see <see cref="TraceLink"/>.</summary>
    public bool PropagateTrace { get; init; }

    public HttpRequestMessage ToHttp()
    {
        HttpRequestMessage request = new(Verb, Url);
        HttpRequestHeaders headers = request.Headers;
        if (Body is { } body)
        {
            request.Content = new ReadOnlyMemoryContent(body);
            // As text, which is written as it is: a value that was parsed takes objects for each request.
            request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
            headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        }
        else
        {
            headers.TryAddWithoutValidation("Accept", "text/event-stream");
        }

        headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        headers.TryAddWithoutValidation("User-Agent", "mcpx");
        Add(headers, "MCP-Protocol-Version", ProtocolVersion);
        Add(headers, "Mcp-Session-Id", Session);
        Add(headers, "Mcp-Method", Method);
        Add(headers, "Mcp-Name", Name);
        Add(headers, "Last-Event-ID", LastEventId);
        if (PropagateTrace && Body is { } message) Add(headers, TraceContext.ParentKey, TraceLink.ParentIn(message));
        foreach ((string name, string value) in Parameters)
            Add(headers, name, value);
        return request;
    }

    private static void Add(HttpRequestHeaders headers, string name, string? value)
    {
        if (value is not null && OutboundHeaders.IsValidValue(value))
            headers.TryAddWithoutValidation(name, value);
    }
}
