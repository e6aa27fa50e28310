using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mcpx.Core.Gateways;

/// <summary>Gives a catalogue's item another name or description. Everything else stays, byte for byte.</summary>
internal static class ItemSplice
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 128 };

    /// <param name="item">A JSON object with one <c>name</c>.</param>
    /// <param name="name">Null keeps it.</param>
    /// <param name="description">Null keeps it; put behind the name where there is none.</param>
    public static ReadOnlyMemory<byte> With(ReadOnlyMemory<byte> item, string? name, string? description)
    {
        if (name is null && description is null) return item;
        ArrayBufferWriter<byte> output = new(item.Length + 64);
        int copied = 0;
        int behindName = 0;
        bool described = false;
        Utf8JsonReader json = new(item.Span, Options);
        json.Read();
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            bool isName = json.ValueTextEquals("name"u8);
            // Every description: behind a replaced one a second would be what another parser shows.
            bool isDescription = json.ValueTextEquals("description"u8);
            json.Read();
            int start = (int)json.TokenStartIndex;
            json.Skip();
            int end = (int)json.BytesConsumed;
            if (isName && name is not null) Replace(name);
            else if (isDescription && description is not null) Replace(description);
            described |= isDescription;
            if (isName) behindName = output.WrittenCount + end - copied;

            void Replace(string text)
            {
                output.Write(item.Span[copied..start]);
                output.Write(Quoted(text));
                copied = end;
            }
        }

        output.Write(item.Span[copied..]);
        if (described || description is null) return output.WrittenMemory;
        byte[] added = [.. ",\"description\":"u8, .. Quoted(description)];
        return new ReadOnlyMemory<byte>([.. output.WrittenSpan[..behindName], .. added, .. output.WrittenSpan[behindName..]]);
    }

    /// <summary>By way of UTF-8, where half a surrogate pair becomes U+FFFD instead of an exception.</summary>
    private static byte[] Quoted(string text) =>
        [(byte)'"', .. JsonEncodedText.Encode(Encoding.UTF8.GetBytes(text), JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, (byte)'"'];
}
