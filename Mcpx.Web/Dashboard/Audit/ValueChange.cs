using System.Text.Encodings.Web;
using System.Text.Json;
using Mcpx.Core.Audit;

namespace Mcpx.Web.Dashboard.Audit;

/// <summary>What became of one member of a thing, in words for people.</summary>
/// <param name="Removed">What stands there no more; empty when nothing stood there.</param>
/// <param name="Added">What stands there now.</param>
/// <param name="IsList">The two are what left a list and what came into it; what stayed is in neither.</param>
public sealed record ValueChange(string Member, IReadOnlyList<string> Removed, IReadOnlyList<string> Added, bool IsList)
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>In the order of the entry.</summary>
    public static IReadOnlyList<ValueChange> Of(AdminEntry entry)
    {
        IReadOnlyList<KeyValuePair<string, JsonElement>> before = Read(entry.Before), after = Read(entry.After);
        return [.. before.Concat(after).Select(m => m.Key).Distinct(StringComparer.Ordinal).Select(member => Between(member, Find(before, member), Find(after, member)))];
    }

    private static ValueChange Between(string member, JsonElement? before, JsonElement? after)
    {
        bool isList = IsArray(before) || IsArray(after);
        if (!isList) return new ValueChange(member, before is { } was ? [Word(was)] : [], after is { } now ? [Word(now)] : [], IsList: false);
        List<string> old = ItemsOf(before), present = ItemsOf(after);
        List<string> removed = [.. old.Except(present, StringComparer.Ordinal)], added = [.. present.Except(old, StringComparer.Ordinal)];
        // The same items in another order, or null in place of an empty list: said whole, since nothing came or went.
        return removed.Count + added.Count > 0
            ? new ValueChange(member, removed, added, IsList: true)
            : new ValueChange(member, before is { } one ? [WordOfAll(one, old)] : [], after is { } other ? [WordOfAll(other, present)] : [], IsList: false);
    }

    private static bool IsArray(JsonElement? value) => value is { ValueKind: JsonValueKind.Array };

    private static List<string> ItemsOf(JsonElement? value) => IsArray(value) ? [.. value!.Value.EnumerateArray().Select(Word)] : [];

    private static string WordOfAll(JsonElement value, List<string> items) => value.ValueKind is JsonValueKind.Array ? items.Count == 0 ? "empty" : string.Join(", ", items) : Word(value);

    private static string Word(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "none",
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        JsonValueKind.String => value.GetString() is { Length: > 0 } text ? text : "empty",
        JsonValueKind.Array => value.GetArrayLength() == 0 ? "empty" : string.Join(", ", value.EnumerateArray().Select(Word)),
        JsonValueKind.Object when value.TryGetProperty("characters", out JsonElement characters) => $"{characters.GetInt32():N0} characters",
        JsonValueKind.Object => JsonSerializer.Serialize(value, Readable),
        _ => value.GetRawText(),
    };

    private static IReadOnlyList<KeyValuePair<string, JsonElement>> Read(string? json)
    {
        if (json is null) return [];
        using JsonDocument document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateObject().Select(m => new KeyValuePair<string, JsonElement>(m.Name, m.Value.Clone()))];
    }

    private static JsonElement? Find(IReadOnlyList<KeyValuePair<string, JsonElement>> members, string name)
    {
        foreach ((string key, JsonElement value) in members)
        {
            if (key == name) return value;
        }

        return null;
    }
}
