using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Mcpx.Core.OAuth;

/// <summary>
/// A signed token in three parts (RFC 7515, section 7.1), taken apart but not believed. Strict where two readers could
/// differ: no padding, no white space, no duplicate member.
/// </summary>
public sealed class JwtText
{
    /// <summary>Ours have about 600 characters; an RSA key of 4096 bits signs with 683.</summary>
    public const int Longest = 8192;

    private static readonly SearchValues<char> Base64UrlCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    private JwtText(JsonElement header, JsonElement payload, byte[] signed, byte[] signature) =>
        (Header, Payload, Signed, Signature) = (header, payload, signed, signature);

    public JsonElement Header { get; }

    /// <summary>Claims until the signature was checked, and not more.</summary>
    public JsonElement Payload { get; }

    /// <summary>The bytes that the signature is over.</summary>
    public byte[] Signed { get; }

    public byte[] Signature { get; }

    public string? Algorithm => TextOf(Header, "alg");

    /// <summary>Null for what is no token of this form.</summary>
    public static JwtText? Parse(string text)
    {
        if (text.Length > Longest) return null;
        string[] parts = text.Split('.');
        if (parts.Length != 3 || parts.Any(p => p.Length == 0 || p.AsSpan().ContainsAnyExcept(Base64UrlCharacters) || p.Length % 4 == 1)) return null;
        try
        {
            using JsonDocument header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]), Strict);
            using JsonDocument payload = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]), Strict);
            if (header.RootElement.ValueKind is not JsonValueKind.Object || payload.RootElement.ValueKind is not JsonValueKind.Object) return null;
            // "crit" names extensions that must be understood (RFC 7515, section 4.1.11), and none is.
            if (header.RootElement.TryGetProperty("crit", out _)) return null;
            return new JwtText(header.RootElement.Clone(), payload.RootElement.Clone(), Encoding.ASCII.GetBytes(text[..text.LastIndexOf('.')]), Base64Url.DecodeFromChars(parts[2]));
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Null when the member is missing or no text.</summary>
    public static string? TextOf(JsonElement element, string member)
    {
        if (!element.TryGetProperty(member, out JsonElement value) || value.ValueKind is not JsonValueKind.String) return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, which is no text.
            return null;
        }
    }

    /// <summary>A NumericDate (RFC 7519, section 2); null when it is missing, no whole number or out of any calendar.</summary>
    public DateTimeOffset? Time(string claim) =>
        Payload.TryGetProperty(claim, out JsonElement value) && value.ValueKind is JsonValueKind.Number && value.TryGetInt64(out long seconds) && seconds is > 0 and < 253_402_300_800
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;

    /// <summary>The <c>aud</c> claim: one text or a list of texts (RFC 7519, section 4.1.3); empty for anything else.</summary>
    public IReadOnlyList<string> Audience()
    {
        if (!Payload.TryGetProperty("aud", out JsonElement value)) return [];
        if (value.ValueKind is JsonValueKind.String) return TextOf(Payload, "aud") is { } one ? [one] : [];
        if (value.ValueKind is not JsonValueKind.Array || value.EnumerateArray().Any(v => v.ValueKind is not JsonValueKind.String)) return [];
        try
        {
            return [.. value.EnumerateArray().Select(v => v.GetString()!)];
        }
        catch (InvalidOperationException)
        {
            return [];
        }
    }
}
