using Mcpx.Core.Primitives;

namespace Mcpx.Core.Redaction;

/// <summary>Checks rules as forms and REST bring them.</summary>
internal static class RedactionInput
{
    public const int MostRules = 200;

    /// <summary>Each is a bit while a payload is read, and a server's come on top of its organisation's.</summary>
    public const int MostPaths = RulePaths.Most / 2;

    /// <summary>Each reads every text of every record.</summary>
    public const int MostPatterns = 20;

    private const int LongestName = 60;

    /// <exception cref="RefusalException.Invalid">Says what is wrong with which rule.</exception>
    public static IReadOnlyList<RedactionRule> Check(IReadOnlyList<RedactionRule> rules, string field)
    {
        InputCheck check = new();
        check.Require(rules.Count <= MostRules, field, $"Use at most {MostRules} rules.")
            .Require(rules.Count(r => r.Kind is RedactionKind.Path) <= MostPaths, field, $"Use at most {MostPaths} paths.")
            .Require(rules.Count(r => r.Kind is RedactionKind.Pattern) <= MostPatterns, field, $"Use at most {MostPatterns} patterns.");
        check.ThrowIfWrong();
        List<RedactionRule> clean = [];
        for (int i = 0; i < rules.Count; i++)
        {
            // A pattern may end with a space that counts.
            RedactionRule rule = rules[i] with { Value = rules[i].Kind is RedactionKind.Pattern ? rules[i].Value : rules[i].Value.Trim(), Name = string.IsNullOrWhiteSpace(rules[i].Name) ? null : rules[i].Name!.Trim() };
            string value = $"{field}[{i}].value";
            if (ProblemOf(rule) is { } problem) check.Require(false, value, problem);
            check.Text(rule.Value, value)
                .Require(rule.Name is null or { Length: <= LongestName }, $"{field}[{i}].name", $"Use at most {LongestName} characters.").Text(rule.Name, $"{field}[{i}].name");
            clean.Add(rule);
        }

        check.ThrowIfWrong();
        return clean;
    }

    private static string? ProblemOf(RedactionRule rule) => rule.Kind switch
    {
        RedactionKind.Key when KeyNames.Fold(rule.Value) is "" => "Name a key, as in password or *_secret.",
        RedactionKind.Key when rule.Value.Length > KeyNames.Longest => $"A key's name has at most {KeyNames.Longest} characters.",
        RedactionKind.Key when KeyNames.Fold(rule.Value).Trim('*').Length == 0 => "This names every key. To keep nothing of a server's calls, record metadata only.",
        RedactionKind.Path when !RedactionPath.TryParse(rule.Value, out _) =>
            $"A path leads from the message to values, as in $.params.arguments.card, $.result.content[*].text or $['a b']; at most {RedactionPath.MostSteps} steps and {RedactionPath.Longest} characters.",
        RedactionKind.Detector when RedactionRule.DetectorOf(rule.Value) is null =>
            $"Use one of {string.Join(", ", Enum.GetValues<RedactionDetector>().Select(RedactionRule.NameOf))}.",
        RedactionKind.Pattern when !OwnPattern.TryCompile(rule.Value, out _, out string? problem) => problem,
        _ => null,
    };
}
