using System.Text.Json;

namespace Mcpx.Core.Governance.Pinning;

/// <summary>Says what became of a JSON Schema: what it takes more, what it demands more, what is merely said differently.</summary>
internal static class SchemaComparison
{
    private const int Deepest = 16;

    private static readonly string[] Words = ["description", "title", "examples", "$comment", "default"];
    private static readonly string[] LowerBounds = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"];
    private static readonly string[] UpperBounds = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"];

    /// <param name="which"><c>input</c> or <c>output</c>.</param>
    public static void Add(List<DefinitionChange> changes, string which, JsonElement? before, JsonElement? after) =>
        Compare(changes, $"the {which}", before, after, 0);

    private static void Compare(List<DefinitionChange> changes, string where, JsonElement? before, JsonElement? after, int depth)
    {
        if (DefinitionChange.AreSame(before, after)) return;
        if (before?.ValueKind is not JsonValueKind.Object || after?.ValueKind is not JsonValueKind.Object || depth > Deepest)
        {
            changes.Add(new(before is null ? ChangeGrade.SchemaNarrowed : after is null ? ChangeGrade.SchemaWidened : ChangeGrade.SchemaChanged,
                before is null ? $"There is a schema for {where} now." : after is null ? $"There is no schema for {where} any more." : $"The schema of {where} changed."));
            return;
        }

        JsonElement was = before.Value, now = after.Value;
        CompareProperties(changes, where, was, now, depth);
        foreach (string keyword in was.EnumerateObject().Concat(now.EnumerateObject()).Select(m => m.Name).Distinct(StringComparer.Ordinal))
        {
            JsonElement? b = DefinitionChange.Find(was, keyword), a = DefinitionChange.Find(now, keyword);
            if (keyword is "properties" or "required" || DefinitionChange.AreSame(b, a)) continue;
            if (Words.Contains(keyword)) changes.Add(new(ChangeGrade.Text, $"The {keyword} of {where} changed."));
            else if (keyword is "items") Compare(changes, $"each item of {where}", b, a, depth + 1);
            else changes.Add(GradeOf(keyword, where, b, a));
        }
    }

    private static void CompareProperties(List<DefinitionChange> changes, string where, JsonElement was, JsonElement now, int depth)
    {
        HashSet<string> demanded = NamesIn(DefinitionChange.Find(was, "required")), demands = NamesIn(DefinitionChange.Find(now, "required"));
        Dictionary<string, JsonElement> before = MembersOf(DefinitionChange.Find(was, "properties")), after = MembersOf(DefinitionChange.Find(now, "properties"));
        foreach (string name in after.Keys.Where(n => !before.ContainsKey(n)))
        {
            changes.Add(demands.Contains(name)
                ? new(ChangeGrade.SchemaNarrowed, $"{Quote(name)} of {where} is new and required.")
                : new(ChangeGrade.SchemaWidened, $"{Quote(name)} of {where} is new; it may be left out."));
        }

        foreach (string name in before.Keys.Where(n => !after.ContainsKey(n))) changes.Add(new(ChangeGrade.SchemaNarrowed, $"{Quote(name)} of {where} is gone."));
        foreach (string name in demands.Where(n => !demanded.Contains(n) && (before.ContainsKey(n) || !after.ContainsKey(n)))) changes.Add(new(ChangeGrade.SchemaNarrowed, $"{Quote(name)} of {where} is required now."));
        foreach (string name in demanded.Where(n => !demands.Contains(n) && after.ContainsKey(n))) changes.Add(new(ChangeGrade.SchemaWidened, $"{Quote(name)} of {where} may be left out now."));
        foreach ((string name, JsonElement property) in before)
        {
            if (after.TryGetValue(name, out JsonElement other)) Compare(changes, $"{Quote(name)} of {where}", property, other, depth + 1);
        }
    }

    private static DefinitionChange GradeOf(string keyword, string where, JsonElement? before, JsonElement? after)
    {
        ChangeGrade grade = keyword switch
        {
            "type" or "enum" => OfSets(NamesIn(before), NamesIn(after), before is null, after is null),
            "additionalProperties" when after?.ValueKind is JsonValueKind.False => ChangeGrade.SchemaNarrowed,
            "additionalProperties" when before?.ValueKind is JsonValueKind.False => ChangeGrade.SchemaWidened,
            _ when LowerBounds.Contains(keyword) => OfBounds(before, after, isLower: true),
            _ when UpperBounds.Contains(keyword) => OfBounds(before, after, isLower: false),
            _ => ChangeGrade.SchemaChanged,
        };
        string how = grade switch { ChangeGrade.SchemaWidened => "allows more", ChangeGrade.SchemaNarrowed => "allows less", _ => "changed" };
        return new(grade, $"{Quote(keyword)} of {where} {how}.");
    }

    /// <summary>A keyword that is missing allows everything.</summary>
    private static ChangeGrade OfSets(HashSet<string> before, HashSet<string> after, bool allowedAll, bool allowsAll) =>
        allowsAll || !allowedAll && after.IsProperSupersetOf(before) ? ChangeGrade.SchemaWidened
        : allowedAll || after.IsProperSubsetOf(before) ? ChangeGrade.SchemaNarrowed
        : ChangeGrade.SchemaChanged;

    private static ChangeGrade OfBounds(JsonElement? before, JsonElement? after, bool isLower)
    {
        if (after is null) return ChangeGrade.SchemaWidened;
        if (before is null) return ChangeGrade.SchemaNarrowed;
        if (before.Value.ValueKind is not JsonValueKind.Number || after.Value.ValueKind is not JsonValueKind.Number) return ChangeGrade.SchemaChanged;
        return before.Value.GetDouble() > after.Value.GetDouble() == isLower ? ChangeGrade.SchemaWidened : ChangeGrade.SchemaNarrowed;
    }

    /// <summary>A name that the server chose, cut: a sentence must stay one.</summary>
    internal static string Quote(string name) => name.Length <= 60 ? $"“{name}”" : $"“{name[..(char.IsHighSurrogate(name[59]) ? 59 : 60)]}…”";

    private static HashSet<string> NamesIn(JsonElement? value) => value?.ValueKind switch
    {
        JsonValueKind.Array => [.. value.Value.EnumerateArray().Select(i => i.ValueKind is JsonValueKind.String ? i.GetString()! : i.GetRawText())],
        JsonValueKind.String => [value.Value.GetString()!],
        _ => [],
    };

    private static Dictionary<string, JsonElement> MembersOf(JsonElement? value) =>
        value?.ValueKind is JsonValueKind.Object ? value.Value.EnumerateObject().ToDictionary(m => m.Name, m => m.Value, StringComparer.Ordinal) : [];
}
