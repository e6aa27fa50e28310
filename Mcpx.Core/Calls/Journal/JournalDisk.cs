using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mcpx.Core.Calls.Journal;

/// <summary>What the journal asks of the disk; a test's own fails when it is told to.</summary>
internal interface IJournalDisk
{
    /// <summary>Makes a file, for which there is room.</summary>
    /// <param name="room">In bytes.</param>
    /// <exception cref="IOException">There is no room, the folder is gone, or the name is taken; no file was made.</exception>
    SafeFileHandle Create(string path, long room);

    /// <summary>Gives a new file its room for good: what is written into it then changes neither its length nor where it stands.</summary>
    /// <param name="room">In bytes; they read as zeros.</param>
    /// <exception cref="IOException">It may have some of it.</exception>
    void Reserve(SafeFileHandle file, long room);

    /// <summary>Writes and returns when the disk has it.</summary>
    /// <exception cref="IOException">How much of it was written, nobody knows.</exception>
    void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset);
}

/// <summary>The machine's.</summary>
internal sealed partial class JournalDisk : IJournalDisk
{
    private const int Interrupted = 4;

    public SafeFileHandle Create(string path, long room) =>
        File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, preallocationSize: room);

    /// <summary>This first flush brings the file's name along, on ext4, XFS and btrfs.</summary>
    public void Reserve(SafeFileHandle file, long room)
    {
        RandomAccess.SetLength(file, room);
        RandomAccess.FlushToDisk(file);
    }

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        RandomAccess.Write(file, bytes, offset);
        if (OperatingSystem.IsLinux()) FlushData(file);
        else RandomAccess.FlushToDisk(file);
    }

    /// <summary>
    /// The framework's flush writes when the file was changed as well, which no reader of it asks for: on ext4 that is a commit of the file
    /// system's own journal, together with whatever else is in it, and takes four times as long.
    /// </summary>
    private static void FlushData(SafeFileHandle file)
    {
        while (FlushDataOf(file) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Interrupted) throw new IOException(Marshal.GetPInvokeErrorMessage(error));
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FlushDataOf(SafeFileHandle file);
}
