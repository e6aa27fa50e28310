using System.Text.Json;

namespace Mcpx.Core.Credentials;

/// <summary>The short JSON documents of authorization servers and policy engines, read strictly and no further than they may be long.</summary>
internal static class SmallJson
{
    /// <summary>In bytes.</summary>
    public const int Longest = 64 << 10;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Null for what is no JSON object, or a longer one.</summary>
    public static async Task<JsonElement?> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (await ReadBytesAsync(content, cancellationToken) is not { } bytes) return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, Strict);
            return document.RootElement.ValueKind is JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The whole body; null when it is longer than <see cref="Longest"/>.</summary>
    public static async Task<ReadOnlyMemory<byte>?> ReadBytesAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await using Stream body = await content.ReadAsStreamAsync(cancellationToken);
        byte[] buffer = new byte[Longest + 1];
        int length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        // The type is named: else null would be taken for a null array, and become empty memory.
        return length <= Longest ? (ReadOnlyMemory<byte>?)buffer.AsMemory(0, length) : null;
    }

    /// <summary>Null when the member is missing or no text.</summary>
    public static string? TextOf(JsonElement document, string member) => OAuth.JwtText.TextOf(document, member);

    /// <summary>The texts of a list; null when the member is missing or no list.</summary>
    public static IReadOnlyList<string>? TextsOf(JsonElement document, string member)
    {
        if (!document.TryGetProperty(member, out JsonElement list) || list.ValueKind is not JsonValueKind.Array) return null;
        try
        {
            return [.. list.EnumerateArray().Where(v => v.ValueKind is JsonValueKind.String).Select(v => v.GetString()!)];
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return null;
        }
    }
}
