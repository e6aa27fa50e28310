namespace Mcpx.Core.Redaction;

/// <summary>Rules made ready, immutable: what one server's payloads are redacted by.</summary>
public sealed class RuleSet
{
    private readonly (OwnPattern Pattern, int Rule)[] _patterns;
    private readonly int[] _detectors;

    /// <param name="rules">In their order: the first that finds a value decides. They were checked when they were saved.</param>
    public RuleSet(PayloadMode payloads, IEnumerable<RedactionRule> rules)
    {
        Rules = [.. rules];
        Payloads = payloads;
        List<(string, int)> keys = [];
        List<(RedactionPath, int)> paths = [];
        List<(OwnPattern, int)> patterns = [];
        _detectors = new int[Enum.GetValues<RedactionDetector>().Length];
        Array.Fill(_detectors, -1);
        for (int i = 0; i < Rules.Count; i++)
        {
            RedactionRule rule = Rules[i];
            switch (rule.Kind)
            {
                case RedactionKind.Key:
                    keys.Add((rule.Value, i));
                    break;
                case RedactionKind.Path when RedactionPath.TryParse(rule.Value, out RedactionPath? path):
                    paths.Add((path, i));
                    break;
                case RedactionKind.Detector when RedactionRule.DetectorOf(rule.Value) is { } detector:
                    if (_detectors[(int)detector] < 0) _detectors[(int)detector] = i;
                    break;
                case RedactionKind.Pattern when OwnPattern.TryCompile(rule.Value, out OwnPattern? pattern, out _):
                    patterns.Add((pattern, i));
                    break;
                default:
                    // Of another release, or a wrong hand: a rule that can't be followed must not let its values through.
                    IsUnreadable = true;
                    break;
            }
        }

        Keys = new KeyNames(keys);
        Paths = new RulePaths(paths);
        _patterns = [.. patterns];
        IsUnreadable |= paths.Count > RulePaths.Most;
    }

    public PayloadMode Payloads { get; }

    public IReadOnlyList<RedactionRule> Rules { get; }

    /// <summary>True when a rule can't be followed: payloads are withheld then.</summary>
    public bool IsUnreadable { get; }

    internal KeyNames Keys { get; }

    internal RulePaths Paths { get; }

    internal ReadOnlySpan<(OwnPattern Pattern, int Rule)> Patterns => _patterns;

    /// <summary>The rule that switches a detector on; -1 when none does.</summary>
    internal int RuleOf(RedactionDetector detector) => _detectors[(int)detector];
}
