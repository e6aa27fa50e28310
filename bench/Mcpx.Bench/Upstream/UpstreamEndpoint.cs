using System.IO.Pipelines;
using Mcpx.Bench.Wire;
using Microsoft.AspNetCore.Http;

namespace Mcpx.Bench.Upstream;

/// <summary>Answers MCP in both eras, checks that it is called with its own credential, and counts.</summary>
internal sealed class UpstreamEndpoint(string secret)
{
    private const int HeaderMismatch = -32020;
    private const int MethodNotFound = -32601;
    private const int InvalidRequest = -32600;
    private const int UnsupportedVersion = -32022;
    private const string SessionPrefix = "bench-session-";

    private readonly string _authorization = "Bearer " + secret;
    private readonly UpstreamCounters _counters = new();
    private int _sessions;

    public async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        if (path == "/stats")
        {
            await context.Response.WriteAsJsonAsync(_counters.Read(), context.RequestAborted);
            return;
        }
        if (context.Request.Headers.Authorization != _authorization)
        {
            _counters.CredentialWrong();
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await ListenAsync(context, path);
            return;
        }
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }
        await AnswerAsync(context, await ReadAsync(context.Request.BodyReader, context.RequestAborted), path);
    }

    private static async Task<UpstreamRequest?> ReadAsync(PipeReader body, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken);
            if (read.IsCompleted)
            {
                var request = UpstreamRequest.Read(read.Buffer);
                body.AdvanceTo(read.Buffer.End);
                return request;
            }
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private Task ListenAsync(HttpContext context, string path)
    {
        if (!IsOnly(UpstreamEras.Stateless, path) && IsSession(context.Request.Headers[McpWire.SessionHeader]))
            return UpstreamStream.HoldAsync(context, ": open\n\n"u8.ToArray(), _counters);
        _counters.RequestRefused();
        context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        return Task.CompletedTask;
    }

    private Task AnswerAsync(HttpContext context, UpstreamRequest? read, string path)
    {
        if (read is not { } request) return RefuseAsync(context, [], StatusCodes.Status400BadRequest, InvalidRequest, "Not a JSON-RPC message");
        var sse = path.Contains("/sse/", StringComparison.Ordinal);
        var refusal = request.Stateless ? StatelessProblem(context, request, path) : SessionProblem(context, request, path);
        if (refusal is { } problem) return RefuseAsync(context, request.Id, problem.Status, problem.Code, problem.Message);
        if (request is { Method: "tools/call", Name: McpWire.ToolName, Nonce: not null })
        {
            _counters.CallAnswered();
            return request.Events > 1 ? UpstreamAnswer.WriteEventsAsync(context, request) : UpstreamAnswer.WriteEchoAsync(context, request, sse);
        }
        if (request.Id.Length == 0)
        {
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            return Task.CompletedTask;
        }
        if (request is { Method: "subscriptions/listen", Stateless: true })
            return UpstreamStream.HoldAsync(context, UpstreamStream.Acknowledgement(request.Id), _counters);
        if (UpstreamAnswer.ResultOf(request.Method, request.Stateless, ToolsOf(path)) is not { } result)
            return RefuseAsync(context, request.Id, request.Stateless ? 404 : 200, MethodNotFound, "Method not found");
        if (request.Method == "initialize") context.Response.Headers[McpWire.SessionHeader] = SessionPrefix + Interlocked.Increment(ref _sessions);
        return UpstreamAnswer.WriteResultAsync(context, request.Id, result, sse);
    }

    // A gateway that forgets or mixes up a required header must not look fast.
    private static (int Status, int Code, string Message)? StatelessProblem(HttpContext context, in UpstreamRequest request, string path)
    {
        if (IsOnly(UpstreamEras.Session, path)) return (400, InvalidRequest, "Unsupported protocol version");
        var headers = context.Request.Headers;
        if (headers["MCP-Protocol-Version"] != McpWire.StatelessVersion) return (400, HeaderMismatch, "MCP-Protocol-Version differs");
        if (headers["Mcp-Method"] != request.Method) return (400, HeaderMismatch, "Mcp-Method differs");
        return request.Name is not null && headers["Mcp-Name"] != request.Name ? (400, HeaderMismatch, "Mcp-Name differs") : null;
    }

    private (int Status, int Code, string Message)? SessionProblem(HttpContext context, in UpstreamRequest request, string path)
    {
        if (IsOnly(UpstreamEras.Stateless, path)) return (400, UnsupportedVersion, "Unsupported protocol version");
        if (request.Method == "initialize") return null;
        var session = context.Request.Headers[McpWire.SessionHeader];
        if (session.Count == 0) return (400, InvalidRequest, "Mcp-Session-Id is missing");
        return IsSession(session) ? null : (404, InvalidRequest, "Unknown session");
    }

    private bool IsSession(string? session) =>
        session is not null && session.StartsWith(SessionPrefix, StringComparison.Ordinal)
        && int.TryParse(session.AsSpan(SessionPrefix.Length), out var number) && number > 0 && number <= Volatile.Read(ref _sessions);

    private static bool IsOnly(UpstreamEras eras, string path) =>
        path.StartsWith(eras == UpstreamEras.Session ? "/session/" : "/stateless/", StringComparison.Ordinal);

    private static int ToolsOf(string path) => path.Split('/') is [_, _, _, var tools, ..] && int.TryParse(tools, out var number) ? number : 1;

    private Task RefuseAsync(HttpContext context, byte[] id, int status, int code, string message)
    {
        _counters.RequestRefused();
        return UpstreamAnswer.WriteErrorAsync(context, status, id, code, message);
    }
}
