using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Mcpx.Core.Governance;

/// <summary>
/// A JSON number (RFC 8259, section 6) as its digits: compared exactly, whatever its length. As a double,
/// 9007199254740993 would be 9007199254740992, and a limit could be passed by one.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct ExactNumber
{
    // Beyond this, numbers compare as equal in size; the limits that rules name are far smaller.
    private const long FarthestExponent = 1_000_000_000_000_000;

    private readonly int _sign;
    private readonly string _digits;
    private readonly long _point;

    /// <param name="digits">Without zeros at either end; the number is 0.digits × 10^point.</param>
    private ExactNumber(int sign, string digits, long point) => (_sign, _digits, _point) = (sign, digits, point);

    /// <param name="json">A number as the JSON reader accepted it.</param>
    public static ExactNumber Parse(ReadOnlySpan<byte> json)
    {
        bool negative = json[0] == '-';
        if (negative) json = json[1..];
        int e = json.IndexOfAny((byte)'e', (byte)'E');
        long exponent = e < 0 ? 0 : ParseExponent(json[(e + 1)..]);
        if (e >= 0) json = json[..e];
        int dot = json.IndexOf((byte)'.');
        string digits = Encoding.ASCII.GetString(dot < 0 ? json : (byte[])[.. json[..dot], .. json[(dot + 1)..]]);
        string stripped = digits.TrimStart('0');
        long point = (dot < 0 ? json.Length : dot) - (digits.Length - stripped.Length) + exponent;
        stripped = stripped.TrimEnd('0');
        return stripped.Length == 0 ? new ExactNumber(0, "", 0) : new ExactNumber(negative ? -1 : 1, stripped, point);
    }

    /// <summary>Less than, equal to or greater than zero, as this number is to the other.</summary>
    public int Against(ExactNumber other)
    {
        if (_sign != other._sign) return _sign.CompareTo(other._sign);
        if (_sign == 0) return 0;
        int size = _point != other._point ? _point.CompareTo(other._point) : string.CompareOrdinal(_digits, other._digits);
        return _sign * Math.Sign(size);
    }

    private static long ParseExponent(ReadOnlySpan<byte> text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long exponent))
            return Math.Clamp(exponent, -FarthestExponent, FarthestExponent);
        return text[0] == '-' ? -FarthestExponent : FarthestExponent;
    }
}
