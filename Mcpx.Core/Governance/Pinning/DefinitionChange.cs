using System.Text.Json;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Governance.Pinning;

/// <summary>How far a definition moved, by what it may do to who calls the tool.</summary>
public enum ChangeGrade
{
    NewTool,

    /// <summary>Words that people and models read. Where instructions to models are hidden, they are here.</summary>
    Text,

    /// <summary>The tool takes more than it did.</summary>
    SchemaWidened,

    /// <summary>The tool demands more, or takes less.</summary>
    SchemaNarrowed,

    /// <summary>The schema is another one, neither wider nor narrower.</summary>
    SchemaChanged,

    /// <summary>What the server says about the tool's effects.</summary>
    Annotations,

    /// <summary>Members that this release knows nothing of.</summary>
    Other,
}

/// <summary>One thing that changed, in a sentence.</summary>
public sealed record DefinitionChange(ChangeGrade Grade, string Sentence)
{
    private const int Most = 30;

    /// <summary>What became of a definition; in the order of its members, at most 30.</summary>
    /// <param name="approved">Null for a tool of which none was approved.</param>
    public static IReadOnlyList<DefinitionChange> Between(ReadOnlyMemory<byte>? approved, ReadOnlyMemory<byte> seen)
    {
        if (approved is not { } was) return [new(ChangeGrade.NewTool, "A new tool: no definition of it was ever approved.")];
        using JsonDocument before = JsonDocument.Parse(was);
        using JsonDocument after = JsonDocument.Parse(seen);
        if (before.RootElement.ValueKind is not JsonValueKind.Object || after.RootElement.ValueKind is not JsonValueKind.Object) return [];
        List<DefinitionChange> changes = [];
        foreach (string member in before.RootElement.EnumerateObject().Concat(after.RootElement.EnumerateObject()).Select(m => m.Name).Distinct(StringComparer.Ordinal))
            Compare(changes, member, Find(before.RootElement, member), Find(after.RootElement, member));
        return changes.Count <= Most ? changes : [.. changes.Take(Most), new(ChangeGrade.Other, $"And {changes.Count - Most:N0} changes more.")];
    }

    internal static bool AreSame(JsonElement? one, JsonElement? other) => one is null || other is null
        ? one is null && other is null
        : CanonicalDefinition.HashOf(Bytes(one.Value)) is { } hash && hash == CanonicalDefinition.HashOf(Bytes(other.Value));

    internal static JsonElement? Find(JsonElement element, string member) =>
        element.ValueKind is JsonValueKind.Object && element.TryGetProperty(member, out JsonElement value) ? value : null;

    private static void Compare(List<DefinitionChange> changes, string member, JsonElement? before, JsonElement? after)
    {
        if (AreSame(before, after)) return;
        string what = before is null ? "is new" : after is null ? "is gone" : "changed";
        switch (member)
        {
            case "title" or "description":
                changes.Add(new(ChangeGrade.Text, $"The {member} {what}."));
                break;
            case "inputSchema" or "outputSchema":
                SchemaComparison.Add(changes, member is "inputSchema" ? "input" : "output", before, after);
                break;
            case "annotations":
                AddAnnotations(changes, before, after);
                break;
            default:
                changes.Add(new(ChangeGrade.Other, $"The member {SchemaComparison.Quote(member)} {what}."));
                break;
        }
    }

    private static void AddAnnotations(List<DefinitionChange> changes, JsonElement? before, JsonElement? after)
    {
        IEnumerable<string> names = new[] { before, after }.Where(e => e?.ValueKind is JsonValueKind.Object).SelectMany(e => e!.Value.EnumerateObject()).Select(m => m.Name).Distinct(StringComparer.Ordinal);
        int already = changes.Count;
        foreach (string name in names)
        {
            JsonElement? was = before is null ? null : Find(before.Value, name), now = after is null ? null : Find(after.Value, name);
            if (!AreSame(was, now)) changes.Add(new(ChangeGrade.Annotations, $"The annotation {SchemaComparison.Quote(name)} says {Say(now)}; it said {Say(was)}."));
        }

        if (changes.Count == already) changes.Add(new(ChangeGrade.Annotations, "The annotations changed."));
    }

    private static string Say(JsonElement? value) => value is null ? "nothing" : value.Value.GetRawText() is { Length: <= 40 } text ? text : "something long";

    private static byte[] Bytes(JsonElement element) => JsonSerializer.SerializeToUtf8Bytes(element);
}
