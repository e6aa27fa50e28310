using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace Mcpx.Core.Servers;

/// <summary>
/// One spelling for all JSON texts that say the same, after RFC 8785: members in the order of their UTF-16 code units, no
/// white space, the fewest escapes. Numbers count by their exact value and not, as there, by the nearest double: two that
/// differ are different to readers that keep all digits.
/// </summary>
public static class CanonicalDefinition
{
    /// <summary>Of one definition, in bytes of JSON.</summary>
    public const int Largest = 1 << 20;

    private const int LongestNumber = 1000;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64 };

    /// <summary>See <see cref="DefinitionHash.Of"/>.</summary>
    internal static DefinitionHash? HashOf(ReadOnlyMemory<byte> json)
    {
        if (json.Length is 0 or > Largest) return null;
        ArrayBufferWriter<byte> canonical = new(json.Length);
        return TryWrite(json, canonical) ? DefinitionHash.OfBytes(canonical.WrittenSpan) : null;
    }

    /// <summary>False for what is no JSON value, or not the same one to every reader.</summary>
    public static bool TryWrite(ReadOnlyMemory<byte> json, IBufferWriter<byte> output)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Options);
            return Write(document.RootElement, output);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, too deep, or a text that is no Unicode.
            return false;
        }
    }

    private static bool Write(JsonElement value, IBufferWriter<byte> output)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                return WriteObject(value, output);
            case JsonValueKind.Array:
                output.Write("["u8);
                bool isFirst = true;
                foreach (JsonElement item in value.EnumerateArray())
                {
                    if (!isFirst) output.Write(","u8);
                    isFirst = false;
                    if (!Write(item, output)) return false;
                }

                output.Write("]"u8);
                return true;
            case JsonValueKind.String:
                WriteText(value.GetString()!, output);
                return true;
            case JsonValueKind.Number:
                if (NumberOf(value.GetRawText()) is not { } number) return false;
                output.Write(Encoding.ASCII.GetBytes(number));
                return true;
            default:
                output.Write(value.ValueKind switch { JsonValueKind.True => "true"u8, JsonValueKind.False => "false"u8, _ => "null"u8 });
                return true;
        }
    }

    private static bool WriteObject(JsonElement value, IBufferWriter<byte> output)
    {
        JsonProperty[] members = [.. value.EnumerateObject()];
        string[] names = [.. members.Select(m => m.Name)];
        Array.Sort(names, members, StringComparer.Ordinal);
        output.Write("{"u8);
        for (int at = 0; at < members.Length; at++)
        {
            // Of two members with one name, readers take the first or the last: an attacker would show one and mean the other.
            if (at > 0 && names[at] == names[at - 1]) return false;
            if (at > 0) output.Write(","u8);
            WriteText(names[at], output);
            output.Write(":"u8);
            if (!Write(members[at].Value, output)) return false;
        }

        output.Write("}"u8);
        return true;
    }

    private static void WriteText(string text, IBufferWriter<byte> output)
    {
        output.Write("\""u8);
        int from = 0;
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] is not ('"' or '\\' or < ' ')) continue;
            WriteUtf8(text.AsSpan(from, at - from), output);
            WriteUtf8(text[at] is '"' ? "\\\"" : text[at] is '\\' ? "\\\\" : $"\\u{(int)text[at]:x4}", output);
            from = at + 1;
        }

        WriteUtf8(text.AsSpan(from), output);
        output.Write("\""u8);
    }

    private static void WriteUtf8(ReadOnlySpan<char> text, IBufferWriter<byte> output)
    {
        Span<byte> space = output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        output.Advance(Encoding.UTF8.GetBytes(text, space));
    }

    /// <summary>Whole digits without zeros at either end, and a power of ten: 1, 1.0 and 10e-1 are one number. Null for one too long.</summary>
    private static string? NumberOf(string raw)
    {
        if (raw.Length > LongestNumber) return null;
        bool isNegative = raw[0] is '-';
        int exponentAt = raw.IndexOfAny(['e', 'E']);
        ReadOnlySpan<char> mantissa = raw.AsSpan(isNegative ? 1 : 0, (exponentAt < 0 ? raw.Length : exponentAt) - (isNegative ? 1 : 0));
        BigInteger exponent = exponentAt < 0 ? 0 : BigInteger.Parse(raw.AsSpan(exponentAt + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        int point = mantissa.IndexOf('.');
        string digits = point < 0 ? mantissa.ToString() : $"{mantissa[..point]}{mantissa[(point + 1)..]}";
        if (point >= 0) exponent -= mantissa.Length - point - 1;
        string significant = digits.TrimEnd('0');
        exponent += digits.Length - significant.Length;
        significant = significant.TrimStart('0');
        if (significant.Length == 0) return "0";
        return $"{(isNegative ? "-" : "")}{significant}{(exponent.IsZero ? "" : $"e{exponent.ToString(CultureInfo.InvariantCulture)}")}";
    }
}
