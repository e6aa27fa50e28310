using System.Buffers;

namespace Mcpx.Core.Proxy.Repeat;

/// <summary>An answer that is kept instead of sent: its beginning, and how long it was.</summary>
internal sealed class HeldResponse(TimeProvider time) : IProxyResponse
{
    /// <summary>As much as a record keeps and a page can show. The rest is counted, so that no answer fills the memory.</summary>
    public const int MostKept = 256 << 10;

    private readonly ArrayBufferWriter<byte> _kept = new();

    public bool HasStarted { get; private set; }

    public long FirstByteAt { get; private set; }

    public int Status { get; private set; }

    public long Length { get; private set; }

    /// <summary>The answer broke off.</summary>
    public bool IsBroken { get; private set; }

    public byte[] Kept => _kept.WrittenSpan.ToArray();

    public void Start(int status, string? contentType, long? length, IReadOnlyList<KeyValuePair<string, string>> headers) => (HasStarted, Status) = (true, status);

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return FinishAsync(data);
    }

    public ValueTask FinishAsync(ReadOnlyMemory<byte> data)
    {
        if (FirstByteAt == 0) FirstByteAt = time.GetTimestamp();
        Length += data.Length;
        int room = MostKept - _kept.WrittenCount;
        _kept.Write(data.Span[..Math.Min(room, data.Length)]);
        return ValueTask.CompletedTask;
    }

    public void Abort() => IsBroken = true;
}
