using Mcpx.Core.Calls;
using Mcpx.Core.Protocol;
using Mcpx.Core.Proxy;
using Mcpx.Web.Authentication;
using Mcpx.Web.Hosting;
using Microsoft.Extensions.Primitives;

namespace Mcpx.Web.Proxy;

/// <summary>Turns an HTTP request into a <see cref="ProxyContext"/> and lets the pipeline answer it.</summary>
internal sealed class McpRequestHandler(ProxyPipeline pipeline, SnapshotKeeper snapshots, PublicAddress address, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private const string ParameterHeaderPrefix = "Mcp-Param-";
    private const int LongestSlug = 63;

    private readonly Func<ProxySnapshot> _newest = () => snapshots.Current;

    public async Task HandleAsync(HttpContext http, bool isGateway)
    {
        if (!snapshots.IsLoaded)
        {
            await AnswerAsync(http, ProxyErrors.NotReady);
            return;
        }

        ProxyVerb? asked = VerbOf(http.Request);
        McpError? barred = asked is null ? ProxyErrors.WrongVerb
            // A web page in the browser of somebody who can reach us must not be able to speak for them (DNS rebinding).
            : address.AllowsOrigin(http.Request.Headers.Origin) ? null : ProxyErrors.ForeignOrigin;
        ProxyVerb verb = asked ?? ProxyVerb.Message;
        if (barred is not null)
        {
            await pipeline.InvokeAsync(ToContext(http, isGateway, verb, barred, http.RequestAborted));
            return;
        }

        if (verb is ProxyVerb.Message)
        {
            (byte[] body, McpError? tooLong) = await RequestBody.ReadAsync(http);
            await ServeAsync(http, ToContext(http, isGateway, body, tooLong));
            return;
        }

        await ServeAsync(http, ToContext(http, isGateway, verb, null, http.RequestAborted));
    }

    private ValueTask ServeAsync(HttpContext http, ProxyContext context) => context.IsStanding ? ServeStandingAsync(http, context) : pipeline.InvokeAsync(context);

    private async ValueTask ServeStandingAsync(HttpContext http, ProxyContext context)
    {
        // A stream that stands open must not hold up a shutdown: the client opens it again at another replica.
        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        context.ClientGone = gone.Token;
        await pipeline.InvokeAsync(context);
    }

    /// <summary>Null for what the endpoint does not take; the stateless era takes POST only (MCP 2026-07-28, Transports).</summary>
    private static ProxyVerb? VerbOf(HttpRequest request)
    {
        if (HttpMethods.IsPost(request.Method)) return ProxyVerb.Message;
        if (ProtocolVersions.StatelessEra.Contains(request.Headers["MCP-Protocol-Version"].ToString())) return null;
        return HttpMethods.IsGet(request.Method) ? ProxyVerb.Stream : HttpMethods.IsDelete(request.Method) ? ProxyVerb.EndSession : null;
    }

    private ProxyContext ToContext(HttpContext http, bool isGateway, ProxyVerb verb, McpError? barred, CancellationToken gone)
    {
        McpHeaders headers = HeadersOf(http.Request.Headers);
        string accept = http.Request.Headers.Accept.ToString();
        bool takesEvents = verb is ProxyVerb.EndSession || accept.Contains("text/", StringComparison.OrdinalIgnoreCase) || accept.Contains("*/*", StringComparison.Ordinal);
        return new ProxyContext
        {
            Endpoint = AddressOf(http, isGateway),
            Verb = verb,
            Body = [],
            Barred = barred,
            Malformed = takesEvents ? EraRules.CheckSession(headers) : new McpError(406, McpErrorCodes.InvalidRequest, "Accept must name text/event-stream."),
            Headers = headers,
            LastEventId = One(http.Request.Headers["Last-Event-ID"]),
            Credential = BearerToken.Of(http.Request.Headers.Authorization),
            RemoteAddress = http.Connection.RemoteIpAddress,
            UserAgent = http.Request.Headers.UserAgent,
            Response = new HttpProxyResponse(http, time),
            ClientGone = gone,
            Snapshot = snapshots.Current,
            Newest = _newest,
        };
    }

    private static McpHeaders HeadersOf(IHeaderDictionary requested) =>
        new(One(requested["MCP-Protocol-Version"]), One(requested["Mcp-Method"]), One(requested["Mcp-Name"]), One(requested["Mcp-Session-Id"]));

    private ProxyContext ToContext(HttpContext http, bool isGateway, byte[] body, McpError? tooLong)
    {
        IHeaderDictionary requested = http.Request.Headers;
        McpHeaders headers = HeadersOf(requested);
        McpError? malformed = tooLong ?? CheckMediaTypes(http.Request);
        McpMessage? message = null;
        ReadOnlyMemory<byte> id = default;
        ProtocolEra era = default;
        if (malformed is null && McpMessageReader.TryRead(body, out message, out malformed, out id))
            malformed = EraRules.Check(message, headers, out era);

        return new ProxyContext
        {
            Endpoint = AddressOf(http, isGateway),
            Body = body,
            Message = message,
            Malformed = malformed,
            RequestId = id,
            Era = era,
            Headers = headers,
            TraceParent = One(requested["traceparent"]),
            ParameterHeaders = era is ProtocolEra.Stateless ? ParametersOf(requested) : [],
            Credential = BearerToken.Of(requested.Authorization),
            RemoteAddress = http.Connection.RemoteIpAddress,
            UserAgent = requested.UserAgent,
            Response = new HttpProxyResponse(http, time),
            ClientGone = http.RequestAborted,
            Snapshot = snapshots.Current,
            Newest = _newest,
        };
    }

    private static EndpointAddress AddressOf(HttpContext http, bool isGateway)
    {
        string slug = (string)http.Request.RouteValues["slug"]!;
        return new EndpointAddress((string?)http.Request.RouteValues["org"], isGateway, slug.Length <= LongestSlug ? slug : slug[..LongestSlug], http.Request.Path.Value!);
    }

    /// <summary>MCP 2025-11-25, Transports, "Sending Messages": JSON goes in, and the client takes JSON and event streams.</summary>
    private static McpError? CheckMediaTypes(HttpRequest request)
    {
        string? type = request.ContentType;
        if (!IsJson(type))
            return new McpError(415, McpErrorCodes.InvalidRequest, "The Content-Type must be application/json.");
        string accept = request.Headers.Accept.ToString();
        bool takesBoth = accept.Length == 0 || accept.Contains("*/*", StringComparison.Ordinal)
            || accept.Contains("application/", StringComparison.OrdinalIgnoreCase) && accept.Contains("text/", StringComparison.OrdinalIgnoreCase);
        return takesBoth ? null : new McpError(406, McpErrorCodes.InvalidRequest, "Accept must name application/json and text/event-stream.");
    }

    /// <summary>With or without parameters; parsed by hand, since every call passes here.</summary>
    private static bool IsJson(ReadOnlySpan<char> type)
    {
        const string json = "application/json";
        type = type.TrimStart();
        return type.StartsWith(json, StringComparison.OrdinalIgnoreCase) && (type.Length == json.Length || type[json.Length] is ';' or ' ' or '\t');
    }

    private static List<KeyValuePair<string, string>> ParametersOf(IHeaderDictionary headers)
    {
        List<KeyValuePair<string, string>> parameters = [];
        foreach ((string name, StringValues value) in headers)
        {
            if (name.StartsWith(ParameterHeaderPrefix, StringComparison.OrdinalIgnoreCase))
                parameters.Add(new(name, value.ToString()));
        }

        return parameters;
    }

    private static string? One(StringValues values) => values.Count == 0 ? null : values.ToString();

    private static async Task AnswerAsync(HttpContext http, McpError error)
    {
        byte[] body = error.ToJson(default);
        http.Response.StatusCode = error.Status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }
}
