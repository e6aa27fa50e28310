using System.Buffers;

namespace Mcpx.Core.Proxy;

/// <summary>Reading an upstream's body in pieces, each within the deadline.</summary>
internal static class BodyPieces
{
    public const int Size = 32 << 10;

    /// <summary>What is held whole is never longer, whatever the server's answers may be: a single event, a list that is rewritten.</summary>
    public const int LongestHeld = 10 << 20;

    /// <summary>Longest answer of the server that the call goes to.</summary>
    public static long LongestAnswer(ProxyContext context) => (long)context.Route!.Server.Limits.AnswerMebibytes << 20;

    public static UpstreamAnswerException TooLong(long longest) => new($"The server's answer is longer than {longest >> 20} MiB.");

    /// <summary>Fills the buffer; less than its length means that the body is at its end.</summary>
    public static async ValueTask<int> FillAsync(Stream body, byte[] buffer, CallDeadline deadline)
    {
        int count = 0;
        while (count < buffer.Length)
        {
            deadline.ExpectMore();
            int read = await body.ReadAsync(buffer.AsMemory(count), deadline.Token);
            if (read == 0) break;
            count += read;
        }

        return count;
    }

    /// <summary>The rest of the body behind what was read already.</summary>
    /// <exception cref="UpstreamAnswerException">Both together are longer than <paramref name="longest"/>.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAllAsync(Stream body, ReadOnlyMemory<byte> start, long longest, CallDeadline deadline)
    {
        using MemoryStream all = new();
        all.Write(start.Span);
        byte[] piece = ArrayPool<byte>.Shared.Rent(Size);
        try
        {
            int count = await FillAsync(body, piece, deadline);
            // Most answers: one piece, copied once.
            if (start.IsEmpty && count < piece.Length) return piece.AsSpan(0, count).ToArray();
            while (count > 0)
            {
                all.Write(piece, 0, count);
                if (all.Length > longest) throw TooLong(longest);
                count = await FillAsync(body, piece, deadline);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }

        return all.ToArray();
    }

    /// <summary>Reads away a short body, so that its connection can be used again; a long one costs the connection.</summary>
    public static async Task DiscardAsync(Stream body, CallDeadline deadline)
    {
        byte[] piece = ArrayPool<byte>.Shared.Rent(Size);
        try
        {
            await FillAsync(body, piece, deadline);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }
}
