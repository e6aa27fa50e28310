using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;

namespace Mcpx.Web.Dashboard.Redaction;

/// <summary>
/// Rules as they are edited: names to mask as lines of a text, a choice for each detector, and rows for the rest. Rows are asked
/// first, so that a row makes an exception from a name.
/// </summary>
internal sealed class RedactionModel
{
    public const string Off = "off";

    public List<RuleRow> Rows { get; } = [];

    public string? Keys { get; set; } = "";

    public string? KeysError { get; private set; }

    /// <summary>What belongs to no field.</summary>
    public string? Error { get; private set; }

    public IReadOnlyList<DetectorRow> Detectors { get; } = [.. Enum.GetValues<RedactionDetector>().Select(d => new DetectorRow(d))];

    public static RedactionModel Of(IReadOnlyList<RedactionRule> rules)
    {
        RedactionModel model = new();
        List<string> keys = [];
        foreach (RedactionRule rule in rules)
        {
            if (rule is { Kind: RedactionKind.Key, Mode: RedactionMode.Mask, Name: null }) keys.Add(rule.Value);
            else if (rule.Kind is RedactionKind.Detector && RedactionRule.DetectorOf(rule.Value) is { } detector && model.Detectors[(int)detector].Mode == Off) model.Detectors[(int)detector].Mode = rule.Mode.ToString();
            else if (rule.Kind is not RedactionKind.Detector) model.Rows.Add(new RuleRow { Kind = rule.Kind, Value = rule.Value, Mode = rule.Mode, Name = rule.Name });
        }

        model.Keys = string.Join('\n', keys);
        return model;
    }

    public IReadOnlyList<RedactionRule> ToRules() =>
    [
        .. Rows.Select(r => new RedactionRule(r.Kind, r.Value ?? "", r.Mode, string.IsNullOrWhiteSpace(r.Name) ? null : r.Name)),
        .. Names().Select(k => new RedactionRule(RedactionKind.Key, k, RedactionMode.Mask)),
        .. Detectors.Where(d => d.Mode != Off).Select(d => RedactionRule.Of(d.Detector, Enum.Parse<RedactionMode>(d.Mode))),
    ];

    /// <summary>Equal for models that say the same.</summary>
    public string Fingerprint => string.Join('\u0001', ToRules());

    public void ClearErrors()
    {
        (KeysError, Error) = (null, null);
        foreach (RuleRow row in Rows) row.Error = null;
    }

    /// <summary>Puts what was refused beside its row.</summary>
    /// <param name="field">What the refusal calls the rules.</param>
    public void Show(RefusalException.Invalid refusal, string field)
    {
        ClearErrors();
        string[] names = [.. Names()];
        foreach (FieldError error in refusal.Errors)
        {
            if (IndexIn(error.Field, field) is not { } index || index >= Rows.Count + names.Length) Error = Error is null ? error.Message : $"{Error} {error.Message}";
            else if (index < Rows.Count) Rows[index].Error ??= error.Message;
            else KeysError ??= $"{names[index - Rows.Count]}: {error.Message}";
        }
    }

    private IEnumerable<string> Names() => (Keys ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static int? IndexIn(string field, string rules)
    {
        if (!field.StartsWith(rules + '[', StringComparison.Ordinal)) return null;
        int end = field.IndexOf(']', StringComparison.Ordinal);
        return end > 0 && int.TryParse(field.AsSpan(rules.Length + 1, end - rules.Length - 1), out int index) ? index : null;
    }

    /// <summary>What becomes of what a detector finds.</summary>
    internal sealed class DetectorRow(RedactionDetector detector)
    {
        public RedactionDetector Detector => detector;

        /// <summary><see cref="Off"/>, or the name of a <see cref="RedactionMode"/>.</summary>
        public string Mode { get; set; } = Off;
    }

    /// <summary>A rule of its own.</summary>
    internal sealed class RuleRow
    {
        public RedactionKind Kind { get; set; } = RedactionKind.Path;

        public string? Value { get; set; } = "";

        public RedactionMode Mode { get; set; }

        public string? Name { get; set; }

        public string? Error { get; set; }
    }
}
