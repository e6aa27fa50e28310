using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Mcpx.Core.Redaction;

/// <summary>What stands in place of a value, and how it is known again: what was redacted is not redacted twice.</summary>
public static class Marker
{
    internal const string HashPrefix = "hash:";

    /// <summary>Twelve: fewer than a card number has, even if all of them were digits. The ellipsis keeps digits behind from joining.</summary>
    private const int HashDigits = 12;
    private const string HashEnd = "…";

    internal static byte[] Mask { get; } = "***"u8.ToArray();

    internal static byte[] QuotedMask { get; } = "\"***\""u8.ToArray();

    internal static byte[] Null { get; } = "null"u8.ToArray();

    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdef"u8);
    private static readonly byte[] HashTail = Encoding.UTF8.GetBytes(HashEnd);

    /// <summary>True for a text that holds a value which is not the caller's own any more.</summary>
    public static bool IsIn(ReadOnlySpan<byte> text)
    {
        for (int at = 0; text[at..].IndexOf("hash:"u8) is >= 0 and var next; at += next + 1)
        {
            if (IsHash(text[(at + next)..Math.Min(text.Length, at + next + HashPrefix.Length + HashDigits + HashTail.Length)])) return true;
        }

        return text.IndexOf(Mask) >= 0;
    }

    /// <summary>True when the text is a marker and nothing else.</summary>
    internal static bool IsAt(ReadOnlySpan<byte> text) => text.SequenceEqual(Mask) || IsHash(text);

    internal static bool IsHash(ReadOnlySpan<byte> text) =>
        text.Length == HashPrefix.Length + HashDigits + HashTail.Length && text.StartsWith("hash:"u8) && text.EndsWith(HashTail)
        && !text.Slice(HashPrefix.Length, HashDigits).ContainsAnyExcept(HexDigits);

    /// <summary>As a string of JSON.</summary>
    internal static byte[] Quote(byte[] marker) => marker == Mask ? QuotedMask : [(byte)'"', .. marker, (byte)'"'];

    internal static byte[] Hash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, value, hash);
        return Encoding.UTF8.GetBytes(HashPrefix + Convert.ToHexStringLower(hash)[..HashDigits] + HashEnd);
    }
}
