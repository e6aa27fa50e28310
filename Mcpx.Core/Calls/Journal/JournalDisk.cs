using Microsoft.Win32.SafeHandles;

namespace Mcpx.Core.Calls.Journal;

/// <summary>What the journal asks of the disk; a test's own fails when it is told to.</summary>
internal interface IJournalDisk
{
    /// <exception cref="IOException">There is no room, or the folder is gone.</exception>
    SafeFileHandle Create(string path);

    /// <summary>Writes and returns when the disk has it.</summary>
    /// <exception cref="IOException">How much of it was written, nobody knows.</exception>
    void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset);
}

/// <summary>The machine's.</summary>
internal sealed class JournalDisk : IJournalDisk
{
    public SafeFileHandle Create(string path) =>
        File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>The file's first flush brings its name along, on ext4, XFS and btrfs.</summary>
    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        RandomAccess.Write(file, bytes, offset);
        RandomAccess.FlushToDisk(file);
    }
}
