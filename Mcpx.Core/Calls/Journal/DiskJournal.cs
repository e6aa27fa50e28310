using System.Buffers;

namespace Mcpx.Core.Calls.Journal;

/// <summary>
/// Calls on disk, in their order: appended by many, read and confirmed by one. What is confirmed is not noted; a segment is
/// deleted when all of it is, so that after a kill at most the records of a segment or two are read again.
/// </summary>
internal sealed class DiskJournal : IDisposable
{
    private const int PieceSize = 256 << 10;

    private readonly JournalFolder _folder;
    private readonly JournalWriter _writer;
    private readonly Lock _gate = new();
    private readonly LinkedList<JournalSegment> _segments = new();
    private readonly SemaphoreSlim _news = new(0);
    private readonly RepeatedTexts _texts = new();

    /// <summary>What the batch that was read last stands in.</summary>
    private readonly List<byte[]> _pieces = [];
    private int _pieceSize = PieceSize;
    private long _offset = JournalSegment.HeaderLength;
    private long _nextOffset = JournalSegment.HeaderLength;
    private int _readRecords;
    private long _records;
    private long _confirmedRecords;
    private long _written;
    private long _confirmed;

    /// <exception cref="JournalException">The directory can't be used.</exception>
    public DiskJournal(JournalSettings settings, JournalKeys keys, IJournalDisk disk, TimeProvider time)
    {
        _folder = JournalFolder.Open(settings.Directory, keys);
        try
        {
            foreach (JournalSegment segment in _folder.Left) TakeOver(segment, isLast: segment == _folder.Left[^1]);
            _writer = new JournalWriter(_folder, settings, disk, Publish, time);
        }
        catch (Exception e)
        {
            foreach (JournalSegment segment in _segments) segment.Dispose();
            _folder.Dispose();
            if (e is IOException or UnauthorizedAccessException)
                throw new JournalException($"The journal's directory {settings.Directory} can't be used: {e.Message}", e);
            throw;
        }
    }

    /// <summary>Bytes that a kill in the middle of a write left without a whole record; nobody was answered for them.</summary>
    public long Torn { get; private set; }

    /// <summary>Files that held something else than whole records where whole ones were expected; they are kept aside.</summary>
    public int Damaged { get; private set; }

    /// <summary>Records on disk, those that an earlier process left included.</summary>
    public long Records => Volatile.Read(ref _records);

    /// <summary>How many of them are not confirmed.</summary>
    public long Depth => IsEmpty ? 0 : Math.Max(0, Records - Volatile.Read(ref _confirmedRecords));

    /// <summary>Bytes that were appended since the journal was opened, and those that were there; a place in the order of all.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>Bytes up to which all is confirmed, in the same order.</summary>
    public long Confirmed => Volatile.Read(ref _confirmed);

    public bool IsEmpty => Confirmed >= Written;

    /// <summary>True while what is read was left by an earlier process.</summary>
    public bool ReadsLeft => First().IsLeft;

    /// <inheritdoc cref="JournalWriter.Failure"/>
    public string? Failure => _writer.Failure;

    /// <summary>Ends when the call is on disk.</summary>
    /// <exception cref="JournalException">It is not.</exception>
    public Task AppendAsync(CallRecord call)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(JournalFrame.Overhead + CallCodec.BoundOf(call));
        try
        {
            int length = JournalFrame.Overhead + CallCodec.Write(call, buffer.AsSpan(JournalFrame.HeaderLength));
            Span<byte> frame = buffer.AsSpan(0, length);
            JournalFrame.Begin(frame);
            return _writer.AppendAsync(frame);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Ends when there may be something to read.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (IsEmpty)
        {
            await _news.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The next records that are not confirmed; again the same until <see cref="Confirm"/>. Their payloads are good until the next reading.</summary>
    public void Read(List<CallRecord> batch, int mostRecords, long mostBytes)
    {
        batch.Clear();
        ReturnPieces();
        _readRecords = 0;
        _nextOffset = _offset;
        long started = _offset;
        while (batch.Count < mostRecords && _nextOffset - started < mostBytes)
        {
            JournalSegment segment = First();
            Memory<byte> piece = RentPiece(segment.Length - _nextOffset);
            int read = piece.IsEmpty ? 0 : segment.Read(piece.Span, _nextOffset);
            piece = piece[..read];
            int used = read == 0 ? 0 : Parse(segment, piece, batch, mostRecords);
            if (used > 0)
            {
                _nextOffset += used;
                _pieceSize = PieceSize;
                continue;
            }

            if (read > 0 && !MakeRoomForFrame(piece.Span)) SkipRest(segment);
            // A batch never spans two files: what is confirmed is then one number.
            if (read == 0 && (batch.Count > 0 || !TryDropFirst())) return;
        }
    }

    /// <summary>What was read last is in the database.</summary>
    public void Confirm()
    {
        Volatile.Write(ref _confirmedRecords, _confirmedRecords + _readRecords);
        Volatile.Write(ref _confirmed, _confirmed + _nextOffset - _offset);
        _offset = _nextOffset;
        _readRecords = 0;
    }

    /// <summary>Writes what has come and gives the place free; files with something that is not confirmed stay.</summary>
    public void Dispose()
    {
        _writer.Dispose();
        ReturnPieces();
        foreach (JournalSegment segment in _segments)
        {
            if (IsEmpty) segment.Delete();
            segment.Dispose();
        }

        _folder.Dispose();
        _news.Dispose();
    }

    private void TakeOver(JournalSegment segment, bool isLast)
    {
        Torn += segment.Torn;
        // Only the last write of a process can have been cut off.
        if (segment.Torn > 0 && (!isLast || segment.Length < JournalSegment.HeaderLength)) KeepAside(segment);
        Publish(segment, segment.Recovered, Math.Max(0, segment.Length - JournalSegment.HeaderLength));
    }

    private void Publish(JournalSegment? segment, long records, long bytes)
    {
        if (segment is not null)
        {
            lock (_gate) _segments.AddLast(segment);
        }

        if (records == 0) return;
        Interlocked.Add(ref _records, records);
        Interlocked.Add(ref _written, bytes);
        if (_news.CurrentCount == 0) _news.Release();
    }

    private JournalSegment First()
    {
        lock (_gate) return _segments.First!.Value;
    }

    /// <summary>Goes on to the next file when the first is read and confirmed to its end and is not written to any more.</summary>
    private bool TryDropFirst()
    {
        // Nothing was read, but a damaged rest may have been passed over.
        Confirm();
        JournalSegment first;
        lock (_gate)
        {
            first = _segments.First!.Value;
            // The writer is done with a file before it makes the next one known.
            if (_segments.Count == 1 || first.Length > _nextOffset) return false;
            _segments.RemoveFirst();
        }

        first.Delete();
        first.Dispose();
        _offset = _nextOffset = JournalSegment.HeaderLength;
        return true;
    }

    private Memory<byte> RentPiece(long left)
    {
        if (left <= 0) return default;
        int length = (int)Math.Min(left, _pieceSize);
        byte[] piece = ArrayPool<byte>.Shared.Rent(length);
        _pieces.Add(piece);
        return piece.AsMemory(0, length);
    }

    private void ReturnPieces()
    {
        foreach (byte[] piece in _pieces) ArrayPool<byte>.Shared.Return(piece);
        _pieces.Clear();
    }

    private int Parse(JournalSegment segment, Memory<byte> piece, List<CallRecord> batch, int mostRecords)
    {
        int at = 0;
        Span<byte> bytes = piece.Span;
        while (batch.Count < mostRecords && bytes.Length - at >= JournalFrame.HeaderLength)
        {
            int length = JournalFrame.LengthOf(bytes[at..]);
            if (length == 0 || length > bytes.Length - at || !JournalFrame.IsWhole(bytes.Slice(at, length))) break;
            try
            {
                ReadOnlySpan<byte> record = segment.Open(bytes.Slice(at, length), _nextOffset + at);
                batch.Add(CallCodec.Read(piece.Slice(at + JournalFrame.HeaderLength, record.Length), _texts));
            }
            catch (FormatException)
            {
                break;
            }

            at += length;
            _readRecords++;
        }

        return at;
    }

    /// <summary>False when what stands at the front of a piece is no frame, however much of it there is.</summary>
    private bool MakeRoomForFrame(ReadOnlySpan<byte> piece)
    {
        int length = piece.Length < JournalFrame.HeaderLength ? 0 : JournalFrame.LengthOf(piece);
        if (length <= _pieceSize) return false;
        _pieceSize = length;
        return true;
    }

    /// <summary>What was whole when it was written or opened is so no more: the rest of the file is for people.</summary>
    private void SkipRest(JournalSegment segment)
    {
        KeepAside(segment);
        _nextOffset = segment.Length;
    }

    private void KeepAside(JournalSegment segment)
    {
        Damaged++;
        try
        {
            File.Copy(segment.Path, segment.Path + JournalSegment.DamagedExtension, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then there is nothing to keep it in; the count says that it happened.
        }
    }
}
