using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Mcpx.Bench.Wire;

namespace Mcpx.Bench.Load;

/// <summary>A whole HTTP request, written once; only the id and the nonce of each call are stamped into it.</summary>
internal sealed class CallTemplate
{
    /// <summary>Ids start here, so that all have the same number of digits and the request keeps its length.</summary>
    public const long FirstId = 100_000_000_000;

    private const string IdSlot = "100000000000";
    private const string NonceSlot = "################";
    private const string StatelessMeta =
        $$$""","_meta":{"io.modelcontextprotocol/protocolVersion":"{{{McpWire.StatelessVersion}}}","io.modelcontextprotocol/clientInfo":{"name":"mcpx-bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}""";

    // One call at a time for each client: the token needs no number.
    private const string ProgressToken = $"\"progressToken\":\"{McpWire.ProgressToken}\"";

    private readonly byte[] _request;
    private readonly int _id;
    private readonly int _nonce;

    public CallTemplate(LoadTarget target, string? session)
    {
        var meta = MetaOf(target);
        var isList = target.ListedTools is not null;
        var (method, name) = isList ? ("tools/list", "") : ("tools/call", $"Mcp-Name: {target.Tool}\r\n");
        var parameters = isList
            ? $$"""{{{meta.TrimStart(',')}} }"""
            : $$"""{"name":"{{target.Tool}}","arguments":{"nonce":"{{NonceSlot}}","bytes":{{target.AnswerBytes}}{{(target.Events is { } events ? $",\"events\":{events}" : "")}} }{{meta}} }""";
        var body = $$"""{"jsonrpc":"2.0","id":{{IdSlot}},"method":"{{method}}","params":{{parameters}} }""";
        var headers = target.Era == WireEra.Stateless
            ? $"MCP-Protocol-Version: {McpWire.StatelessVersion}\r\nMcp-Method: {method}\r\n{name}"
            : SessionHeaders(session);
        _request = Encoding.ASCII.GetBytes(Post(target, headers, body));
        // Searched from the end: nothing before the body can then be taken for a slot.
        _id = _request.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(IdSlot));
        _nonce = _request.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(NonceSlot));
    }

    /// <summary>The request for one call; the same buffer each time, so one template serves one connection.</summary>
    public ReadOnlyMemory<byte> Stamp(long id, ulong nonce)
    {
        Utf8Formatter.TryFormat(id, _request.AsSpan(_id), out _);
        // A list has none.
        if (_nonce >= 0) FormatNonce(nonce, _request.AsSpan(_nonce));
        return _request;
    }

    public static void FormatNonce(ulong nonce, Span<byte> destination) =>
        nonce.TryFormat(destination, out _, "x16", CultureInfo.InvariantCulture);

    /// <summary>The two requests by which a session-era client opens.</summary>
    public static byte[] Initialize(LoadTarget target) => Encoding.ASCII.GetBytes(Post(
        target,
        "",
        $$$$"""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"{{{{McpWire.SessionVersion}}}}","capabilities":{},"clientInfo":{"name":"mcpx-bench","version":"1"}}}"""));

    public static byte[] Initialized(LoadTarget target, string? session) => Encoding.ASCII.GetBytes(Post(
        target, SessionHeaders(session), """{"jsonrpc":"2.0","method":"notifications/initialized"}"""));

    /// <summary>Opens the stream on which a session-era server speaks unasked.</summary>
    public static byte[] Listen(LoadTarget target, string? session) => Encoding.ASCII.GetBytes(
        $"GET {target.Endpoint.PathAndQuery} HTTP/1.1\r\nHost: {target.Endpoint.Authority}\r\nAuthorization: Bearer {target.Token}\r\n"
        + $"Accept: text/event-stream\r\n{SessionHeaders(session)}\r\n");

    private static string MetaOf(LoadTarget target) => (target.Era, target.Events) switch
    {
        (WireEra.Stateless, null) => StatelessMeta,
        (WireEra.Stateless, _) => StatelessMeta[..^1] + $",{ProgressToken}}}",
        (_, null) => "",
        _ => $",\"_meta\":{{{ProgressToken}}}",
    };

    private static string SessionHeaders(string? session) =>
        $"MCP-Protocol-Version: {McpWire.SessionVersion}\r\n" + (session is null ? "" : $"{McpWire.SessionHeader}: {session}\r\n");

    private static string Post(LoadTarget target, string headers, string body) =>
        $"POST {target.Endpoint.PathAndQuery} HTTP/1.1\r\nHost: {target.Endpoint.Authority}\r\n"
        + $"Authorization: Bearer {target.Token}\r\nContent-Type: application/json\r\n"
        + $"Accept: application/json, text/event-stream\r\n{headers}Content-Length: {body.Length}\r\n\r\n{body}";
}
