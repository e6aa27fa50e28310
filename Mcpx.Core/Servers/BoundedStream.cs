using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>A body of which no more than <paramref name="longest"/> bytes are read: how much it sends is the upstream's choice.</summary>
internal sealed class BoundedStream(Stream inner, int longest) : AsyncReadStream
{
    private int _read;

    /// <exception cref="NotMcpException">There is more.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await inner.ReadAsync(buffer, cancellationToken);
        _read += count;
        return _read <= longest ? count : throw new NotMcpException($"The server's answer is longer than {longest >> 20} MiB.");
    }
}
