using System.Buffers;
using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.SampleHosting;

/// <summary>
/// Streamable HTTP in both eras on one address: sessions for clients that open with <c>initialize</c>, one exchange
/// per POST for those of 2026-07-28. The SDK does the protocol; the HTTP around it is here.
/// </summary>
internal sealed class McpEndpoint(SampleServer server, SessionTable sessions, IHostApplicationLifetime lifetime, ILoggerFactory loggerFactory)
{
    private const string SessionHeader = "Mcp-Session-Id";
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeHeaderValue EventStream = new("text/event-stream");

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(server.Path, Guarded(PostAsync));
        routes.MapGet(server.Path, Guarded(GetAsync));
        routes.MapDelete(server.Path, Guarded(DeleteAsync));
    }

    private RequestDelegate Guarded(RequestDelegate next) => context =>
    {
        if (server.Guard.Admits(context.Request.Headers))
            return next(context);

        context.Response.Headers.WWWAuthenticate = server.Guard.Challenge(context.Request);
        return Refusal.Unauthenticated().WriteAsync(context);
    };

    private async Task PostAsync(HttpContext context)
    {
        if (!Accepts(context.Request, Json) || !Accepts(context.Request, EventStream))
        {
            await Refusal.NotAcceptable("application/json and text/event-stream").WriteAsync(context);
            return;
        }
        if (!context.Request.HasJsonContentType())
        {
            await Refusal.UnsupportedMediaType().WriteAsync(context);
            return;
        }

        var (opening, unreadable) = await Opening.ReadAsync(context.Request, context.RequestAborted);
        if (opening is null)
            await unreadable!.WriteAsync(context);
        else if (OpeningRules.EraIsServed(server.Eras, opening.IsStateless, opening.HeaderVersion) is { } foreign)
            await foreign.WriteAsync(context, opening.Id);
        else if ((OpeningRules.Check(opening) ?? ParameterHeaders.Check(opening, server.CreateOptions().ToolCollection)) is { } refusal)
            await refusal.WriteAsync(context, opening.Id);
        else if (opening.IsStateless)
            await AnswerStatelessAsync(context, opening);
        else
            await AnswerInSessionAsync(context, opening);
    }

    private async Task AnswerStatelessAsync(HttpContext context, Opening opening)
    {
        await using var once = new McpSession(server, id: null, loggerFactory);
        await AnswerAsync(context, opening, once, first =>
        {
            // 2026-07-28 maps errors to statuses; the status line is still open until the first message.
            if (first is JsonRpcError { Error.Code: var code })
                context.Response.StatusCode = StatusOf((McpErrorCode)code);
            return ValueTask.CompletedTask;
        });
    }

    private async Task AnswerInSessionAsync(HttpContext context, Opening opening)
    {
        var id = context.Request.Headers[SessionHeader].ToString();
        var opens = opening.IsInitialize;
        if (id.Length == 0 && !opens)
        {
            await Refusal.SessionMissing().WriteAsync(context, opening.Id);
            return;
        }
        if (opens && !Opening.SessionVersions.Contains(Opening.Text(opening.Params!["protocolVersion"])))
        {
            // A version the client cannot have from us: answer with the newest it can, and let it decide (lifecycle, version negotiation).
            opening.Params!["protocolVersion"] = Opening.SessionVersions[^1];
        }

        var session = id.Length == 0 ? await sessions.OpenAsync(server) : sessions.Enter(id, server);
        if (session is null)
        {
            await Refusal.SessionNotFound().WriteAsync(context, opening.Id);
            return;
        }
        try
        {
            context.Response.Headers[SessionHeader] = session.Transport.SessionId;
            await AnswerAsync(context, opening, session, onResponseStarting: null);
        }
        finally
        {
            sessions.Leave(session);
        }
    }

    private static async Task AnswerAsync(HttpContext context, Opening opening, McpSession session, Func<JsonRpcMessage?, ValueTask>? onResponseStarting)
    {
        // In a session's initialize the body alone chooses the version.
        if (opening.HeaderVersion.Length > 0 && (opening.IsStateless || !opening.IsInitialize))
            opening.Message.Context = new JsonRpcMessageContext { ProtocolVersion = opening.HeaderVersion };

        PrepareStream(context);
        try
        {
            if (await session.Transport.HandlePostRequestAsync(opening.Message, context.Response.Body, onResponseStarting, context.RequestAborted))
                return;

            // A notification or a response: taken, nothing to say.
            context.Response.Headers.Remove(HeaderNames.ContentType);
            context.Response.StatusCode = StatusCodes.Status202Accepted;
        }
        catch (Exception gone) when (gone is OperationCanceledException or ObjectDisposedException or ChannelClosedException && (context.RequestAborted.IsCancellationRequested || session.IsClosed))
        {
            // The caller hung up, or DELETE closed the session under this request.
            if (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
                await Refusal.SessionNotFound().WriteAsync(context, opening.Id);
        }
    }

    private async Task GetAsync(HttpContext context)
    {
        if (!await IsSessionEraAsync(context))
            return;
        if (!Accepts(context.Request, EventStream))
        {
            await Refusal.NotAcceptable("text/event-stream").WriteAsync(context);
            return;
        }
        if (await EnterAsync(context) is not { } session)
            return;
        try
        {
            if (context.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } last)
            {
                await ResumeAsync(context, session, last);
                return;
            }
            if (!session.TryTakeStream())
            {
                await Refusal.StreamTaken().WriteAsync(context);
                return;
            }

            // Without ApplicationStopping an open stream would hold the shutdown until its time limit; without Closing, one
            // that loses the race with a DELETE would wait on a transport that nobody will ever end again.
            using var until = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping, session.Closing);
            context.Response.Headers[SessionHeader] = session.Transport.SessionId;
            PrepareStream(context);
            await session.Transport.HandleGetRequestAsync(context.Response.Body, until.Token);
        }
        catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
        {
            // The usual end of such a stream: client gone, session closed or shutdown.
        }
        finally
        {
            sessions.Leave(session);
        }
    }

    private async Task ResumeAsync(HttpContext context, McpSession session, string lastEventId)
    {
        var reader = server.Events is { } log ? await log.GetStreamReaderAsync(lastEventId, context.RequestAborted) : null;
        if (reader is null || reader.SessionId != session.Transport.SessionId)
        {
            await Refusal.EventUnknown().WriteAsync(context);
            return;
        }

        using var until = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping, session.Closing);
        PrepareStream(context);
        await SseFormatter.WriteAsync(reader.ReadEventsAsync(until.Token), context.Response.Body, Format, until.Token);
    }

    private static void Format(SseItem<JsonRpcMessage?> item, IBufferWriter<byte> output)
    {
        if (item.Data is null)
            return;

        using var json = new Utf8JsonWriter(output);
        JsonSerializer.Serialize(json, item.Data, McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage)));
    }

    private async Task DeleteAsync(HttpContext context)
    {
        if (await IsSessionEraAsync(context) && await EnterAsync(context) is { } session)
            await sessions.CloseAsync(session);
    }

    private async Task<bool> IsSessionEraAsync(HttpContext context)
    {
        var version = Opening.VersionOf(context.Request.Headers);
        var isStateless = Opening.IsStatelessVersion(version);
        var refusal = OpeningRules.VersionIsSpoken(version) ?? (server.Eras is ServedEras.Session ? OpeningRules.EraIsServed(server.Eras, isStateless, version) : null);
        if (refusal is null && (isStateless || server.Eras is ServedEras.Stateless))
        {
            context.Response.Headers.Allow = HttpMethods.Post;
            refusal = Refusal.PostOnly();
        }
        if (refusal is null)
            return true;

        await refusal.WriteAsync(context);
        return false;
    }

    private async Task<McpSession?> EnterAsync(HttpContext context)
    {
        var id = context.Request.Headers[SessionHeader].ToString();
        var session = id.Length == 0 ? null : sessions.Enter(id, server);
        if (session is null)
            await (id.Length == 0 ? Refusal.SessionMissing() : Refusal.SessionNotFound()).WriteAsync(context);
        return session;
    }

    private static bool Accepts(HttpRequest request, MediaTypeHeaderValue wanted) => request.GetTypedHeaders().Accept.Any(wanted.IsSubsetOf);

    private static void PrepareStream(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache, no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
    }

    private static int StatusOf(McpErrorCode code) => code switch
    {
        McpErrorCode.MethodNotFound => StatusCodes.Status404NotFound,
        McpErrorCode.HeaderMismatch or McpErrorCode.MissingRequiredClientCapability or McpErrorCode.UnsupportedProtocolVersion => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status200OK,
    };
}
