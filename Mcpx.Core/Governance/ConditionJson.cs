using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mcpx.Core.Governance;

/// <summary>Conditions as they are stored: a JSON array of path, comparison and values.</summary>
public static class ConditionJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Null for none.</summary>
    public static string? Write(IReadOnlyList<ArgumentCondition> conditions) => conditions.Count == 0 ? null : JsonSerializer.Serialize(conditions, Options);

    /// <summary>Null for what this release can't read: a newer one may have written it.</summary>
    public static IReadOnlyList<ArgumentCondition>? TryRead(string? stored)
    {
        if (stored is null) return [];
        try
        {
            return JsonSerializer.Deserialize<List<ArgumentCondition>>(stored, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
