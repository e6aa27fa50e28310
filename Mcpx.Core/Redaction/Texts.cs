using System.Text.Unicode;

namespace Mcpx.Core.Redaction;

internal static class Texts
{
    private const int LongestSequence = 4;

    /// <summary>UTF-16 spells ASCII with a NUL in every other byte, and is valid UTF-8 then. A NUL here and there is a text's own.</summary>
    private const int LeastBytesPerNul = 4;

    /// <summary>UTF-8, perhaps cut off inside its last character. Else it may be any encoding, in which nothing is found.</summary>
    public static bool IsText(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Count((byte)0) > bytes.Length / LeastBytesPerNul) return false;
        for (int cut = 0; cut < LongestSequence && cut <= bytes.Length; cut++)
        {
            if (Utf8.IsValid(bytes[..^cut])) return cut == 0 || IsBeginning(bytes[^cut..]);
        }

        return false;
    }

    /// <summary>The first bytes of a longer sequence.</summary>
    private static bool IsBeginning(ReadOnlySpan<byte> bytes)
    {
        int length = bytes[0] switch { >= 0xF0 and <= 0xF4 => 4, >= 0xE0 => 3, >= 0xC2 => 2, _ => 0 };
        return bytes.Length < length && !bytes[1..].ContainsAnyExceptInRange((byte)0x80, (byte)0xBF);
    }
}
