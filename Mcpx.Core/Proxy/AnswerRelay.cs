using System.Buffers;
using System.Net;
using Mcpx.Core.Calls;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Brings an upstream's answer to the client. Bytes pass as they come; what ends the call (the last piece of a JSON
/// answer, the event with the result) waits until the record is durable.
/// </summary>
public sealed class AnswerRelay(SessionHandles sessions, TimeProvider time)
{
    /// <summary>Longest answer of one call.</summary>
    public const int LongestAnswer = 10 << 20;

    private const int PieceSize = 32 << 10;

    /// <summary>Proxies and clients drop a silent connection; a comment keeps it open and means nothing.</summary>
    private static readonly TimeSpan KeepAliveEvery = TimeSpan.FromSeconds(15);
    private static readonly byte[] KeepAlive = ": keep-alive\n\n"u8.ToArray();

    private static readonly KeyValuePair<string, string>[] StreamHeaders =
        [new("Cache-Control", "no-store"), new("X-Accel-Buffering", "no")];

    public async Task RelayAsync(ProxyContext context, HttpResponseMessage answer, CallDeadline deadline)
    {
        deadline.Expect(CallDeadline.Idle);
        int status = (int)answer.StatusCode;
        RefuseUnusable(answer, status);
        List<KeyValuePair<string, string>> headers = HeadersOf(context, answer);
        await using Stream body = await answer.Content.ReadAsStreamAsync(deadline.Token);
        string? type = answer.Content.Headers.ContentType?.MediaType;
        if (type == "text/event-stream") await RelayEventsAsync(context, status, body, headers, deadline);
        else if (type == "application/json") await RelayJsonAsync(context, status, answer.Content.Headers.ContentLength, body, headers, deadline);
        else await RelayEmptyAsync(context, status, type, body, headers, deadline);
    }

    /// <summary>Answers that must not reach the client as they are.</summary>
    private static void RefuseUnusable(HttpResponseMessage answer, int status)
    {
        if (status is >= 300 and < 400)
            throw new UpstreamAnswerException($"The server redirects ({status}); enter the address it redirects to.");
        if (answer.Content.Headers.ContentEncoding.Any(e => e != "identity"))
            throw new UpstreamAnswerException("The server compressed an answer though it was asked not to.");
        // Relayed as it is, it would start the client's sign-in against the gateway for a credential that is ours.
        if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.ProxyAuthenticationRequired)
            throw new UpstreamRefusedException(status);
    }

    private List<KeyValuePair<string, string>> HeadersOf(ProxyContext context, HttpResponseMessage answer)
    {
        List<KeyValuePair<string, string>> headers = [];
        if (context.Era is ProtocolEra.Session && answer.Headers.TryGetValues("Mcp-Session-Id", out IEnumerable<string>? ids))
        {
            string session = string.Join(',', ids);
            headers.Add(new("Mcp-Session-Id", session == context.UpstreamSession
                ? context.Headers.SessionId!
                : sessions.Wrap(context.Caller!, context.Route!.Server.Id, session)));
        }

        return headers;
    }

    private async Task RelayJsonAsync(ProxyContext context, int status, long? length, Stream body, List<KeyValuePair<string, string>> headers, CallDeadline deadline)
    {
        if (length > LongestAnswer) throw TooLong();
        // Two pieces: one is held back until we know whether it is the last.
        byte[] held = ArrayPool<byte>.Shared.Rent(PieceSize);
        byte[] next = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            int count = await FillAsync(body, held, deadline);
            bool whole = count < held.Length;
            if (context.Rewrite is not null && !whole)
            {
                ReadOnlyMemory<byte> all = await ReadAllAsync(body, held.AsMemory(0, count), deadline);
                await FinishJsonAsync(context, status, Rewritten(context, all), headers, deadline);
                return;
            }

            ReadOnlyMemory<byte> first = held.AsMemory(0, count);
            AnswerKind kind = AnswerPeek.KindOf(first.Span);
            if (kind is AnswerKind.Garbage) throw NotJsonRpc(status);
            if (whole)
            {
                await FinishJsonAsync(context, status, context.Rewrite is null ? first : Rewritten(context, first), headers, deadline);
                return;
            }

            context.Progress.Status = status;
            context.Response.Start(status, "application/json", length, headers);
            while (count > 0)
            {
                int following = await FillAsync(body, next, deadline);
                context.Progress.Response.Add(held.AsSpan(0, count));
                context.Progress.ResponseBytes += count;
                if (context.Progress.ResponseBytes > LongestAnswer) throw TooLong();
                if (following == 0)
                {
                    End(context, AnswerPeek.OutcomeOf(kind, context.Progress.Response.Kept.Span));
                    await context.Progress.Settle!();
                }

                await context.Response.WriteAsync(held.AsMemory(0, count), deadline.Token);
                (held, next, count) = (next, held, following);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(held);
            ArrayPool<byte>.Shared.Return(next);
        }
    }

    private async Task FinishJsonAsync(ProxyContext context, int status, ReadOnlyMemory<byte> answer, List<KeyValuePair<string, string>> headers, CallDeadline deadline)
    {
        AnswerKind kind = AnswerPeek.KindOf(answer.Span);
        if (kind is AnswerKind.Garbage) throw NotJsonRpc(status);
        context.Progress.Status = status;
        context.Progress.ResponseBytes = answer.Length;
        context.Progress.Response.Add(answer.Span);
        End(context, status >= 500 ? CallOutcome.UpstreamError : AnswerPeek.OutcomeOf(kind, answer.Span));
        await context.Progress.Settle!();
        context.Response.Start(status, "application/json", answer.Length, headers);
        await context.Response.WriteAsync(answer, deadline.Token);
    }

    /// <summary>Also with a status other than 200: official servers answer a modern 404 as an event stream.</summary>
    private async Task RelayEventsAsync(ProxyContext context, int status, Stream body, List<KeyValuePair<string, string>> headers, CallDeadline deadline)
    {
        using SseEventReader events = new();
        context.Progress.Status = status;
        bool answered = context.Message!.Kind is not McpMessageKind.Request;
        while (true)
        {
            int read = await ReadEventsAsync(context, body, events, deadline);
            if (read > 0) events.Advance(read);
            while (events.TryRead(out ReadOnlyMemory<byte> @event))
                answered |= await RelayEventAsync(context, @event, headers, deadline);
            if (events.PendingBytes > LongestAnswer) throw TooLong();
            if (read == 0) break;
        }

        // A last event without its blank line is none (WHATWG HTML, 9.2.6); it is dropped like a client would.
        if (!answered) throw new UpstreamAnswerException("The server ended its stream without an answer.");
        End(context, context.Progress.Outcome);
        await context.Progress.Settle!();
        StartStream(context, headers);
    }

    private static void StartStream(ProxyContext context, List<KeyValuePair<string, string>> headers)
    {
        if (!context.Response.HasStarted)
            context.Response.Start(context.Progress.Status, "text/event-stream", null, [.. headers, .. StreamHeaders]);
    }

    /// <summary>True when the event carried the answer.</summary>
    private async Task<bool> RelayEventAsync(ProxyContext context, ReadOnlyMemory<byte> @event, List<KeyValuePair<string, string>> headers, CallDeadline deadline)
    {
        ReadOnlyMemory<byte> data = SseEventReader.DataOf(@event);
        AnswerKind kind = data.IsEmpty ? AnswerKind.Interim : AnswerPeek.KindOf(data.Span);
        // Servers also send events of their own, a ping for instance, which clients ignore (WHATWG HTML, 9.2.6).
        if (kind is AnswerKind.Garbage && !SseEventReader.IsMessage(@event.Span)) kind = AnswerKind.Interim;
        if (kind is AnswerKind.Garbage) throw NotJsonRpc(context.Progress.Status);
        bool isAnswer = kind is AnswerKind.Result or AnswerKind.Error;
        if (isAnswer && context.Rewrite is not null)
        {
            data = Rewritten(context, data);
            @event = ToEvent(data);
        }

        context.Progress.Response.Add(@event.Span);
        context.Progress.ResponseBytes += @event.Length;
        if (isAnswer)
        {
            End(context, AnswerPeek.OutcomeOf(kind, data.Span));
            await context.Progress.Settle!();
        }

        StartStream(context, headers);
        await context.Response.WriteAsync(@event, deadline.Token);
        return isAnswer;
    }

    private async Task<int> ReadEventsAsync(ProxyContext context, Stream body, SseEventReader events, CallDeadline deadline)
    {
        deadline.Expect(CallDeadline.Idle);
        ValueTask<int> pending = body.ReadAsync(events.GetMemory(PieceSize), deadline.Token);
        if (pending.IsCompleted) return await pending;
        Task<int> reading = pending.AsTask();
        while (true)
        {
            try
            {
                return await reading.WaitAsync(KeepAliveEvery, time, CancellationToken.None);
            }
            catch (TimeoutException) when (!reading.IsCompleted)
            {
                if (context.Response.HasStarted) await context.Response.WriteAsync(KeepAlive, deadline.Token);
            }
        }
    }

    /// <summary>202 for notifications and answers of the client, and refusals without a message.</summary>
    private async Task RelayEmptyAsync(ProxyContext context, int status, string? type, Stream body, List<KeyValuePair<string, string>> headers, CallDeadline deadline)
    {
        if (context.Message!.Kind is McpMessageKind.Request && status is not 404)
            throw new UpstreamAnswerException($"The server answered {status} {type ?? "without a content type"}, not JSON or an event stream.");
        // A text behind it is not the protocol's; it stays here.
        byte[] drain = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            await FillAsync(body, drain, deadline);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(drain);
        }

        context.Progress.Status = status;
        End(context, status < 400 ? CallOutcome.Ok : status >= 500 ? CallOutcome.UpstreamError : CallOutcome.ToolError);
        await context.Progress.Settle!();
        context.Response.Start(status, null, 0, headers);
        await context.Response.WriteAsync(default, deadline.Token);
    }

    private static async Task<int> FillAsync(Stream body, byte[] buffer, CallDeadline deadline)
    {
        int count = 0;
        while (count < buffer.Length)
        {
            deadline.Expect(CallDeadline.Idle);
            int read = await body.ReadAsync(buffer.AsMemory(count), deadline.Token);
            if (read == 0) break;
            count += read;
        }

        return count;
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAllAsync(Stream body, ReadOnlyMemory<byte> start, CallDeadline deadline)
    {
        using MemoryStream all = new();
        all.Write(start.Span);
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            int count;
            while ((count = await FillAsync(body, piece, deadline)) > 0)
            {
                all.Write(piece, 0, count);
                if (all.Length > LongestAnswer) throw TooLong();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }

        return all.ToArray();
    }

    private static ReadOnlyMemory<byte> Rewritten(ProxyContext context, ReadOnlyMemory<byte> answer) => context.Rewrite!(answer);

    private static byte[] ToEvent(ReadOnlyMemory<byte> data)
    {
        // The rewritten JSON is one value: a line end inside it is white space, and as data it would end the line.
        byte[] @event = new byte["event: message\ndata: "u8.Length + data.Length + 2];
        "event: message\ndata: "u8.CopyTo(@event);
        Span<byte> copy = @event.AsSpan("event: message\ndata: "u8.Length, data.Length);
        data.Span.CopyTo(copy);
        copy.Replace((byte)'\n', (byte)' ');
        copy.Replace((byte)'\r', (byte)' ');
        @event[^2] = @event[^1] = (byte)'\n';
        return @event;
    }

    private void End(ProxyContext context, CallOutcome outcome)
    {
        context.Progress.Outcome = outcome;
        if (context.Progress.UpstreamEnded == 0) context.Progress.UpstreamEnded = time.GetTimestamp();
    }

    private static UpstreamAnswerException TooLong() => new($"The server's answer is longer than {LongestAnswer >> 20} MiB.");

    private static UpstreamAnswerException NotJsonRpc(int status) => new($"The server's answer ({status}) is not a JSON-RPC message.");
}
