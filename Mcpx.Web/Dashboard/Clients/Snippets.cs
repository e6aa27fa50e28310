using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mcpx.Web.Dashboard.Clients;

/// <summary>Lines to paste into clients.</summary>
internal static class Snippets
{
    public const string Placeholder = "YOUR_TOKEN";

    // The angle brackets and plus signs of a token or an address are for reading, not for a script element.
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string ClaudeCode(string slug, string endpoint, string token) =>
        $"claude mcp add --transport http {slug} {endpoint} --header \"Authorization: Bearer {token}\"";

    public static string VsCode(string slug, string endpoint, string token) => JsonSerializer.Serialize(new
    {
        servers = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            [slug] = new { type = "http", url = endpoint, headers = new { Authorization = $"Bearer {token}" } },
        },
    }, Readable);

    public static string Curl(string endpoint, string token) =>
        $$"""
        curl -s {{endpoint}} \
          -H "Authorization: Bearer {{token}}" \
          -H "Content-Type: application/json" -H "Accept: application/json, text/event-stream" \
          -d '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"curl","version":"1"} } }'
        """;
}
