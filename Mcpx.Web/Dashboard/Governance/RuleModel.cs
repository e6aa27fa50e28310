using System.Text;
using System.Text.Json;
using Mcpx.Core.Governance;
using Mcpx.Core.Protocol;

namespace Mcpx.Web.Dashboard.Governance;

/// <summary>A rule in a form.</summary>
public sealed class RuleModel
{
    public string? Tool { get; set; }

    /// <summary>See <see cref="RuleWords.KeyOf"/>.</summary>
    public string For { get; set; } = RuleWords.Everyone;

    public List<ConditionModel> Conditions { get; } = [];

    public bool LogOnly { get; set; }

    public static RuleModel Of(ToolRule rule)
    {
        RuleModel model = new() { Tool = rule.Pattern, For = RuleWords.KeyOf(rule.For), LogOnly = rule.LogOnly };
        model.Conditions.AddRange(rule.Conditions.Select(ConditionModel.Of));
        return model;
    }

    public ToolRule ToRule() => new(default, Tool?.Trim() ?? "")
    {
        // What is no key names nobody, and is refused as such.
        For = RuleWords.Parse(For) ?? new RuleAudience(AudienceKind.Role),
        Conditions = [.. Conditions.Select(c => c.ToCondition())],
        LogOnly = LogOnly,
    };
}

/// <summary>A condition in a form: values are written as people write them, not as JSON.</summary>
public sealed class ConditionModel
{
    public string? Path { get; set; } = "$.";

    public ConditionOperator Operator { get; set; } = ConditionOperator.LessOrEqual;

    public string? Value { get; set; }

    public bool TakesValue => Operator is not (ConditionOperator.Exists or ConditionOperator.NotExists);

    public bool TakesSeveral => Operator is ConditionOperator.In or ConditionOperator.NotIn;

    public static ConditionModel Of(ArgumentCondition condition) => new()
    {
        Path = condition.Path,
        Operator = condition.Operator,
        Value = string.Join('\n', condition.Values.Select(v => FromJson(v, condition.Operator))),
    };

    public ArgumentCondition ToCondition()
    {
        IEnumerable<string> texts = !TakesValue ? [] : TakesSeveral ? (Value ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [Value?.Trim() ?? ""];
        return new ArgumentCondition(Path?.Trim() ?? "", Operator, [.. texts.Select(ToJson)]);
    }

    private string ToJson(string text) => Operator is not ConditionOperator.Matches && ScalarOf(text) is not null ? text : Quote(text);

    private static string FromJson(string json, ConditionOperator comparison)
    {
        if (ScalarOf(json) is not { ValueKind: JsonValueKind.String } text) return json;
        string plain = text.GetString()!;
        // One that would be read as something else when it comes back keeps its quotes.
        return comparison is ConditionOperator.Matches || ScalarOf(plain) is null && plain.Length > 0 && plain.Trim() == plain && !plain.Contains('\n') ? plain : json;
    }

    private static string Quote(string text) => Encoding.UTF8.GetString(JsonEdit.Text(text));

    private static JsonElement? ScalarOf(string text)
    {
        try
        {
            JsonElement value = JsonElement.Parse(text);
            return value.ValueKind is JsonValueKind.Object or JsonValueKind.Array ? null : value;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
