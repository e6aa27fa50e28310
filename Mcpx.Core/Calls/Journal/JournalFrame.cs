using System.Buffers.Binary;
using System.Numerics;

namespace Mcpx.Core.Calls.Journal;

/// <summary>One record in a segment: length (4 bytes, little-endian), CRC-32C of what follows (4), the sealed record with its tag.</summary>
internal static class JournalFrame
{
    public const int HeaderLength = 8;

    /// <summary>Longer than any call can be, so that a length that was torn is seen as such.</summary>
    public const int LongestRecord = 16 << 20;

    /// <summary>What a frame takes besides its record.</summary>
    public const int Overhead = HeaderLength + JournalCipher.TagLength;

    /// <summary>Writes how long a record is in front of it; behind it there is room for its tag.</summary>
    public static void Begin(Span<byte> frame) => BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length - HeaderLength);

    /// <summary>Writes the checksum of what stands behind the header.</summary>
    public static void Seal(Span<byte> frame) => BinaryPrimitives.WriteUInt32LittleEndian(frame[sizeof(int)..], Checksum(frame[HeaderLength..]));

    /// <summary>How long the whole frame is; 0 when no record can have the length that stands there.</summary>
    public static int LengthOf(ReadOnlySpan<byte> header)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(header);
        // A record of no bytes is what a file of zeros would consist of.
        return length is > 0 and <= LongestRecord ? HeaderLength + length : 0;
    }

    public static bool IsWhole(ReadOnlySpan<byte> frame) =>
        BinaryPrimitives.ReadUInt32LittleEndian(frame[sizeof(int)..]) == Checksum(frame[HeaderLength..]);

    /// <summary>CRC-32C (Castagnoli; RFC 3720, section 12.1), by the processor's instruction where there is one.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~0u;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte one in bytes)
            crc = BitOperations.Crc32C(crc, one);
        return ~crc;
    }
}
