using System.Buffers;

namespace Mcpx.Core.Calls.Journal;

/// <summary>
/// Group commit: a thread of its own writes whatever has come since its last write in one piece and waits for the disk
/// once for all of it. The disk decides how large the groups get; nobody waits for company.
/// </summary>
internal sealed class JournalWriter : IDisposable
{
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly JournalFolder _folder;
    private readonly JournalSettings _settings;
    private readonly IJournalDisk _disk;
    private readonly TimeProvider _time;
    private readonly Publish _published;
    private readonly Lock _gate = new();

    // Of the system's, which sleeps at once: the lighter ones spin first, and the disk takes longer than that.
    private readonly AutoResetEvent _work = new(false);
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stopping = new();
    private Group _open = new();
    private JournalSegment? _segment;
    private string? _failure;

    /// <param name="published">Told before anybody who waits.</param>
    public JournalWriter(JournalFolder folder, JournalSettings settings, IJournalDisk disk, Publish published, TimeProvider time)
    {
        (_folder, _settings, _disk, _published, _time) = (folder, settings, disk, published, time);
        NewSegment();
        _thread = new Thread(Run) { IsBackground = true, Name = "mcpx journal" };
        _thread.Start();
    }

    /// <summary>There is more to read.</summary>
    /// <param name="segment">When it is new, else null.</param>
    public delegate void Publish(JournalSegment? segment, long records, long bytes);

    /// <summary>Why the last write failed; null when it did not.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    /// <summary>Ends when the record is on disk.</summary>
    /// <param name="frame">Sealed; it is copied.</param>
    /// <exception cref="JournalException">The disk did not take it within <see cref="JournalSettings.WritePatience"/>.</exception>
    public Task AppendAsync(ReadOnlySpan<byte> frame)
    {
        lock (_gate)
        {
            if (_stopping.IsSet) throw new JournalException("The journal is closed.");
            Task written = _open.Add(frame);
            if (_open.Count == 1) _work.Set();
            return written;
        }
    }

    /// <summary>Writes what has come, and ends.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping.IsSet) return;
            _stopping.Set();
        }

        _work.Set();
        _thread.Join();
        _work.Dispose();
        _stopping.Dispose();
    }

    private void Run()
    {
        long looked = _time.GetTimestamp();
        while (true)
        {
            _work.WaitOne(LookEvery);
            if (Take() is { } group) Commit(group);
            else if (_stopping.IsSet) break;
            if (_time.GetElapsedTime(looked) < LookEvery) continue;
            looked = _time.GetTimestamp();
            LookAfterSegment();
        }

        _segment?.Trim();
    }

    private Group? Take()
    {
        lock (_gate)
        {
            if (_open.Count == 0) return null;
            Group taken = _open;
            _open = new Group();
            return taken;
        }
    }

    private void Commit(Group group)
    {
        long started = _time.GetTimestamp();
        while (true)
        {
            try
            {
                Write(group);
                group.Complete();
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Abandon(e);
                // Once it has failed, nobody waits long: calls are refused before they are forwarded until a write succeeds.
                if (_stopping.IsSet || _time.GetElapsedTime(started) >= _settings.WritePatience)
                {
                    group.Fail(new JournalException("The call's record could not be written: " + e.Message, e));
                    return;
                }

                _stopping.Wait(BetweenTries);
            }
        }
    }

    private void Write(Group group)
    {
        if (_segment is null || _segment.Length >= _settings.SegmentBytes) NewSegment();
        _segment!.Append(group.Bytes, _disk);
        Volatile.Write(ref _failure, null);
        _published(null, group.Count, group.Bytes.Length);
    }

    /// <summary>A file of which a write has failed is not written to again: where it ends, nobody knows.</summary>
    private void Abandon(Exception e)
    {
        Volatile.Write(ref _failure, e.Message);
        _segment?.Trim();
        _segment = null;
    }

    private void NewSegment()
    {
        // Before the next one is known: then the reader may be done with it.
        _segment?.Trim();
        _segment = _folder.NewSegment(_disk, _settings.SegmentBytes);
        _published(_segment, 0, 0);
    }

    /// <summary>
    /// Finds out whether a disk that failed is well again, since calls are refused meanwhile and nobody else tries; and
    /// whether the file still has its name: what is written to a file without one is gone with the process.
    /// </summary>
    private void LookAfterSegment()
    {
        if (_segment is not null && File.Exists(_segment.Path)) return;
        try
        {
            NewSegment();
            Volatile.Write(ref _failure, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Abandon(e);
        }
    }

    /// <summary>Records that go to disk together, and those who wait for it.</summary>
    private sealed class Group : IThreadPoolWorkItem
    {
        // Goes on with those who wait one after the other, on one thread of the pool: to wake up a thread for each costs more than what each has left to do.
        private readonly TaskCompletionSource _written = new();
        private byte[] _buffer = ArrayPool<byte>.Shared.Rent(16 << 10);
        private int _used;
        private JournalException? _failure;

        public int Count { get; private set; }

        public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _used);

        public Task Add(ReadOnlySpan<byte> frame)
        {
            if (_buffer.Length - _used < frame.Length)
            {
                byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _used + frame.Length));
                Bytes.CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = larger;
            }

            frame.CopyTo(_buffer.AsSpan(_used));
            _used += frame.Length;
            Count++;
            return _written.Task;
        }

        public void Complete()
        {
            Release();
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        public void Fail(JournalException exception)
        {
            _failure = exception;
            Complete();
        }

        /// <summary>On the pool, never on the thread that writes.</summary>
        void IThreadPoolWorkItem.Execute()
        {
            if (_failure is null) _written.SetResult();
            else _written.SetException(_failure);
        }

        private void Release()
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
            _used = 0;
        }
    }
}
