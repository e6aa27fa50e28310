using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Mcpx.Core.Identity;

/// <summary>
/// The visible form of our tokens: a prefix, 43 base62 characters (256 random bits) and 6 of CRC-32. The prefix lets
/// secret scanners find a leaked token; the checksum lets us refuse a mistyped one without asking the database.
/// </summary>
public static class TokenText
{
    public const string PersonalAccessTokenPrefix = "mcpx_pat_";
    public const string ServiceAccountSecretPrefix = "mcpx_sas_";

    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int RandomLength = 43;
    private const int ChecksumLength = 6;

    private static readonly SearchValues<char> Characters = SearchValues.Create(Alphabet);

    public static string Create(string prefix)
    {
        string body = prefix + RandomNumberGenerator.GetString(Alphabet, RandomLength);
        return body + Checksum(body);
    }

    /// <summary>True for a text of the right form with a right checksum; says nothing about whether the token exists.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> token, string prefix)
    {
        if (token.Length != prefix.Length + RandomLength + ChecksumLength || !token.StartsWith(prefix, StringComparison.Ordinal))
            return false;
        if (token[prefix.Length..].ContainsAnyExcept(Characters))
            return false;
        return token[^ChecksumLength..].SequenceEqual(Checksum(token[..^ChecksumLength]));
    }

    private static string Checksum(ReadOnlySpan<char> body)
    {
        Span<byte> ascii = stackalloc byte[body.Length];
        Encoding.ASCII.GetBytes(body, ascii);
        uint crc = Crc32(ascii);
        Span<char> text = stackalloc char[ChecksumLength];
        for (int i = ChecksumLength - 1; i >= 0; i--)
        {
            text[i] = Alphabet[(int)(crc % (uint)Alphabet.Length)];
            crc /= (uint)Alphabet.Length;
        }

        return new string(text);
    }

    /// <summary>CRC-32 of ISO 3309 (the one of zip and PNG), bit by bit: 52 bytes don't earn a table.</summary>
    private static uint Crc32(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in data)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320u & (uint)-(int)(crc & 1));
        }

        return ~crc;
    }
}
