using System.Text;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>Bytes and odd characters in a form that can be seen.</summary>
internal static class PayloadText
{
    private const int MostDumped = 4096;
    private const int BytesPerLine = 16;
    private const char FirstPicture = '\u2400';
    private const char DeletePicture = '\u2421';

    /// <summary>
    /// Control characters become their pictures (␀, ␛ …): a browser swallows a NUL, and then two different bodies look the same.
    /// </summary>
    public static string ShowControls(string text) => text.Any(IsHidden)
        ? string.Create(text.Length, text, static (to, from) =>
        {
            for (int i = 0; i < from.Length; i++)
                to[i] = !IsHidden(from[i]) ? from[i] : from[i] == '\u007F' ? DeletePicture : (char)(FirstPicture + from[i]);
        })
        : text;

    public static bool HasControls(string text) => text.Any(IsHidden);

    /// <summary>Offset, bytes and characters of the first 4 KiB.</summary>
    public static string HexDump(byte[] bytes)
    {
        StringBuilder dump = new();
        for (int at = 0; at < Math.Min(bytes.Length, MostDumped); at += BytesPerLine)
        {
            ReadOnlySpan<byte> line = bytes.AsSpan(at, Math.Min(BytesPerLine, bytes.Length - at));
            dump.Append($"{at:x6}  ");
            for (int i = 0; i < BytesPerLine; i++)
                dump.Append(i < line.Length ? $"{line[i]:x2} " : "   ");
            dump.Append(' ');
            foreach (byte b in line)
                dump.Append(b is >= 0x20 and < 0x7F ? (char)b : '.');
            dump.Append('\n');
        }

        if (bytes.Length > MostDumped) dump.Append($"… {bytes.Length - MostDumped:N0} more bytes");
        return dump.ToString();
    }

    private static bool IsHidden(char c) => c < ' ' && c is not ('\n' or '\r' or '\t') || c == '\u007F';
}
