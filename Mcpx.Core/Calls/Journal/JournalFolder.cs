using System.Globalization;

namespace Mcpx.Core.Calls.Journal;

/// <summary>
/// This process's place in the journal's directory, held by a lock that ends with the process. Places whose process has
/// ended are emptied into ours, so that a replica that never comes back leaves nothing behind.
/// </summary>
internal sealed class JournalFolder : IDisposable
{
    private const int MostPlaces = 1000;
    private const string LockFile = "lock";

    private readonly FileStream _lock;
    private readonly JournalKeys _keys;

    private JournalFolder(string path, FileStream held, JournalKeys keys) => (Path, _lock, _keys) = (path, held, keys);

    public string Path { get; }

    /// <summary>What was left, oldest first: of this place, then of those whose process has ended.</summary>
    public IReadOnlyList<JournalSegment> Left { get; private set; } = [];

    /// <summary>What the next segment is called by.</summary>
    public long NextNumber { get; private set; } = 1;

    /// <exception cref="JournalException">The directory can't be written.</exception>
    public static JournalFolder Open(string directory, JournalKeys keys)
    {
        try
        {
            MakeDirectory(directory);
            JournalFolder folder = TakePlace(directory, keys);
            folder.Adopt(directory);
            folder.Left = [.. SegmentsIn(folder.Path).Select(s => JournalSegment.Open(s.Number, s.Path, keys))];
            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new JournalException($"The journal's directory {directory} can't be used: {e.Message}", e);
        }
    }

    /// <summary>Makes the folder again should somebody have removed it, and the next segment in it.</summary>
    /// <param name="room">In bytes.</param>
    public JournalSegment NewSegment(IJournalDisk disk, long room)
    {
        MakeDirectory(Path);
        JournalSegment segment = JournalSegment.Create(Path, NextNumber, room, _keys, disk);
        NextNumber++;
        return segment;
    }

    public void Dispose() => _lock.Dispose();

    private static JournalFolder TakePlace(string directory, JournalKeys keys)
    {
        for (int place = 0; place < MostPlaces; place++)
        {
            string path = System.IO.Path.Combine(directory, place.ToString("d3", CultureInfo.InvariantCulture));
            MakeDirectory(path);
            if (TryLock(path) is { } held)
                return new JournalFolder(path, held, keys) { NextNumber = SegmentsIn(path).Select(s => s.Number).DefaultIfEmpty().Max() + 1 };
        }

        throw new JournalException($"All {MostPlaces} places in the journal's directory {directory} are in use.");
    }

    private void Adopt(string directory)
    {
        foreach (string other in Directory.EnumerateDirectories(directory).Where(d => d != Path).Order(StringComparer.Ordinal))
        {
            using FileStream? held = TryLock(other);
            if (held is null) continue;
            // A rename is whole or did not happen: a kill in between leaves the rest to the next start.
            foreach ((_, string segment) in SegmentsIn(other))
                File.Move(segment, System.IO.Path.Combine(Path, JournalSegment.NameOf(NextNumber++)));
        }
    }

    /// <summary>Payloads of calls stand in it: nobody else on the machine reads them.</summary>
    private static void MakeDirectory(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Null when another process has it.</summary>
    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(path, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException))
        {
            return null;
        }
    }

    private static IEnumerable<(long Number, string Path)> SegmentsIn(string folder) =>
        from path in Directory.EnumerateFiles(folder, "*" + JournalSegment.Extension)
        let number = long.TryParse(System.IO.Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out long parsed) ? parsed : 0
        where number > 0
        orderby number
        select (number, path);
}
