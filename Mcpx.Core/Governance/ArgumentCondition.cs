using System.Text.Json.Serialization;

namespace Mcpx.Core.Governance;

/// <summary>How a condition compares. The names are stored and stand in the API.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ConditionOperator>))]
public enum ConditionOperator
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Exists,
    NotExists,
    In,
    NotIn,

    /// <summary>The whole text matches a regular expression.</summary>
    Matches,
}

/// <summary>What one argument of a call must be for a rule to apply. A missing value, or one of another type, does not meet it.</summary>
/// <param name="Path">Where the value stands in the call's arguments, e.g. <c>$.amount</c>; see <see cref="ArgumentPath"/>.</param>
/// <param name="Values">What it is compared with, each as JSON: a text, a number, true, false or null.</param>
public sealed record ArgumentCondition(string Path, ConditionOperator Operator, IReadOnlyList<string> Values)
{
    public const int MostValues = 100;
    public const int LongestValue = 512;

    /// <summary>For people, e.g. <c>$.amount ≤ 1000</c>.</summary>
    public string Words => Operator switch
    {
        ConditionOperator.Equal => $"{Path} = {Values[0]}",
        ConditionOperator.NotEqual => $"{Path} ≠ {Values[0]}",
        ConditionOperator.Less => $"{Path} < {Values[0]}",
        ConditionOperator.LessOrEqual => $"{Path} ≤ {Values[0]}",
        ConditionOperator.Greater => $"{Path} > {Values[0]}",
        ConditionOperator.GreaterOrEqual => $"{Path} ≥ {Values[0]}",
        ConditionOperator.Exists => $"{Path} is given",
        ConditionOperator.NotExists => $"{Path} is not given",
        ConditionOperator.In => $"{Path} is one of {string.Join(", ", Values)}",
        ConditionOperator.NotIn => $"{Path} is none of {string.Join(", ", Values)}",
        _ => $"{Path} matches {Values[0]}",
    };

    /// <summary>Equal for conditions that say the same, which the records of their lists are not.</summary>
    internal string Key => $"{Path}\n{Operator}\n{string.Join('\n', Values)}";
}
