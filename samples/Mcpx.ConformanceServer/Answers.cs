using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ModelContextProtocol.Protocol;

namespace Mcpx.ConformanceServer;

/// <summary>Reads a client's <c>inputResponses</c>; one of another shape counts as missing, so that it is asked for again (SEP-2322).</summary>
internal static class Answers
{
    public static bool Has(RequestParams request, string key) =>
        request.InputResponses is { } responses && responses.TryGetValue(key, out var response) && response?.RawValue.ValueKind is JsonValueKind.Object;

    public static T? Of<T>(RequestParams request, string key, JsonTypeInfo<T> type) where T : class
    {
        if (!Has(request, key))
            return null;
        try
        {
            return request.InputResponses![key].Deserialize(type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static string? Field(RequestParams request, string key, string field) =>
        Of(request, key, InputResponse.ElicitResultJsonTypeInfo)?.Content is { } content && content.TryGetValue(field, out var value) ? value.ToString() : null;
}
