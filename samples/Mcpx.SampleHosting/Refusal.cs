using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.SampleHosting;

/// <summary>A request that never reaches the MCP server: the HTTP status and the JSON-RPC error that say why.</summary>
internal sealed record Refusal(int Status, int Code, string Message, JsonNode? Data = null)
{
    // Codes without a name in the specification: -32000 for the transport, -32001 as other SDKs say "Session not found".
    private const int Transport = -32000;

    public static Refusal BadRequest(McpErrorCode code, string message, JsonNode? data = null) =>
        new(StatusCodes.Status400BadRequest, (int)code, message, data);

    public static Refusal Unauthenticated() => new(StatusCodes.Status401Unauthorized, Transport, "Unauthorized: the credential is missing or wrong.");

    public static Refusal NotAcceptable(string wanted) => new(StatusCodes.Status406NotAcceptable, Transport, $"Not Acceptable: the client must accept {wanted}.");

    public static Refusal UnsupportedMediaType() => new(StatusCodes.Status415UnsupportedMediaType, Transport, "Unsupported Media Type: the body must be application/json.");

    public static Refusal VersionUnknown(string version, string[] known) =>
        new(StatusCodes.Status400BadRequest, Transport, $"Bad Request: Unsupported protocol version '{version}' (supported versions: {string.Join(", ", known)}).");

    public static Refusal PostOnly() => new(StatusCodes.Status405MethodNotAllowed, Transport, "Method Not Allowed: this protocol revision has POST only.");

    public static Refusal SessionMissing() => new(StatusCodes.Status400BadRequest, Transport, "Bad Request: the Mcp-Session-Id header is missing; begin with initialize.");

    public static Refusal SessionNotFound() => new(StatusCodes.Status404NotFound, -32001, "Session not found");

    public static Refusal StreamTaken() => new(StatusCodes.Status409Conflict, Transport, "Conflict: this session already had its GET stream.");

    public static Refusal EventUnknown() => new(StatusCodes.Status400BadRequest, Transport, "Bad Request: Last-Event-ID names no event of this session.");

    /// <param name="context">The exchange, whose response has not started.</param>
    /// <param name="id">The refused request's id; <see langword="default"/> (null on the wire) when it could not be read.</param>
    public Task WriteAsync(HttpContext context, RequestId id = default)
    {
        context.Response.StatusCode = Status;
        context.Response.ContentType = "application/json";
        var error = new JsonRpcError { Id = id, Error = new JsonRpcErrorDetail { Code = Code, Message = Message, Data = Data } };
        return JsonSerializer.SerializeAsync(context.Response.Body, error, McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcError)), context.RequestAborted);
    }
}
