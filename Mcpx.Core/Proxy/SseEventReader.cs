using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Cuts a byte stream into server-sent events (WHATWG HTML, "Server-sent events", section 9.2.6) without changing a
/// byte. An event is handed out when it is complete, its closing blank line included.
/// </summary>
public sealed class SseEventReader : IDisposable
{
    private const int Undecided = -2;

    /// <summary>What a stream that was silent says first is short.</summary>
    private const int FirstPiece = 4 << 10;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _scanned;

    public int PendingBytes => _end - _start;

    /// <summary>0 before the first read, and after <see cref="GiveBack"/>.</summary>
    public int HeldBytes => _buffer.Length;

    /// <summary>
    /// Reads once; <see cref="Advance"/> tells how much came. On a stream that stands open nothing is held until something
    /// comes: there are thousands of them, and most are silent.
    /// </summary>
    public ValueTask<int> ReadAsync(Stream body, CallDeadline deadline)
    {
        if (!deadline.IsOpenEnded || PendingBytes > 0) return body.ReadAsync(GetMemory(BodyPieces.Size), deadline.Token);
        GiveBack();
        return ReadWhenThereAsync(body, deadline.Token);
    }

    /// <summary>Room for the next read, at least <paramref name="size"/> bytes.</summary>
    public Memory<byte> GetMemory(int size)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _scanned -= _start;
            _start = 0;
        }

        if (_buffer.Length - _end < size)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _end + size));
            _buffer.AsSpan(0, _end).CopyTo(larger);
            Return();
            _buffer = larger;
        }

        return _buffer.AsMemory(_end);
    }

    public void Advance(int count) => _end += count;

    /// <summary>The next complete event's bytes, valid until the next reading.</summary>
    public bool TryRead(out ReadOnlyMemory<byte> @event)
    {
        // An event ends at a line end directly behind a line end. CR, LF and CRLF all end lines, also mixed.
        while (_scanned < _end)
        {
            int at = _buffer.AsSpan(_scanned, _end - _scanned).IndexOfAny((byte)'\n', (byte)'\r');
            if (at < 0)
            {
                _scanned = _end;
                break;
            }

            int afterLine = AfterLineEnd(_scanned + at);
            int afterBlank = afterLine < 0 ? Undecided : AfterLineEnd(afterLine);
            if (afterBlank == Undecided) break;
            if (afterBlank < 0)
            {
                _scanned = afterLine;
                continue;
            }

            @event = _buffer.AsMemory(_start, afterBlank - _start);
            _start = _scanned = afterBlank;
            return true;
        }

        @event = default;
        return false;
    }

    /// <summary>The last bytes that were handed out, over the bounds of events; valid as long as they are.</summary>
    public ReadOnlyMemory<byte> Last(int count) => _buffer.AsMemory(_start - count, count);

    /// <summary>What is left at the stream's end: an event without its blank line is not dispatched by clients, but it is relayed.</summary>
    public ReadOnlyMemory<byte> TakeRest()
    {
        ReadOnlyMemory<byte> rest = _buffer.AsMemory(_start, _end - _start);
        _start = _scanned = _end;
        return rest;
    }

    /// <summary>The event's data lines joined by LF; empty for a comment or an event without data.</summary>
    public static ReadOnlyMemory<byte> DataOf(ReadOnlyMemory<byte> @event)
    {
        ReadOnlyMemory<byte> single = default;
        ArrayBufferWriter<byte>? joined = null;
        int at = 0;
        while (NextLine(@event.Span, ref at, out Range range))
        {
            ReadOnlyMemory<byte> line = @event[range];
            if (!line.Span.StartsWith("data:"u8)) continue;
            ReadOnlyMemory<byte> value = line[(line.Length > 5 && line.Span[5] == ' ' ? 6 : 5)..];
            if (joined is null && single.IsEmpty)
            {
                single = value;
                continue;
            }

            if (joined is null)
            {
                joined = new ArrayBufferWriter<byte>(@event.Length);
                joined.Write(single.Span);
            }

            joined.Write("\n"u8);
            joined.Write(value.Span);
        }

        return joined?.WrittenMemory ?? single;
    }

    /// <summary>The event with other data, its id and other fields kept. The data is JSON: a line end inside it is white space.</summary>
    public static ReadOnlyMemory<byte> WithData(ReadOnlyMemory<byte> @event, ReadOnlyMemory<byte> data)
    {
        ArrayBufferWriter<byte> changed = new(@event.Length + data.Length);
        int at = 0;
        while (NextLine(@event.Span, ref at, out Range range))
        {
            ReadOnlySpan<byte> line = @event.Span[range];
            if (line.IsEmpty || line.StartsWith("data"u8)) continue;
            changed.Write(line);
            changed.Write("\n"u8);
        }

        changed.Write("data: "u8);
        Span<byte> copy = changed.GetSpan(data.Length)[..data.Length];
        data.Span.CopyTo(copy);
        copy.Replace((byte)'\n', (byte)' ');
        copy.Replace((byte)'\r', (byte)' ');
        changed.Advance(data.Length);
        changed.Write("\n\n"u8);
        return changed.WrittenMemory;
    }

    /// <summary>True for an event of the default type, the only one that carries the protocol.</summary>
    public static bool IsMessage(ReadOnlySpan<byte> @event) =>
        !TryField(@event, "event:"u8, out ReadOnlySpan<byte> type) || type.IsEmpty || type.SequenceEqual("message"u8);

    /// <summary>True when a stream that breaks off behind this event can be taken up again.</summary>
    public static bool HasId(ReadOnlySpan<byte> @event) => TryField(@event, "id:"u8, out _);

    /// <summary>The event's id, from which a broken stream is taken up again; null when it has none.</summary>
    public static string? IdOf(ReadOnlySpan<byte> @event) => TryField(@event, "id:"u8, out ReadOnlySpan<byte> id) ? Encoding.UTF8.GetString(id) : null;

    /// <summary>The event's type; null for the default one.</summary>
    public static string? TypeOf(ReadOnlySpan<byte> @event) => TryField(@event, "event:"u8, out ReadOnlySpan<byte> type) ? Encoding.UTF8.GetString(type) : null;

    /// <summary>How long to wait before a broken stream is taken up again; null when the event does not say.</summary>
    public static TimeSpan? RetryOf(ReadOnlySpan<byte> @event) =>
        TryField(@event, "retry:"u8, out ReadOnlySpan<byte> text) && Utf8Parser.TryParse(text, out int milliseconds, out int used) && used == text.Length && milliseconds >= 0
            ? TimeSpan.FromMilliseconds(milliseconds)
            : null;

    /// <summary>Lets go of the memory when no byte of it is still to be read. What was handed out is not valid any more.</summary>
    public void GiveBack()
    {
        if (PendingBytes > 0) return;
        Return();
        _start = _end = _scanned = 0;
    }

    public void Dispose() => Return();

    /// <summary>
    /// Reading nothing ends when there is something to read, or the stream is at its end. On a plain socket it may end once
    /// too early, after what was read before: then the second reading waits, and holds little.
    /// </summary>
    private async ValueTask<int> ReadWhenThereAsync(Stream body, CancellationToken cancellationToken)
    {
        _ = await body.ReadAsync(Memory<byte>.Empty, cancellationToken);
        return await body.ReadAsync(GetMemory(FirstPiece), cancellationToken);
    }

    private void Return()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <summary>The value of the last line of that field; one blank behind the colon is no part of it.</summary>
    private static bool TryField(ReadOnlySpan<byte> @event, ReadOnlySpan<byte> field, out ReadOnlySpan<byte> value)
    {
        bool found = false;
        value = default;
        int at = 0;
        while (NextLine(@event, ref at, out Range range))
        {
            ReadOnlySpan<byte> line = @event[range];
            if (!line.StartsWith(field)) continue;
            found = true;
            value = line[(line.Length > field.Length && line[field.Length] == ' ' ? field.Length + 1 : field.Length)..];
        }

        return found;
    }

    /// <summary>
    /// The event's lines, one after another from <paramref name="at"/> 0; CRLF gives an empty one in between. A byte order
    /// mark in front of the stream is no part of its first line (WHATWG HTML, 9.2.5).
    /// </summary>
    private static bool NextLine(ReadOnlySpan<byte> @event, ref int at, out Range line)
    {
        int from = at == 0 && @event.StartsWith("\uFEFF"u8) ? 3 : at;
        line = default;
        if (from >= @event.Length) return false;
        int length = @event[from..].IndexOfAny((byte)'\n', (byte)'\r');
        int to = length < 0 ? @event.Length : from + length;
        line = from..to;
        at = to + 1;
        return true;
    }

    /// <summary>The position behind the line end at <paramref name="at"/>; -1 when there is none, -2 when a byte more is needed to tell.</summary>
    private int AfterLineEnd(int at)
    {
        if (at >= _end) return Undecided;
        if (_buffer[at] == '\n') return at + 1;
        if (_buffer[at] != '\r') return -1;
        if (at + 1 >= _end) return Undecided;
        return _buffer[at + 1] == '\n' ? at + 2 : at + 1;
    }
}
