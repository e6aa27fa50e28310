using Mcpx.Core.Calls;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Relays an answer that is a stream of server-sent events, event by event and at once. Also with a status other than
/// 200: official servers answer a stateless 404 as an event stream.
/// </summary>
public sealed class EventRelay(TimeProvider time)
{
    /// <summary>Proxies and clients drop a silent connection; a comment keeps it open and means nothing.</summary>
    private static readonly TimeSpan KeepAliveEvery = TimeSpan.FromSeconds(15);
    private static readonly byte[] KeepAlive = ": keep-alive\n\n"u8.ToArray();

    private static readonly KeyValuePair<string, string>[] StreamHeaders =
        [new("Cache-Control", "no-store"), new("X-Accel-Buffering", "no")];

    public async Task RelayAsync(ProxyContext context, Stream body, List<KeyValuePair<string, string>> headers, CallDeadline deadline)
    {
        using SseEventReader events = new();
        headers.AddRange(StreamHeaders);
        if (!context.IsRequest) await OpenAsync(context, headers, deadline);
        bool answered = !context.IsRequest;
        bool resumable = false;
        bool ended = false;
        // What stays open by intent has no length that could be too long.
        long left = context.IsStanding ? long.MaxValue : BodyPieces.LongestAnswer(context);
        while (!ended)
        {
            int read = await ReadAsync(context, body, events, deadline);
            events.Advance(read);
            if ((left -= read) < 0) throw BodyPieces.TooLong(BodyPieces.LongestAnswer(context));
            ended = read == 0;
            // What came together goes on together: a server that floods costs a write for each reading, not for each event.
            int waiting = 0;
            while (!ended && events.TryRead(out ReadOnlyMemory<byte> @event))
            {
                resumable |= SseEventReader.HasId(@event.Span);
                if (!IsAnswer(context, @event, out ReadOnlyMemory<byte> data, out AnswerKind kind) && !HoldsTask(context, data))
                {
                    Note(context, @event.Span);
                    waiting += @event.Length;
                    continue;
                }

                await WriteAsync(context, events.Last(waiting + @event.Length)[..waiting], headers, deadline);
                waiting = 0;
                // The answer ends the call, whatever the server still says or how long it keeps the stream open.
                if (await RelayChangedAsync(context, @event, data, kind, headers, deadline)) answered = ended = true;
            }

            await WriteAsync(context, events.Last(waiting), headers, deadline);
            if (events.PendingBytes > BodyPieces.LongestHeld) throw BodyPieces.TooLong(BodyPieces.LongestHeld);
        }

        // A last event without its blank line is none (WHATWG HTML, 9.2.6); it is dropped like a client would. A stream
        // whose events have ids may end early: the client comes back for the rest (MCP 2025-11-25, "Resumability").
        if (!answered && !resumable) throw new UpstreamAnswerException("The server ended its stream without an answer.");
        context.Progress.End(context.Progress.Outcome, time);
        await context.Progress.Settle!();
    }

    /// <summary>
    /// A stream that answers nothing in particular is recorded when it opens: it may stay open for days, and its end
    /// may be the end of this process.
    /// </summary>
    private async Task OpenAsync(ProxyContext context, List<KeyValuePair<string, string>> headers, CallDeadline deadline)
    {
        context.Progress.End(context.Progress.Status >= 500 ? CallOutcome.UpstreamError : CallOutcome.Ok, time);
        await context.Progress.Settle!();
        context.Response.Start(context.Progress.Status, "text/event-stream", null, headers);
        await context.Response.WriteAsync(default, deadline.Token);
    }

    private static bool IsAnswer(ProxyContext context, ReadOnlyMemory<byte> @event, out ReadOnlyMemory<byte> data, out AnswerKind kind)
    {
        data = SseEventReader.DataOf(@event);
        kind = KindOf(context, @event.Span, data.Span);
        return kind is AnswerKind.Result or AnswerKind.Error;
    }

    /// <summary>A member's task, whose id a virtual gateway seals wherever it stands.</summary>
    private static bool HoldsTask(ProxyContext context, ReadOnlyMemory<byte> data) =>
        context is { Gateway: not null, SealHandles: not null } && data.Span.IndexOf("\"taskId\""u8) >= 0;

    /// <summary>True when it was the answer that the client waits for.</summary>
    private async Task<bool> RelayChangedAsync(
        ProxyContext context, ReadOnlyMemory<byte> @event, ReadOnlyMemory<byte> data, AnswerKind kind, List<KeyValuePair<string, string>> headers, CallDeadline deadline)
    {
        bool isAnswer = kind is AnswerKind.Result or AnswerKind.Error;
        if (isAnswer && context.Rewrite is not null)
            @event = SseEventReader.WithData(@event, data = context.Rewrite(context, data));
        if (context.SealHandles is not null && context.SealHandles(context, data) is var @sealed && !@sealed.Equals(data))
            @event = SseEventReader.WithData(@event, data = @sealed);
        Note(context, @event.Span);
        bool isAwaited = isAnswer && context.IsRequest;
        if (isAwaited)
        {
            context.Progress.Heard(kind, data.Span);
            context.Progress.End(AnswerPeek.OutcomeOf(context.Progress.Status, kind, data.Span), time);
            await context.Progress.Settle!();
        }

        await WriteAsync(context, @event, headers, deadline, isLast: isAwaited);
        return isAwaited;
    }

    private static void Note(ProxyContext context, ReadOnlySpan<byte> @event)
    {
        // A stream that was recorded when it opened would hold for days what no record takes.
        if (!context.IsRequest) return;
        context.Progress.Response.Add(@event);
        context.Progress.ResponseBytes += @event.Length;
    }

    private static async ValueTask WriteAsync(ProxyContext context, ReadOnlyMemory<byte> events, List<KeyValuePair<string, string>> headers, CallDeadline deadline, bool isLast = false)
    {
        if (events.IsEmpty) return;
        if (!context.Response.HasStarted) context.Response.Start(context.Progress.Status, "text/event-stream", null, headers);
        await (isLast ? context.Response.FinishAsync(events) : context.Response.WriteAsync(events, deadline.Token));
    }

    private static AnswerKind KindOf(ProxyContext context, ReadOnlySpan<byte> @event, ReadOnlySpan<byte> data)
    {
        if (data.Trim((byte)' ').IsEmpty) return AnswerKind.Interim;
        AnswerKind kind = AnswerPeek.KindOf(data, out ReadOnlySpan<byte> id);
        // Servers also send events of their own, a ping for instance, which clients ignore (WHATWG HTML, 9.2.6).
        if (kind is AnswerKind.Garbage && (!SseEventReader.IsMessage(@event) || IsEmptyObject(data))) kind = AnswerKind.Interim;
        if (kind is AnswerKind.Garbage) throw new UpstreamAnswerException("An event of the server's is not a JSON-RPC message.");
        if (kind is AnswerKind.Result or AnswerKind.Error) AnswerIds.Demand(context, kind, id, data);
        return kind;
    }

    private async ValueTask<int> ReadAsync(ProxyContext context, Stream body, SseEventReader events, CallDeadline deadline)
    {
        deadline.ExpectMore();
        ValueTask<int> pending = events.ReadAsync(body, deadline);
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
                context.Renew();
                if (context.Response.HasStarted) await KeepOpenAsync(context, reading, deadline);
            }
        }
    }

    private static async ValueTask KeepOpenAsync(ProxyContext context, Task reading, CallDeadline deadline)
    {
        try
        {
            await context.Response.WriteAsync(KeepAlive, deadline.Token);
        }
        catch
        {
            // The memory that is read into goes back behind this. Were the reading not over by then, a server could write into
            // what another caller is answered from.
            deadline.GiveUp();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <summary>How servers of the TypeScript SDK replay the event that opened a stream, which had an id and nothing to say.</summary>
    private static bool IsEmptyObject(ReadOnlySpan<byte> data) =>
        data.Trim(" \t\r\n"u8) is [(byte)'{', .. var members, (byte)'}'] && members.Trim(" \t\r\n"u8).IsEmpty;
}
