namespace Mcpx.Core.Redaction;

/// <summary>A payload after its rules.</summary>
/// <param name="Bytes">Null when it is withheld. The very bytes that were given when nothing was found.</param>
/// <param name="Withheld">One of <see cref="Withholding"/>; null when it is not.</param>
/// <param name="Counts">How many values each rule found, by its place in <see cref="RuleSet.Rules"/>; empty when none did.</param>
/// <param name="Nested">Strings that were masked because they hold JSON in JSON in JSON, deeper than is looked at.</param>
public readonly record struct RedactedPayload(ReadOnlyMemory<byte>? Bytes, string? Withheld, IReadOnlyList<int> Counts, int Nested = 0)
{
    public IEnumerable<RedactionFinding> In(RecordPart part, RuleSet rules)
    {
        if (Withheld is not null) return [new RedactionFinding(part, Withheld, RedactionEffect.Withheld, 1)];
        if (Counts.Count == 0 && Nested == 0) return [];
        RedactionFinding[] nested = Nested == 0 ? [] : [new RedactionFinding(part, Withholding.Nesting, RedactionEffect.Masked, Nested)];
        IReadOnlyList<RedactionRule> all = rules.Rules;
        return Counts.Select((count, i) => (count, all[i])).Where(c => c.count > 0).Select(c => new RedactionFinding(part, c.Item2.Label, EffectOf(c.Item2.Mode), c.count)).Concat(nested);
    }

    private static RedactionEffect EffectOf(RedactionMode mode) => mode switch
    {
        RedactionMode.Hash => RedactionEffect.Hashed,
        RedactionMode.Drop => RedactionEffect.Dropped,
        _ => RedactionEffect.Masked,
    };
}
