using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Mcpx.Core.Servers;

/// <summary>SHA-256 of a tool's definition in its canonical form: equal for definitions that say the same.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DefinitionHash
{
    /// <summary>In bytes.</summary>
    public const int Length = 32;

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    /// <param name="bytes">Exactly <see cref="Length"/>.</param>
    public DefinitionHash(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>
    /// Null for a definition that two readers could take for different ones (a member twice, half a surrogate pair), or that
    /// is larger than anybody could review: it can't be approved, so it is never shown.
    /// </summary>
    public static DefinitionHash? Of(ReadOnlyMemory<byte> json) => CanonicalDefinition.HashOf(json);

    /// <summary>Of bytes as they are, whatever they say.</summary>
    public static DefinitionHash OfBytes(ReadOnlySpan<byte> bytes)
    {
        Span<byte> digest = stackalloc byte[Length];
        SHA256.HashData(bytes, digest);
        return new DefinitionHash(digest);
    }

    public byte[] ToArray()
    {
        byte[] bytes = new byte[Length];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, _a);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), _b);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(16), _c);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(24), _d);
        return bytes;
    }

    /// <summary>64 hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());

    /// <summary>Accepts what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string? text, out DefinitionHash hash)
    {
        hash = default;
        byte[] bytes = new byte[Length];
        if (text is not { Length: 2 * Length } || Convert.FromHexString(text, bytes, out _, out int written) is not System.Buffers.OperationStatus.Done || written != Length) return false;
        hash = new DefinitionHash(bytes);
        return true;
    }
}
