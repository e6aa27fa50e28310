using System.Buffers;
using System.Buffers.Text;

namespace Mcpx.Core.Redaction.Detectors;

/// <summary>JSON web tokens (RFC 7515, 7516), and credentials behind the names of HTTP's schemes (RFC 6750, 7617).</summary>
internal static class Tokens
{
    private const int ShortestPart = 8;
    private const int ShortestToken = 8;
    private const int LongWithoutDigit = 32;

    private static readonly SearchValues<byte> Base64Url = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"u8);

    /// <summary>RFC 9110, section 11.2: token68.</summary>
    private static readonly SearchValues<byte> Token68 = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/="u8);

    /// <summary>At <c>eyJ</c>, which is <c>{"</c> in base64.</summary>
    public static (int Start, int End)? Jwt(ReadOnlySpan<byte> text, int at)
    {
        if (at > 0 && Base64Url.Contains(text[at - 1])) return null;
        int end = Run(text, at, Base64Url), parts = 1;
        if (end - at < ShortestPart) return null;
        // Header, claims and signature, of which the last may be empty; five parts where it is encrypted.
        while (parts < 5 && end < text.Length && text[end] == (byte)'.')
        {
            int next = Run(text, end + 1, Base64Url);
            if (parts == 1 && next - end - 1 < ShortestPart && !IsDirect(text, end)) return null;
            end = next;
            parts++;
        }

        return parts >= 2 ? (at, end) : null;
    }

    /// <summary>At the name of a scheme.</summary>
    public static (int Start, int End)? BehindScheme(ReadOnlySpan<byte> text, int at)
    {
        if (at > 0 && Separators.IsLetterOrDigit(text[at - 1])) return null;
        bool isBasic = (text[at + 1] | 0x20) == 'a';
        int start = at + (isBasic ? 5 : 6), name = start;
        while (start < text.Length && text[start] is (byte)' ' or (byte)'\t') start++;
        if (start == name) return null;
        int end = Run(text, start, Token68);
        while (end > start && text[end - 1] == (byte)'.') end--;
        ReadOnlySpan<byte> token = text[start..end];
        // "Basic authentication" and "bearer of news" are words.
        return token.Length >= ShortestToken && (isBasic ? IsPair(token) : token.ContainsAnyInRange((byte)'0', (byte)'9') || token.Length >= LongWithoutDigit) ? (start, end) : null;
    }

    /// <summary>An encrypted token whose key was agreed on has an empty second part.</summary>
    private static bool IsDirect(ReadOnlySpan<byte> text, int dot) => dot + 1 < text.Length && text[dot + 1] == (byte)'.';

    /// <summary>RFC 7617: name, colon, password.</summary>
    private static bool IsPair(ReadOnlySpan<byte> token)
    {
        byte[] decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(token.Length)];
        ReadOnlySpan<byte> whole = token[..(token.Length - token.Length % 4)];
        return Base64.DecodeFromUtf8(whole, decoded, out _, out int written) is OperationStatus.Done && decoded.AsSpan(0, written).Contains((byte)':');
    }

    private static int Run(ReadOnlySpan<byte> text, int at, SearchValues<byte> signs)
    {
        int length = text[at..].IndexOfAnyExcept(signs);
        return length < 0 ? text.Length : at + length;
    }
}

/// <summary>Private keys as PEM (RFC 7468), and those of OpenPGP.</summary>
internal static class PrivateKeys
{
    private const int LongestLabel = 64;

    /// <summary>At <c>-----BEGIN</c>. One whose end is missing goes on to the end of the text.</summary>
    public static (int Start, int End)? Pem(ReadOnlySpan<byte> text, int at)
    {
        ReadOnlySpan<byte> head = text.Slice(at, Math.Min(LongestLabel, text.Length - at));
        int label = head[10..].IndexOf("-----"u8);
        if (label < 0 && text.Length - at >= LongestLabel) return null;
        if (head[..(label < 0 ? head.Length : label + 10)].IndexOf("PRIVATE KEY"u8) < 0) return null;
        int body = at + 10 + Math.Max(0, label);
        int end = text[body..].IndexOf("-----END"u8);
        if (end < 0) return (at, text.Length);
        end += body + 8;
        int close = text[end..].IndexOf("-----"u8);
        return (at, close < 0 ? text.Length : end + close + 5);
    }
}
