using System.Buffers.Binary;
using System.Buffers.Text;
using Mcpx.Core.Primitives;

namespace Mcpx.Data;

/// <summary>The last row of a page that is ordered by time, then id: 8 bytes of microseconds since 1970 and 16 of its id, as base64url.</summary>
internal sealed record TimeCursor(DateTimeOffset Time, Guid Id)
{
    private const int Length = 24;

    // PostgreSQL and .NET both hold these.
    private static readonly long Earliest = ToMicroseconds(DateTimeOffset.MinValue);
    private static readonly long Latest = ToMicroseconds(DateTimeOffset.MaxValue);

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, ToMicroseconds(Time));
        Id.TryWriteBytes(bytes[sizeof(long)..], bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }

    /// <exception cref="RefusalException.Invalid">The text is not one that we made.</exception>
    public static TimeCursor Parse(string text)
    {
        Span<byte> bytes = stackalloc byte[Length];
        if (text.Length != Base64Url.GetEncodedLength(Length) || !Base64Url.IsValid(text)) throw Refusal();
        if (!Base64Url.TryDecodeFromChars(text, bytes, out int written) || written != Length) throw Refusal();
        long microseconds = BinaryPrimitives.ReadInt64BigEndian(bytes);
        if (microseconds < Earliest || microseconds > Latest) throw Refusal();
        return new TimeCursor(
            DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond),
            new Guid(bytes[sizeof(long)..], bigEndian: true));
    }

    private static long ToMicroseconds(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    private static RefusalException.Invalid Refusal() =>
        new([new FieldError("cursor", "Use the cursor exactly as the page before gave it.")]);
}
