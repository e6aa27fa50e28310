using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Mcpx.Core.Calls.Journal;

/// <summary>
/// One file of the journal: a header that says what it is and under which key, then sealed frames, then zeros where there is room for more. Its
/// handle stays open until it is deleted, so that what was written can be read whatever happens to the file's name.
/// </summary>
internal sealed class JournalSegment : IDisposable
{
    public const string Extension = ".journal";

    /// <summary>Kept aside for people: the file holds something that is not whole.</summary>
    public const string DamagedExtension = ".damaged";

    private readonly SafeFileHandle _file;

    // Two, since one thread writes while another reads, and a cipher serves one at a time.
    private readonly JournalCipher? _sealing;
    private readonly JournalCipher? _opening;
    private long _length;

    private JournalSegment(long number, string path, SafeFileHandle file, long length, long records, JournalCipher? opening, JournalCipher? sealing = null)
    {
        (Number, Path, _file, _length, Recovered, _opening, _sealing) = (number, path, file, length, records, opening, sealing);
    }

    public static int HeaderLength { get; } = Magic.Length + JournalCipher.HeaderLength;

    /// <summary>Counts up over the life of a folder; the file is named by it.</summary>
    public long Number { get; }

    public string Path { get; }

    /// <summary>Up to here it is on disk and whole; what stands behind is no record.</summary>
    public long Length => Volatile.Read(ref _length);

    /// <summary>Another process wrote it.</summary>
    public bool IsLeft { get; private init; }

    /// <summary>How many records it held when it was opened.</summary>
    public long Recovered { get; }

    /// <summary>Bytes behind the last whole record when it was opened, zeros not counted; a kill in the middle of a write leaves some.</summary>
    public long Torn { get; private init; }

    private static ReadOnlySpan<byte> Magic => "MCPXJ002"u8;

    public static string NameOf(long number) => number.ToString("d16") + Extension;

    /// <param name="room">In bytes. It may grow longer, which costs each write more.</param>
    public static JournalSegment Create(string folder, long number, long room, JournalKeys keys, IJournalDisk disk)
    {
        byte[] header = [.. Magic, .. new byte[JournalCipher.HeaderLength]];
        string path = System.IO.Path.Combine(folder, NameOf(number));
        SafeFileHandle file = disk.Create(path, room);
        JournalCipher? sealing = null;
        try
        {
            sealing = JournalCipher.Create(keys, header.AsSpan(Magic.Length));
            disk.Reserve(file, room);
            disk.Write(file, header, 0);
            return new JournalSegment(number, path, file, header.Length, records: 0, JournalCipher.Open(keys, header.AsSpan(Magic.Length)), sealing);
        }
        catch
        {
            // No segment, and the name is free for the next try.
            sealing?.Dispose();
            file.Dispose();
            TryDelete(path);
            throw;
        }
    }

    /// <summary>Opens what another process has left, up to its last whole record.</summary>
    public static JournalSegment Open(long number, string path, JournalKeys keys)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        byte[] header = new byte[HeaderLength];
        bool isOurs = RandomAccess.Read(file, header, 0) == HeaderLength && header.AsSpan().StartsWith(Magic);
        (long length, long records) = isOurs ? Measure(file) : (0, 0);
        return new JournalSegment(number, path, file, length, records, isOurs ? JournalCipher.Open(keys, header.AsSpan(Magic.Length)) : null) { IsLeft = true, Torn = EndOf(file, length) - length };
    }

    /// <param name="frames">Made by <see cref="JournalFrame.Begin"/>. They stay as they are, for another try in another file.</param>
    /// <exception cref="IOException">Nothing of it counts as written.</exception>
    public void Append(ReadOnlySpan<byte> frames, IJournalDisk disk)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(frames.Length);
        try
        {
            Span<byte> written = buffer.AsSpan(0, frames.Length);
            frames.CopyTo(written);
            for (int at = 0, length; at < written.Length; at += length)
            {
                length = JournalFrame.LengthOf(written[at..]);
                Span<byte> frame = written.Slice(at, length);
                _sealing!.Seal(frame[JournalFrame.HeaderLength..], _length + at);
                JournalFrame.Seal(frame);
            }

            disk.Write(_file, written, _length);
            Volatile.Write(ref _length, _length + frames.Length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What a frame holds, in place; empty when it does not open.</summary>
    public ReadOnlySpan<byte> Open(Span<byte> frame, long place) => _opening is { } cipher ? cipher.Open(frame[JournalFrame.HeaderLength..], place) : [];

    /// <summary>Cuts off room that is left, and what a failed write left. When that fails too it does no harm: nobody reads behind <see cref="Length"/>.</summary>
    public void Trim()
    {
        try
        {
            RandomAccess.SetLength(_file, Length);
        }
        catch (IOException)
        {
            // See above.
        }
    }

    /// <summary>Reads from <paramref name="offset"/> on and returns how many bytes it got; none behind <see cref="Length"/>.</summary>
    public int Read(Span<byte> buffer, long offset) =>
        RandomAccess.Read(_file, buffer[..(int)Math.Min(buffer.Length, Length - offset)], offset);

    public void Delete() => TryDelete(Path);

    public void Dispose()
    {
        _file.Dispose();
        _opening?.Dispose();
        _sealing?.Dispose();
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is read again at the next start, and its records are found to be there already.
        }
    }

    /// <summary>Where the zeros at the end begin that nobody wrote into, but not in front of <paramref name="from"/>.</summary>
    private static long EndOf(SafeFileHandle file, long from)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
        try
        {
            long end = from;
            for (int read; (read = RandomAccess.Read(file, buffer, from)) > 0; from += read)
            {
                int last = buffer.AsSpan(0, read).LastIndexOfAnyExcept((byte)0);
                if (last >= 0) end = from + last + 1;
            }

            return end;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static (long Length, long Records) Measure(SafeFileHandle file)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(JournalFrame.HeaderLength);
        try
        {
            long at = HeaderLength, records = 0;
            while (TryMeasureFrame(file, ref buffer, at) is > 0 and var length)
            {
                at += length;
                records++;
            }

            return (at, records);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int TryMeasureFrame(SafeFileHandle file, ref byte[] buffer, long at)
    {
        if (RandomAccess.Read(file, buffer.AsSpan(0, JournalFrame.HeaderLength), at) < JournalFrame.HeaderLength) return 0;
        int length = JournalFrame.LengthOf(buffer);
        if (length == 0 || length > RandomAccess.GetLength(file) - at) return 0;
        if (length > buffer.Length)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = ArrayPool<byte>.Shared.Rent(length);
        }

        Span<byte> frame = buffer.AsSpan(0, length);
        return RandomAccess.Read(file, frame, at) == length && JournalFrame.IsWhole(frame) ? length : 0;
    }
}
