using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Mcpx.Core.Calls.Search;

namespace Mcpx.Data.Calls;

/// <summary>
/// Rows in PostgreSQL's binary COPY format (documentation of COPY, "Binary Format"), written into one buffer. Npgsql's
/// importer resolves a converter for each value, which for thirty columns costs more than the call it records.
/// </summary>
internal sealed class BinaryRows(Stream copy) : IDisposable
{
    private const int FlushAt = 64 << 10;
    private const int Null = -1;

    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FlushAt * 2);
    private int _used;

    /// <summary>Signature, no flags, no header extension.</summary>
    public void Begin()
    {
        "PGCOPY\n"u8.CopyTo(Take(7));
        ReadOnlySpan<byte> rest = [0xff, (byte)'\r', (byte)'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0];
        rest.CopyTo(Take(rest.Length));
    }

    public void Row(short columns) => BinaryPrimitives.WriteInt16BigEndian(Take(sizeof(short)), columns);

    /// <summary>The values of the one row that was written, which is forgotten: for hashing it instead of sending it.</summary>
    public ReadOnlySpan<byte> TakeValues()
    {
        ReadOnlySpan<byte> values = _buffer.AsSpan(sizeof(short), _used - sizeof(short));
        _used = 0;
        return values;
    }

    public ValueTask RowEndAsync(CancellationToken cancellationToken) => _used >= FlushAt ? FlushAsync(cancellationToken) : ValueTask.CompletedTask;

    /// <summary>The trailer, without which the server takes the data for cut off.</summary>
    public ValueTask EndAsync(CancellationToken cancellationToken)
    {
        Row(-1);
        return FlushAsync(cancellationToken);
    }

    public void Boolean(bool value)
    {
        Length(1);
        Take(1)[0] = value ? (byte)1 : (byte)0;
    }

    public void Int16(short value)
    {
        Length(sizeof(short));
        BinaryPrimitives.WriteInt16BigEndian(Take(sizeof(short)), value);
    }

    public void Int16(short? value)
    {
        if (value is { } number) Int16(number);
        else Length(Null);
    }

    public void Int32(int value)
    {
        Length(sizeof(int));
        BinaryPrimitives.WriteInt32BigEndian(Take(sizeof(int)), value);
    }

    public void Int64(long value)
    {
        Length(sizeof(long));
        BinaryPrimitives.WriteInt64BigEndian(Take(sizeof(long)), value);
    }

    /// <summary>Microseconds since 2000-01-01 UTC.</summary>
    public void Timestamp(DateTimeOffset value) => Int64((value.UtcDateTime - Epoch).Ticks / TimeSpan.TicksPerMicrosecond);

    public void Uuid(Guid? value)
    {
        if (value is not { } id)
        {
            Length(Null);
            return;
        }

        Length(16);
        id.TryWriteBytes(Take(16), bigEndian: true, out _);
    }

    public void Text(string? value)
    {
        if (value is null)
        {
            Length(Null);
            return;
        }

        string clean = PostgresText.Clean(value);
        int length = Encoding.UTF8.GetByteCount(clean);
        Length(length);
        Encoding.UTF8.GetBytes(clean, Take(length));
    }

    /// <summary>JSON as it is: it was made here, and is not to be cut.</summary>
    public void Json(string? value)
    {
        if (value is null)
        {
            Length(Null);
            return;
        }

        int length = Encoding.UTF8.GetByteCount(value);
        Length(length);
        Encoding.UTF8.GetBytes(value, Take(length));
    }

    /// <summary>A <c>tsvector</c> without positions (tsvectorrecv of tsvector.c); null when there is none.</summary>
    public void Words(WordBag words)
    {
        if (words.Count == 0)
        {
            Length(Null);
            return;
        }

        int length = sizeof(int);
        for (int i = 0; i < words.Count; i++) length += words[i].Length + 1 + sizeof(short);
        Length(length);
        BinaryPrimitives.WriteInt32BigEndian(Take(sizeof(int)), words.Count);
        for (int i = 0; i < words.Count; i++)
        {
            words[i].CopyTo(Take(words[i].Length));
            // The end of the word, and no positions.
            Take(1 + sizeof(short)).Clear();
        }
    }

    public void Bytes(byte[]? value)
    {
        if (value is null) Length(Null);
        else Bytes(value.AsSpan());
    }

    public void Bytes(ReadOnlyMemory<byte>? value)
    {
        if (value is { } bytes) Bytes(bytes.Span);
        else Length(Null);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void Bytes(ReadOnlySpan<byte> value)
    {
        Length(value.Length);
        value.CopyTo(Take(value.Length));
    }

    private void Length(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(sizeof(int)), value);

    private Span<byte> Take(int count)
    {
        if (_buffer.Length - _used < count)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _used + count));
            _buffer.AsSpan(0, _used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        Span<byte> taken = _buffer.AsSpan(_used, count);
        _used += count;
        return taken;
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await copy.WriteAsync(_buffer.AsMemory(0, _used), cancellationToken);
        _used = 0;
    }
}
