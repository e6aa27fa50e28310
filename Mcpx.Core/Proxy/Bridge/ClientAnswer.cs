using System.Buffers;
using Mcpx.Core.Calls;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>
/// The answer to one request, built from messages: one JSON body when nothing came before it, else an event stream. The
/// record is durable before the last message leaves.
/// </summary>
public sealed class ClientAnswer(ProxyContext context, TimeProvider time)
{
    private static readonly TimeSpan KeepAliveEvery = TimeSpan.FromSeconds(15);
    private static readonly byte[] KeepAlive = ": keep-alive\n\n"u8.ToArray();

    private static readonly KeyValuePair<string, string>[] StreamHeaders = [new("Cache-Control", "no-store"), new("X-Accel-Buffering", "no")];

    private readonly List<KeyValuePair<string, string>> _headers = [];
    private bool _isStream;
    private bool _isRecorded;

    public bool HasStarted => context.Response.HasStarted;

    public void AddHeader(string name, string value) => _headers.Add(new(name, value));

    /// <summary>Sends a message before the answer, at once.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (context.IsHealthProbe) context.Admission!.Succeeded();
        if (!HasStarted) StartStream();
        await WriteEventAsync(message, cancellationToken);
    }

    /// <summary>
    /// Opens a stream that answers nothing in particular. It is recorded now: it may stay open for days, and its end may be
    /// the end of this process.
    /// </summary>
    public async ValueTask OpenStreamAsync(CancellationToken cancellationToken)
    {
        context.Progress.Status = 200;
        context.Progress.End(CallOutcome.Ok, time);
        await context.Progress.Settle!();
        _isRecorded = true;
        StartStream();
        await context.Response.WriteAsync(default, cancellationToken);
    }

    /// <summary>Sends the server's answer, after its record is durable.</summary>
    /// <param name="status">The HTTP status if nothing was sent before.</param>
    public ValueTask FinishAsync(ReadOnlyMemory<byte> message, AnswerKind kind, int status)
    {
        context.Progress.Heard(kind, message.Span);
        return FinishAsync(message, AnswerPeek.OutcomeOf(status, kind, message.Span), status);
    }

    /// <summary>Ends the call with an error of the gateway's own: in the stream when one is open.</summary>
    public ValueTask RefuseAsync(CallOutcome outcome, McpError error)
    {
        context.Refuse(outcome, error, error.Message);
        // Else the record filter sends it.
        return HasStarted ? FinishAsync(error.ToJson(context.RequestId.Span), outcome, error.Status) : ValueTask.CompletedTask;
    }

    private async ValueTask FinishAsync(ReadOnlyMemory<byte> message, CallOutcome outcome, int status)
    {
        CallProgress progress = context.Progress;
        progress.Status = _isStream ? 200 : status;
        progress.End(outcome, time);
        if (!_isStream)
        {
            progress.Response.Add(message.Span);
            progress.ResponseBytes = message.Length;
            await progress.Settle!();
            context.Response.Start(status, "application/json", message.Length, _headers);
            await context.Response.FinishAsync(message);
            return;
        }

        ReadOnlyMemory<byte> @event = ToEvent(message);
        progress.Response.Add(@event.Span);
        progress.ResponseBytes += @event.Length;
        await progress.Settle!();
        await context.Response.FinishAsync(@event);
    }

    /// <summary>202 for what needs no answer.</summary>
    /// <param name="status">202, or 204 for the end of a session.</param>
    public async ValueTask AcceptAsync(int status = 202)
    {
        context.Progress.Status = status;
        context.Progress.End(CallOutcome.Ok, time);
        await context.Progress.Settle!();
        context.Response.Start(status, null, status is 204 ? null : 0, _headers);
        await context.Response.FinishAsync(default);
    }

    /// <summary>Waits for what comes next and meanwhile keeps the stream open: proxies and clients drop a silent connection.</summary>
    public async ValueTask<T> WaitAsync<T>(ValueTask<T> next, CancellationToken cancellationToken)
    {
        if (next.IsCompleted) return await next;
        Task<T> waiting = next.AsTask();
        while (true)
        {
            try
            {
                return await waiting.WaitAsync(KeepAliveEvery, time, CancellationToken.None);
            }
            catch (TimeoutException) when (!waiting.IsCompleted)
            {
                context.Renew();
                if (_isStream) await KeepOpenAsync(waiting, cancellationToken);
            }
        }
    }

    private async ValueTask KeepOpenAsync(Task waiting, CancellationToken cancellationToken)
    {
        try
        {
            await context.Response.WriteAsync(KeepAlive, cancellationToken);
        }
        catch when (cancellationToken.IsCancellationRequested)
        {
            // What is waited for ends by the same token, and before that its enumerator can't be disposed of.
            await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private void StartStream()
    {
        _isStream = true;
        _headers.AddRange(StreamHeaders);
        context.Response.Start(200, "text/event-stream", null, _headers);
    }

    private async ValueTask WriteEventAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> @event = ToEvent(message);
        if (!_isRecorded)
        {
            context.Progress.Response.Add(@event.Span);
            context.Progress.ResponseBytes += @event.Length;
        }

        await context.Response.WriteAsync(@event, cancellationToken);
    }

    /// <summary>A line end inside JSON is white space, so that one data line holds any message.</summary>
    private static ReadOnlyMemory<byte> ToEvent(ReadOnlyMemory<byte> message)
    {
        ArrayBufferWriter<byte> @event = new(message.Length + 32);
        @event.Write("event: message\ndata: "u8);
        Span<byte> copy = @event.GetSpan(message.Length)[..message.Length];
        message.Span.CopyTo(copy);
        copy.Replace((byte)'\n', (byte)' ');
        copy.Replace((byte)'\r', (byte)' ');
        @event.Advance(message.Length);
        @event.Write("\n\n"u8);
        return @event.WrittenMemory;
    }
}
