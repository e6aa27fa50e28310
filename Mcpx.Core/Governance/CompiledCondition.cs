using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Mcpx.Core.Governance;

internal enum Verdict
{
    Holds,
    Fails,

    /// <summary>It can't be said. Never in the caller's favour: an allowlist does not allow, a blocklist blocks.</summary>
    Unclear,
}

/// <summary>A condition made ready for comparing.</summary>
internal sealed class CompiledCondition
{
    public const int LongestPattern = ArgumentCondition.LongestValue;

    /// <summary>Longer texts are not compared with a pattern: what is cut off might be what the server acts on.</summary>
    private const int LongestText = 16 << 10;
    private const int LargestRepeat = 1000;

    // The engine is linear in the text; this bounds what a machine under load makes of that.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private readonly ConditionOperator _operator;
    private readonly Scalar[] _values;
    private readonly Regex? _regex;
    private readonly int _slot;

    private CompiledCondition(ArgumentCondition source, int slot, Scalar[] values, Regex? regex) =>
        (Source, _slot, _operator, _values, _regex) = (source, slot, source.Operator, values, regex);

    public ArgumentCondition Source { get; }

    /// <summary>False with a sentence about what is wrong.</summary>
    public static bool TryCompile(
        ArgumentCondition source, ArgumentPaths paths, [NotNullWhen(true)] out CompiledCondition? compiled, [NotNullWhen(false)] out string? problem)
    {
        compiled = null;
        if (!ArgumentPath.TryParse(source.Path, out ArgumentPath? path))
        {
            problem = $"A path leads to one value, as in $.amount, $.items[0].id or $['a b']; at most {ArgumentPath.MostSteps} steps and {ArgumentPath.Longest} characters.";
            return false;
        }

        Scalar[] values = [.. source.Values.Select(Scalar.Parse).OfType<Scalar>()];
        Regex? regex = null;
        problem = values.Length != source.Values.Count
            ? $"A value is a text, a number, true, false or null, of at most {ArgumentCondition.LongestValue} characters."
            : ProblemOf(source.Operator, values);
        if (problem is null && source.Operator is ConditionOperator.Matches) regex = Compile(values[0].Text!, out problem);
        if (problem is not null) return false;
        compiled = new CompiledCondition(source, paths.SlotOf(path), values, regex);
        return true;
    }

    public Verdict Check(ArgumentValue[] found)
    {
        ref readonly ArgumentValue value = ref found[_slot];
        if (value.State is ValueState.Unclear) return Verdict.Unclear;
        if (_operator is ConditionOperator.Exists or ConditionOperator.NotExists)
            return (value.State is ValueState.Found) == (_operator is ConditionOperator.Exists) ? Verdict.Holds : Verdict.Fails;
        if (value.State is ValueState.Missing || Scalar.Read(value) is not { } given) return Verdict.Fails;
        if (given.IsUnreadable) return Verdict.Unclear;
        if (_operator is ConditionOperator.Matches) return given.Kind is JsonTokenType.String ? CheckPattern(given.Text!) : Verdict.Fails;
        // A value of another type is neither equal nor unequal: it does not meet the condition.
        if (!Array.Exists(_values, v => v.Kind == given.Kind)) return Verdict.Fails;
        bool holds = _operator switch
        {
            ConditionOperator.Equal or ConditionOperator.In => Array.Exists(_values, v => v.IsEqualTo(given)),
            ConditionOperator.NotEqual or ConditionOperator.NotIn => !Array.Exists(_values, v => v.IsEqualTo(given)),
            ConditionOperator.Less => given.Number.Against(_values[0].Number) < 0,
            ConditionOperator.LessOrEqual => given.Number.Against(_values[0].Number) <= 0,
            ConditionOperator.Greater => given.Number.Against(_values[0].Number) > 0,
            _ => given.Number.Against(_values[0].Number) >= 0,
        };
        return holds ? Verdict.Holds : Verdict.Fails;
    }

    /// <summary>What the arguments have where the condition looks, for the reason; the value itself is not told.</summary>
    public string WhatIsThere(ArgumentValue[] found) => found[_slot].State switch
    {
        ValueState.Missing => $"{Source.Path} is missing",
        ValueState.Unclear => $"{Source.Path} can't be told for sure: a member on the way stands twice, or again in other letters",
        _ => $"{Source.Path} is another value",
    };

    private Verdict CheckPattern(string text)
    {
        if (text.Length > LongestText) return Verdict.Unclear;
        try
        {
            return _regex!.IsMatch(text) ? Verdict.Holds : Verdict.Fails;
        }
        catch (RegexMatchTimeoutException)
        {
            return Verdict.Unclear;
        }
    }

    private static string? ProblemOf(ConditionOperator comparison, Scalar[] values) => comparison switch
    {
        ConditionOperator.Exists or ConditionOperator.NotExists => values.Length == 0 ? null : "This comparison takes no value.",
        ConditionOperator.In or ConditionOperator.NotIn => values.Length is > 0 and <= ArgumentCondition.MostValues ? null : $"Give 1 to {ArgumentCondition.MostValues} values.",
        _ when values.Length != 1 => "This comparison takes one value.",
        ConditionOperator.Less or ConditionOperator.LessOrEqual or ConditionOperator.Greater or ConditionOperator.GreaterOrEqual =>
            values[0].Kind is JsonTokenType.Number ? null : "Smaller and greater compare numbers: give a number, without quotes.",
        ConditionOperator.Matches => values[0].Kind is JsonTokenType.String ? null : "A pattern is a text.",
        _ => null,
    };

    /// <summary>
    /// The pattern has to match the whole text: one that is met somewhere inside is an invitation to write it there. It
    /// must also stand alone, or <c>a)|(b</c> would leave what holds it at both ends.
    /// </summary>
    private static Regex? Compile(string pattern, out string? problem)
    {
        problem = null;
        try
        {
            if (HasLargeRepeat(pattern)) throw new ArgumentException($"repeats of more than {LargestRepeat} are not taken");
            _ = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Patience);
            return new Regex($@"\A(?:{pattern})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Patience);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            problem = $"The pattern can't be used: {e.Message.TrimEnd('.')}.";
            return null;
        }
    }

    private static bool HasLargeRepeat(string pattern)
    {
        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '{') continue;
            int product = 0;
            for (int j = i + 1; j < pattern.Length && pattern[j] != '}'; j++)
            {
                product = char.IsAsciiDigit(pattern[j]) ? Math.Min(product * 10 + pattern[j] - '0', LargestRepeat + 1) : 0;
                if (product > LargestRepeat) return true;
            }
        }

        return false;
    }
}

/// <summary>One JSON value that is neither object nor array.</summary>
/// <param name="Kind"><see cref="JsonTokenType.String"/>, Number, True, False or Null; True stands for both truths.</param>
internal sealed record Scalar(JsonTokenType Kind, string? Text, ExactNumber Number, bool Truth)
{
    /// <summary>A text that is none: an escaped half of a pair.</summary>
    public bool IsUnreadable => Kind is JsonTokenType.String && Text is null;

    /// <summary>Null when it is no value of these.</summary>
    public static Scalar? Parse(string json)
    {
        if (json.Length > ArgumentCondition.LongestValue) return null;
        try
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(json);
            Utf8JsonReader reader = new(bytes);
            reader.Read();
            Scalar? read = Read(ref reader);
            return read is { IsUnreadable: true } || reader.Read() ? null : read;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Null for an object or array.</summary>
    public static Scalar? Read(in ArgumentValue value)
    {
        Utf8JsonReader reader = new(value.Json.Span);
        reader.Read();
        return value.Type is JsonTokenType.StartObject or JsonTokenType.StartArray ? null : Read(ref reader);
    }

    public bool IsEqualTo(Scalar other) => Kind == other.Kind && Kind switch
    {
        JsonTokenType.String => string.Equals(Text, other.Text, StringComparison.Ordinal),
        JsonTokenType.Number => Number.Against(other.Number) == 0,
        JsonTokenType.True => Truth == other.Truth,
        _ => true,
    };

    private static Scalar? Read(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => new Scalar(JsonTokenType.String, TextOf(ref reader), default, false),
        JsonTokenType.Number => new Scalar(JsonTokenType.Number, null, ExactNumber.Parse(reader.ValueSpan), false),
        JsonTokenType.True or JsonTokenType.False => new Scalar(JsonTokenType.True, null, default, reader.TokenType is JsonTokenType.True),
        JsonTokenType.Null => new Scalar(JsonTokenType.Null, null, default, false),
        _ => null,
    };

    private static string? TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
