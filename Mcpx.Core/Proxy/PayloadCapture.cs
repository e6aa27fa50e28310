using System.Buffers;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Keeps the first bytes of an answer for the record, in a rented array which goes back when the call has ended. Nothing is
/// written to it after that, whoever comes late: by then it holds what another caller was answered.
/// </summary>
public sealed class PayloadCapture : IDisposable
{
    /// <summary>What a record keeps of one payload. A tool that returns a film must not fill the audit.</summary>
    public const int Limit = 256 << 10;

    /// <summary>
    /// What a record keeps of a virtual gateway's list: it repeats the catalogue, and clients ask for it often. Whole lists
    /// would be most of what the audit holds.
    /// </summary>
    public const int ListLimit = 16 << 10;

    private readonly Lock _gate = new();
    private byte[] _bytes = [];
    private int _length;
    private bool _isOver;

    public bool Truncated { get; private set; }

    /// <summary>How much this one keeps.</summary>
    public int Most { get; set; } = Limit;

    public ReadOnlyMemory<byte> Kept => _bytes.AsMemory(0, _length);

    /// <summary>The same for the record, which says of nothing that it was not captured.</summary>
    public ReadOnlyMemory<byte>? Payload => _length == 0 ? null : (ReadOnlyMemory<byte>?)Kept;

    public void Add(ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            if (_isOver) return;
            int room = Math.Min(data.Length, Most - _length);
            Truncated |= room < data.Length;
            if (room == 0) return;
            if (_bytes.Length < _length + room) Grow(_length + room);
            data[..room].CopyTo(_bytes.AsSpan(_length));
            _length += room;
        }
    }

    /// <summary>The call has ended, and its record is where it belongs.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
            (_bytes, _length, _isOver) = ([], 0, true);
        }
    }

    private void Grow(int needed)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(_length == 0 ? needed : Math.Min(Most, Math.Max(_bytes.Length * 2, needed)));
        Kept.Span.CopyTo(larger);
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
