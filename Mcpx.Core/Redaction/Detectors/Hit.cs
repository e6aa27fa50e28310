using System.Runtime.InteropServices;

namespace Mcpx.Core.Redaction.Detectors;

/// <summary>What a rule found in a text.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Hit(int Start, int End, int Rule);

/// <summary>Signs that people put between the groups of a number.</summary>
internal static class Separators
{
    /// <summary>How many bytes of a separator begin here: space, hyphen, and the spaces beyond ASCII (UTF-8); 0 for none.</summary>
    public static int LengthAt(ReadOnlySpan<byte> text, int at)
    {
        if (at >= text.Length) return 0;
        return text[at] switch
        {
            (byte)' ' or (byte)'-' => 1,
            // U+00A0, no-break space.
            0xC2 => at + 1 < text.Length && text[at + 1] == 0xA0 ? 2 : 0,
            // U+2000–200A spaces, U+2010–2015 hyphens and dashes, U+202F narrow no-break space.
            0xE2 => at + 2 < text.Length && text[at + 1] == 0x80 && text[at + 2] is >= 0x80 and <= 0x8A or >= 0x90 and <= 0x95 or 0xAF ? 3 : 0,
            _ => 0,
        };
    }

    public static bool IsLetter(byte b) => (uint)((b | 0x20) - 'a') < 26;

    public static bool IsDigit(byte b) => (uint)(b - '0') < 10;

    public static bool IsLetterOrDigit(byte b) => IsLetter(b) || IsDigit(b);
}
