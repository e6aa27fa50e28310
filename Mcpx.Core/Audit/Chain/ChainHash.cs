using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Audit.Chain;

/// <summary>
/// The hashes of the chain, each with a name of its own in front, so that none can be taken for another. A leaf covers one
/// record and the hash of its payload; a link covers its leaf and, through the link before, everything before. Both can be
/// computed by anybody; a seal can't without the organisation's key.
/// </summary>
public static class ChainHash
{
    public const int Length = 32;

    private const int NullLength = -1;

    private static ReadOnlySpan<byte> GenesisName => "mcpx/audit/genesis/1\n"u8;

    private static ReadOnlySpan<byte> PayloadName => "mcpx/audit/payload/1\n"u8;

    private static ReadOnlySpan<byte> LeafName => "mcpx/audit/leaf/1\n"u8;

    private static ReadOnlySpan<byte> LinkName => "mcpx/audit/link/1\n"u8;

    private static ReadOnlySpan<byte> SealName => "mcpx/audit/seal/1\n"u8;

    /// <summary>What stands before an organisation's first link.</summary>
    public static byte[] Genesis(OrganizationId organization)
    {
        Span<byte> text = stackalloc byte[64];
        GenesisName.CopyTo(text);
        organization.Value.TryWriteBytes(text[GenesisName.Length..], bigEndian: true, out int written);
        return SHA256.HashData(text[..(GenesisName.Length + written)]);
    }

    /// <param name="fields">Of the payload row: each value with its length, see <see cref="ChainSchema.Payload"/>.</param>
    public static byte[] Payload(short version, ReadOnlySpan<byte> fields)
    {
        Span<byte> head = stackalloc byte[64];
        PayloadName.CopyTo(head);
        int length = PayloadName.Length;
        length += Write(version, head[length..]);
        return Hash(head[..length], fields, [], []);
    }

    /// <param name="fields">Of the record: each value with its length, see <see cref="ChainSchema.Record"/>.</param>
    /// <param name="payload">The hash of its payload row; empty when it has none.</param>
    public static byte[] Leaf(ChainKind kind, short version, ReadOnlySpan<byte> fields, ReadOnlySpan<byte> payload)
    {
        Span<byte> head = stackalloc byte[64], payloadLength = stackalloc byte[sizeof(int)];
        LeafName.CopyTo(head);
        int length = LeafName.Length;
        length += Write((short)kind, head[length..]);
        length += Write(version, head[length..]);
        BinaryPrimitives.WriteInt32BigEndian(payloadLength, payload.IsEmpty ? NullLength : payload.Length);
        return Hash(head[..length], fields, payloadLength, payload);
    }

    /// <param name="previous">The link before, or <see cref="Genesis"/>.</param>
    /// <param name="sequence">From 1, without gaps.</param>
    public static byte[] Link(ReadOnlySpan<byte> previous, long sequence, ReadOnlySpan<byte> leaf)
    {
        Span<byte> text = stackalloc byte[128];
        LinkName.CopyTo(text);
        int at = LinkName.Length;
        previous.CopyTo(text[at..]);
        at += previous.Length;
        BinaryPrimitives.WriteInt64BigEndian(text[at..], sequence);
        at += sizeof(long);
        leaf.CopyTo(text[at..]);
        return SHA256.HashData(text[..(at + leaf.Length)]);
    }

    /// <summary>HMAC-SHA-256 of a link under the organisation's key.</summary>
    public static byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> link) => HMACSHA256.HashData(key, SealedText(link, stackalloc byte[64]));

    /// <inheritdoc cref="Seal(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    /// <param name="keyed">An HMAC-SHA-256 that was set up with that key: for many links, of which each then takes a third of the time.</param>
    public static byte[] Seal(IncrementalHash keyed, ReadOnlySpan<byte> link)
    {
        keyed.AppendData(SealedText(link, stackalloc byte[64]));
        return keyed.GetHashAndReset();
    }

    private static ReadOnlySpan<byte> SealedText(ReadOnlySpan<byte> link, Span<byte> text)
    {
        SealName.CopyTo(text);
        link.CopyTo(text[SealName.Length..]);
        return text[..(SealName.Length + link.Length)];
    }

    private static int Write(short value, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt16BigEndian(destination, value);
        return sizeof(short);
    }

    /// <summary>Of all four in a row. They are copied: setting up a hash that takes pieces costs more than copying a record.</summary>
    private static byte[] Hash(ReadOnlySpan<byte> head, ReadOnlySpan<byte> fields, ReadOnlySpan<byte> payloadLength, ReadOnlySpan<byte> payload)
    {
        int beforeLength = head.Length + fields.Length, beforePayload = beforeLength + payloadLength.Length, length = beforePayload + payload.Length;
        byte[] rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            head.CopyTo(rented);
            fields.CopyTo(rented.AsSpan(head.Length));
            payloadLength.CopyTo(rented.AsSpan(beforeLength));
            payload.CopyTo(rented.AsSpan(beforePayload));
            return SHA256.HashData(rented.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
