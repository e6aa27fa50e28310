namespace Mcpx.Core.Proxy;

/// <summary>Keeps the first bytes of an answer for the record.</summary>
public sealed class PayloadCapture
{
    /// <summary>What a record keeps of one payload. A tool that returns a film must not fill the audit.</summary>
    public const int Limit = 256 << 10;

    /// <summary>
    /// What a record keeps of a virtual gateway's list: it repeats the catalogue, and clients ask for it often. Whole lists
    /// would be most of what the audit holds.
    /// </summary>
    public const int ListLimit = 16 << 10;

    private byte[] _bytes = [];
    private int _length;

    public bool Truncated { get; private set; }

    /// <summary>How much this one keeps.</summary>
    public int Most { get; set; } = Limit;

    public ReadOnlyMemory<byte> Kept => _bytes.AsMemory(0, _length);

    public void Add(ReadOnlySpan<byte> data)
    {
        int room = Math.Min(data.Length, Most - _length);
        Truncated |= room < data.Length;
        if (room == 0) return;
        if (_bytes.Length < _length + room)
            Array.Resize(ref _bytes, _length == 0 ? room : Math.Min(Most, Math.Max(_bytes.Length * 2, _length + room)));
        data[..room].CopyTo(_bytes.AsSpan(_length));
        _length += room;
    }

    public byte[]? ToPayload()
    {
        if (_length == 0) return null;
        if (_length != _bytes.Length) Array.Resize(ref _bytes, _length);
        return _bytes;
    }
}
