using System.Text.Json;
using System.Text.Json.Serialization;
using Mcpx.Core.Redaction;

namespace Mcpx.Data.Redaction;

/// <summary>Rules and findings as they are stored. Names are written out: a number means nothing to who reads the table.</summary>
internal static class RuleJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private const RedactionKind Unknown = (RedactionKind)(-1);

    public static string Write(IReadOnlyList<RedactionRule> rules) => JsonSerializer.Serialize(rules.Select(r => new Stored(r.Kind.ToString(), r.Value, r.Mode.ToString(), r.Name)), Options);

    /// <summary>A rule of a later release, which this one does not know, comes out as one that withholds payloads.</summary>
    public static IReadOnlyList<RedactionRule> Read(string json)
    {
        try
        {
            return [.. JsonSerializer.Deserialize<Stored[]>(json, Options)!.Select(s => new RedactionRule(
                Enum.TryParse(s.Kind, out RedactionKind kind) ? kind : Unknown, s.Value, Enum.TryParse(s.Mode, out RedactionMode mode) ? mode : RedactionMode.Mask, s.Name))];
        }
        catch (JsonException)
        {
            // One organisation's row must not keep the configuration of all from being read.
            return [new RedactionRule(Unknown, "?", RedactionMode.Mask)];
        }
    }

    public static string? Write(IReadOnlyList<RedactionFinding> findings) => findings.Count == 0 ? null : JsonSerializer.Serialize(findings, Options);

    public static IReadOnlyList<RedactionFinding> ReadFindings(string? json)
    {
        try
        {
            return json is null ? [] : JsonSerializer.Deserialize<RedactionFinding[]>(json, Options)!;
        }
        catch (JsonException)
        {
            // Of a later release: a record must be readable all the same.
            return [];
        }
    }

    private sealed record Stored(string Kind, string Value, string Mode, string? Name);
}
