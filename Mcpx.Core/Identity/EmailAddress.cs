using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Mail;

namespace Mcpx.Core.Identity;

/// <summary>The one spelling under which e-mail addresses are kept and compared.</summary>
public static class EmailAddress
{
    /// <summary>RFC 5321, section 4.5.3.1.1.</summary>
    private const int LongestLocalPart = 64;

    /// <summary>RFC 5321, section 4.5.3.1.3 (erratum 1690).</summary>
    private const int Longest = 254;

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    /// <summary>
    /// Trimmed, lower case, the host in its ASCII form. Quoted and non-ASCII local parts are refused: two of them may look
    /// alike or fold into one, and an invitation must not reach the other one.
    /// </summary>
    public static bool TryNormalize([NotNullWhen(true)] string? text, [NotNullWhen(true)] out string? normalized)
    {
        normalized = null;
        string address = text?.Trim() ?? "";
        int at = address.LastIndexOf('@');
        if (at is < 1 or > LongestLocalPart || address.Length > Longest || !IsLocalPart(address.AsSpan(0, at))) return false;
        if (!TryGetHost(address[(at + 1)..], out string? host) || at + 1 + host.Length > Longest) return false;
        normalized = $"{address[..at].ToLowerInvariant()}@{host}";
        return MailAddress.TryCreate(normalized, out MailAddress? parsed) && parsed.Address == normalized;
    }

    /// <summary>Enough to know one's own address by, too little to learn a stranger's: <c>a•••@example.com</c>.</summary>
    public static string Mask(string address)
    {
        int at = address.LastIndexOf('@');
        return at < 1 ? "•••" : $"{address[0]}•••{address[at..]}";
    }

    /// <summary>RFC 5321's dot-string: atext and inner single dots.</summary>
    private static bool IsLocalPart(ReadOnlySpan<char> local)
    {
        if (local[0] == '.' || local[^1] == '.') return false;
        for (int i = 0; i < local.Length; i++)
        {
            if (local[i] == '.' && local[i - 1] == '.') return false;
            if (!char.IsAsciiLetterOrDigit(local[i]) && !".!#$%&'*+-/=?^_`{|}~".Contains(local[i], StringComparison.Ordinal)) return false;
        }

        return true;
    }

    private static bool TryGetHost(string text, [NotNullWhen(true)] out string? host)
    {
        host = null;
        try
        {
            // Twice: what only looks like the ASCII form of something must be that form.
            string ascii = Idn.GetAscii(text.ToLowerInvariant()).ToLowerInvariant();
            if (Uri.CheckHostName(ascii) is not UriHostNameType.Dns || !ascii.Contains('.', StringComparison.Ordinal)) return false;
            if (Idn.GetAscii(Idn.GetUnicode(ascii)) != ascii) return false;
            host = ascii;
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
