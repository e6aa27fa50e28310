using Mcpx.Core.Calls.Journal;
using Microsoft.Win32.SafeHandles;

namespace Mcpx.Tests.Calls.Journal;

/// <summary>The machine's disk, until it is told to fail.</summary>
internal sealed class FailingDisk : IJournalDisk
{
    private readonly JournalDisk _real = new();

    public bool Fails { get; set; }

    /// <summary>Then it is well again by itself.</summary>
    public int FailuresLeft { get; set; } = int.MaxValue;

    public SafeFileHandle Create(string path, long room) => _real.Create(path, room);

    public void Reserve(SafeFileHandle file, long room)
    {
        if (FailsNow()) throw new IOException("No space left on device");
        _real.Reserve(file, room);
    }

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        if (FailsNow())
        {
            // A write that came half through.
            RandomAccess.Write(file, bytes[..(bytes.Length / 2)], offset);
            throw new IOException("No space left on device");
        }

        _real.Write(file, bytes, offset);
    }

    private bool FailsNow() => Fails && FailuresLeft-- > 0;
}
