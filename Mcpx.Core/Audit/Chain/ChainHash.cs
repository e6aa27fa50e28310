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
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(PayloadName);
        Append(hash, version);
        hash.AppendData(fields);
        return hash.GetHashAndReset();
    }

    /// <param name="fields">Of the record: each value with its length, see <see cref="ChainSchema.Record"/>.</param>
    /// <param name="payload">The hash of its payload row; empty when it has none.</param>
    public static byte[] Leaf(ChainKind kind, short version, ReadOnlySpan<byte> fields, ReadOnlySpan<byte> payload)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(LeafName);
        Append(hash, (short)kind);
        Append(hash, version);
        hash.AppendData(fields);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, payload.IsEmpty ? NullLength : payload.Length);
        hash.AppendData(length);
        hash.AppendData(payload);
        return hash.GetHashAndReset();
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
    public static byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> link)
    {
        Span<byte> text = stackalloc byte[64];
        SealName.CopyTo(text);
        link.CopyTo(text[SealName.Length..]);
        return HMACSHA256.HashData(key, text[..(SealName.Length + link.Length)]);
    }

    private static void Append(IncrementalHash hash, short value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(short)];
        BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        hash.AppendData(bytes);
    }
}
