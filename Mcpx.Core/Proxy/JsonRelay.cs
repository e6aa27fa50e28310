using System.Buffers;
using System.Runtime.CompilerServices;
using Mcpx.Core.Calls;

namespace Mcpx.Core.Proxy;

/// <summary>Relays an answer that is one JSON body.</summary>
public sealed class JsonRelay(TimeProvider time)
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask RelayAsync(ProxyContext context, long? length, Stream body, List<KeyValuePair<string, string>> headers, CallDeadline deadline)
    {
        long longest = BodyPieces.LongestAnswer(context);
        if (length > longest) throw BodyPieces.TooLong(longest);
        byte[] first = ArrayPool<byte>.Shared.Rent(BodyPieces.Size);
        try
        {
            int count = await BodyPieces.FillAsync(body, first, deadline);
            bool whole = count < first.Length;
            if (whole || context.Rewrite is not null)
            {
                ReadOnlyMemory<byte> answer = whole ? first.AsMemory(0, count) : await BodyPieces.ReadAllAsync(body, first.AsMemory(0, count), Math.Min(longest, BodyPieces.LongestHeld), deadline);
                answer = Rewritten(context, answer);
                Hear(context, answer.Span);
                await context.Progress.Settle!();
                context.Response.Start(context.Progress.Status, "application/json", answer.Length, headers);
                await context.Response.FinishAsync(answer);
            }
            else
            {
                await SendPiecesAsync(context, first, count, length, body, headers, deadline);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(first);
        }
    }

    /// <summary>Notes what the record will say of an answer that is there whole.</summary>
    private void Hear(ProxyContext context, ReadOnlySpan<byte> answer)
    {
        AnswerKind kind = AnswerPeek.KindOf(answer, out ReadOnlySpan<byte> id);
        if (kind is AnswerKind.Garbage) throw NotJsonRpc(context);
        AnswerIds.Demand(context, kind, id, answer);
        context.Progress.Heard(kind, answer);
        context.Progress.ResponseBytes = answer.Length;
        context.Progress.Response.Add(answer);
        context.Progress.End(AnswerPeek.OutcomeOf(context.Progress.Status, kind, answer), time);
    }

    /// <summary>Two pieces in hand at a time: one is held back until we know whether it is the last. Memory does not grow with the answer.</summary>
    private async Task SendPiecesAsync(
        ProxyContext context, byte[] first, int firstCount, long? length, Stream body, List<KeyValuePair<string, string>> headers, CallDeadline deadline)
    {
        AnswerKind kind = AnswerPeek.KindOf(first.AsSpan(0, firstCount), out ReadOnlySpan<byte> id);
        if (kind is AnswerKind.Garbage) throw NotJsonRpc(context);
        AnswerIds.DemandFront(context, kind, id);
        long longest = BodyPieces.LongestAnswer(context);
        byte[] spare = ArrayPool<byte>.Shared.Rent(BodyPieces.Size);
        try
        {
            FailureScan scan = new();
            (byte[] held, byte[] next, int count) = (first, spare, firstCount);
            context.Response.Start(context.Progress.Status, "application/json", length, headers);
            while (count > 0)
            {
                int following = await BodyPieces.FillAsync(body, next, deadline);
                context.Progress.Response.Add(held.AsSpan(0, count));
                scan.Add(held.AsSpan(0, count));
                context.Progress.ResponseBytes += count;
                if (context.Progress.ResponseBytes > longest) throw BodyPieces.TooLong(longest);
                if (following == 0)
                {
                    AnswerIds.DemandBehind(context, kind, TailOf(next, held.AsSpan(0, count)));
                    // Beyond what was kept, the bytes' own word has to do: nothing of the answer is there any more to be read as JSON.
                    bool failed = context.Progress.Response.Truncated && kind is AnswerKind.Result && scan.SaysIsError;
                    context.Progress.End(failed ? CallOutcome.ToolError : AnswerPeek.OutcomeOf(context.Progress.Status, kind, context.Progress.Response.Kept.Span), time);
                    await context.Progress.Settle!();
                }

                await (following == 0 ? context.Response.FinishAsync(held.AsMemory(0, count)) : context.Response.WriteAsync(held.AsMemory(0, count), deadline.Token));
                (held, next, count) = (next, held, following);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(spare);
        }
    }

    private static ReadOnlyMemory<byte> Rewritten(ProxyContext context, ReadOnlyMemory<byte> answer)
    {
        if (context.Rewrite is not null) answer = context.Rewrite(context, answer);
        return context.SealHandles is null ? answer : context.SealHandles(context, answer);
    }

    /// <param name="before">The piece before the last, still whole: nothing was read over it.</param>
    private static ReadOnlySpan<byte> TailOf(byte[] before, ReadOnlySpan<byte> last) =>
        last.Length >= AnswerIds.Tail ? last[^AnswerIds.Tail..] : (byte[])[.. before.AsSpan()[^AnswerIds.Tail..], .. last];

    private static UpstreamAnswerException NotJsonRpc(ProxyContext context) => new($"The server's answer ({context.Progress.Status}) is not a JSON-RPC message.");
}
