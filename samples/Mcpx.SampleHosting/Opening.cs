using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.SampleHosting;

/// <summary>How a POST opens: its message and what headers and body say about version, method and name.</summary>
internal sealed class Opening(IHeaderDictionary headers, JsonRpcMessage message)
{
    public static readonly string[] SessionVersions = ["2025-06-18", "2025-11-25"];
    public const string StatelessVersion = "2026-07-28";

    public IHeaderDictionary Headers => headers;

    public JsonRpcMessage Message => message;

    public RequestId Id => (message as JsonRpcRequest)?.Id ?? default;

    public string? Method => message switch
    {
        JsonRpcRequest request => request.Method,
        JsonRpcNotification notification => notification.Method,
        _ => null,
    };

    public JsonObject? Params => message switch
    {
        JsonRpcRequest request => request.Params as JsonObject,
        JsonRpcNotification notification => notification.Params as JsonObject,
        _ => null,
    };

    public JsonObject? Meta => Params?["_meta"] as JsonObject;

    public string HeaderVersion => VersionOf(headers);

    public string? MetaVersion => Text(Meta?[MetaKeys.ProtocolVersion]);

    public bool IsInitialize => message is JsonRpcRequest { Method: RequestMethods.Initialize };

    /// <summary>
    /// The era is read from each request, never remembered. <c>initialize</c> opens a session even under the newer
    /// version's header: the SDK's client sends it so when it falls back after a successful discover.
    /// </summary>
    public bool IsStateless => IsStatelessVersion(MetaVersion) || (IsStatelessVersion(HeaderVersion) && !IsInitialize);

    public static string VersionOf(IHeaderDictionary headers) => headers["MCP-Protocol-Version"].ToString();

    // Revisions are dates, so ordinal order is their order; one from the future is stateless too, and refused by its number.
    public static bool IsStatelessVersion(string? version) => string.CompareOrdinal(version, StatelessVersion) >= 0;

    public static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>Reads one JSON-RPC message, or says why the body is none.</summary>
    public static async Task<(Opening? Opening, Refusal? Refusal)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        JsonNode? node;
        try
        {
            // Two members of one name: one reader takes the first, the next takes the last, and a checked value is not the used one.
            var strict = new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 64 };
            node = await JsonNode.ParseAsync(request.Body, documentOptions: strict, cancellationToken: cancellationToken);
        }
        catch (BadHttpRequestException unread)
        {
            // Over the size limit, or cut off; Kestrel knows the status.
            return (null, new Refusal(unread.StatusCode, (int)McpErrorCode.InvalidRequest, unread.Message));
        }
        catch (JsonException)
        {
            return (null, Refusal.BadRequest(McpErrorCode.ParseError, "Parse error: the body is not JSON, or nests or repeats members."));
        }

        // Arrays were batches until 2025-03-26, which this server does not speak.
        if (node is not JsonObject)
            return (null, Refusal.BadRequest(McpErrorCode.InvalidRequest, "Invalid request: the body must be one JSON-RPC message."));
        try
        {
            var message = (JsonRpcMessage?)node.Deserialize(McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage)));
            return (new Opening(request.Headers, message!), null);
        }
        catch (JsonException)
        {
            return (null, Refusal.BadRequest(McpErrorCode.InvalidRequest, "Invalid request: the body must be one JSON-RPC message."));
        }
    }
}
