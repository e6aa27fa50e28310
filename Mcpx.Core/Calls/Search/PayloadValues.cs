using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Mcpx.Core.Calls.Search;

/// <summary>
/// The values of a payload, one after the other, until a bag of words is full. A message that was cut off is read as far as
/// it goes; an event stream event by event; anything else as text.
/// </summary>
internal static class PayloadValues
{
    /// <summary>More of a text is never looked at: the bag is full long before.</summary>
    private const int MostTextBytes = 4 * CallWords.MostCharacters;

    private const int DeepestJson = 256;

    public static void Read(ReadOnlySpan<byte> payload, WordBag words)
    {
        ReadOnlySpan<byte> rest = payload;
        rest = rest.StartsWith(Encoding.UTF8.Preamble) ? rest[Encoding.UTF8.Preamble.Length..] : rest;
        rest = rest.TrimStart(" \t\r\n"u8);
        if (rest.IsEmpty) return;
        if (rest[0] is (byte)'{' or (byte)'[') ReadJson(rest, words);
        else if (!ReadEvents(rest, words)) words.Add(Front(rest));
    }

    /// <summary>False when there is no event with data.</summary>
    private static bool ReadEvents(ReadOnlySpan<byte> stream, WordBag words)
    {
        bool found = false;
        while (!stream.IsEmpty && !words.IsFull)
        {
            int end = stream.IndexOfAny((byte)'\n', (byte)'\r');
            ReadOnlySpan<byte> line = end < 0 ? stream : stream[..end];
            stream = end < 0 ? [] : stream[(end + 1)..];
            if (!line.StartsWith("data:"u8)) continue;
            found = true;
            ReadJson(line["data:"u8.Length..].TrimStart((byte)' '), words);
        }

        return found;
    }

    private static void ReadJson(ReadOnlySpan<byte> json, WordBag words)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = DeepestJson });
        try
        {
            while (!words.IsFull && reader.Read())
            {
                if (reader.TokenType is JsonTokenType.PropertyName && IsOfTheProtocol(ref reader)) reader.Skip();
                else if (reader.TokenType is JsonTokenType.String) AddText(ref reader, words);
                else if (reader.TokenType is JsonTokenType.Number) words.Add(reader.ValueSpan);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Cut off, no JSON, or a name with half of a surrogate pair: what was read until here is what there is. A record must
            // not stay out of the database because nobody can search for it.
        }
    }

    /// <summary>What every message carries tells none from another.</summary>
    private static bool IsOfTheProtocol(ref Utf8JsonReader reader) =>
        // Comparing unescapes, and throws at half of a surrogate pair. Nobody escapes these names.
        !reader.ValueIsEscaped
        && (reader.CurrentDepth == 1 && (reader.ValueTextEquals("jsonrpc"u8) || reader.ValueTextEquals("id"u8) || reader.ValueTextEquals("method"u8))
            || reader.ValueTextEquals("_meta"u8) || reader.ValueTextEquals("type"u8));

    private static void AddText(ref Utf8JsonReader reader, WordBag words)
    {
        if (!reader.ValueIsEscaped)
        {
            words.Add(Front(reader.ValueSpan));
            return;
        }

        byte[] plain = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        try
        {
            words.Add(plain.AsSpan(0, reader.CopyString(plain)));
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, escaped: as it stands there.
            words.Add(Front(reader.ValueSpan));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
        }
    }

    private static ReadOnlySpan<byte> Front(ReadOnlySpan<byte> text) => text[..Math.Min(text.Length, MostTextBytes)];
}
