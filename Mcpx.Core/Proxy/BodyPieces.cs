using System.Buffers;

namespace Mcpx.Core.Proxy;

/// <summary>Reading an upstream's body in pieces, each within the deadline.</summary>
internal static class BodyPieces
{
    public const int Size = 32 << 10;

    /// <summary>Longest JSON answer, and longest single event of a stream.</summary>
    public const int LongestAnswer = 10 << 20;

    public static UpstreamAnswerException TooLong => new($"The server's answer is longer than {LongestAnswer >> 20} MiB.");

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
    /// <exception cref="UpstreamAnswerException">It is longer than <see cref="LongestAnswer"/>.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAllAsync(Stream body, ReadOnlyMemory<byte> start, CallDeadline deadline)
    {
        using MemoryStream all = new();
        all.Write(start.Span);
        byte[] piece = ArrayPool<byte>.Shared.Rent(Size);
        try
        {
            int count;
            while ((count = await FillAsync(body, piece, deadline)) > 0)
            {
                all.Write(piece, 0, count);
                if (all.Length > LongestAnswer) throw TooLong;
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
