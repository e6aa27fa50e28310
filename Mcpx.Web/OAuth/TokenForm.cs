using System.Text;
using Mcpx.Core.OAuth;
using Microsoft.Net.Http.Headers;

namespace Mcpx.Web.OAuth;

/// <summary>
/// The form of a token request, read strictly: what two readers could read differently is refused. The framework's own
/// reader takes repeated names, invalid UTF-8 and bodies of any size.
/// </summary>
internal sealed class TokenForm
{
    private const int Longest = 16 << 10;
    private const int MostFields = 40;
    private const string Repeatable = "resource";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Dictionary<string, List<string>> _fields = new(StringComparer.Ordinal);

    /// <summary>Null when it is missing; RFC 6749, section 3.2: an empty one counts as missing.</summary>
    public string? this[string name] => _fields.TryGetValue(name, out List<string>? values) ? values[0] : null;

    public IReadOnlyList<string> Resources => _fields.GetValueOrDefault(Repeatable) ?? [];

    /// <exception cref="OAuthException">It is no form, or one that could be read in two ways.</exception>
    public static async Task<TokenForm> ReadAsync(HttpContext http)
    {
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out MediaTypeHeaderValue? type)
            || !type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            throw Refuse("The Content-Type must be application/x-www-form-urlencoded.", StatusCodes.Status415UnsupportedMediaType);
        }

        if (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) && !type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase))
            throw Refuse("The charset must be UTF-8.");
        TokenForm form = new();
        string body = await ReadBodyAsync(http);
        foreach (string pair in body.Split('&', MostFields + 1, StringSplitOptions.RemoveEmptyEntries))
            form.Add(pair);
        return form._fields.Values.Sum(v => v.Count) <= MostFields ? form : throw Refuse("The form has too many fields.");
    }

    /// <summary>Undoes the encoding of a form's field; also that of client_secret_basic (RFC 6749, section 2.3.1).</summary>
    /// <exception cref="OAuthException">It is no text that a field may hold.</exception>
    public static string Decode(ReadOnlySpan<char> encoded)
    {
        byte[] bytes = new byte[encoded.Length];
        int length = 0;
        for (int i = 0; i < encoded.Length; i++)
        {
            char c = encoded[i];
            if (c == '%')
            {
                if (i + 2 >= encoded.Length || !char.IsAsciiHexDigit(encoded[i + 1]) || !char.IsAsciiHexDigit(encoded[i + 2])) throw Refuse("The form is not encoded rightly.");
                bytes[length++] = Convert.FromHexString(encoded.Slice(i + 1, 2))[0];
                i += 2;
            }
            else
            {
                bytes[length++] = c < 0x80 ? c == '+' ? (byte)' ' : (byte)c : throw Refuse("The form is not encoded rightly.");
            }
        }

        try
        {
            string text = StrictUtf8.GetString(bytes, 0, length);
            return text.Any(char.IsControl) ? throw Refuse("The form holds control characters.") : text;
        }
        catch (DecoderFallbackException)
        {
            throw Refuse("The form is not UTF-8.");
        }
    }

    private void Add(string pair)
    {
        int equals = pair.IndexOf('=', StringComparison.Ordinal);
        string name = Decode(equals < 0 ? pair : pair.AsSpan(0, equals));
        string value = equals < 0 ? "" : Decode(pair.AsSpan(equals + 1));
        if (_fields.TryGetValue(name, out List<string>? values) && name != Repeatable) throw Refuse("A field stands there twice.");
        if (values is null) _fields[name] = values = [];
        values.Add(value);
        // Counted for the rule above, and then as if it were not there.
        if (value.Length == 0 && name != Repeatable) _fields[name] = [null!];
    }

    private static async Task<string> ReadBodyAsync(HttpContext http)
    {
        if (http.Request.ContentLength > Longest) throw TooLong();
        byte[] buffer = new byte[Longest + 1];
        int length = 0, read;
        try
        {
            while (length < buffer.Length && (read = await http.Request.Body.ReadAsync(buffer.AsMemory(length), http.RequestAborted)) > 0)
                length += read;
        }
        catch (BadHttpRequestException)
        {
            throw Refuse("The body ended before it was complete.");
        }

        if (length > Longest) throw TooLong();
        // Everything outside of ASCII has to be encoded; Latin-1 keeps what is not, so that Decode refuses it.
        return Encoding.Latin1.GetString(buffer, 0, length);
    }

    private static OAuthException TooLong() => Refuse($"The form is longer than {Longest >> 10} KiB.", StatusCodes.Status413PayloadTooLarge);

    private static OAuthException Refuse(string why, int status = StatusCodes.Status400BadRequest) => new(OAuthError.Invalid(why) with { Status = status });
}
