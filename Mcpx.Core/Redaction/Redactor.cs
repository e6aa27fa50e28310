using System.Text;

namespace Mcpx.Core.Redaction;

/// <summary>
/// Redacts one payload or text: JSON member by member, event streams event by event, whatever else as text. Bytes that no rule
/// names stay as they are, so that what is left is still what went over the wire.
/// </summary>
public static class Redactor
{
    /// <param name="payload">As it was captured; it may be cut off at its end.</param>
    /// <param name="key">Of the organisation, for hashes; null masks instead.</param>
    /// <param name="isToolList">The names in tools' schemas are no members with values.</param>
    public static RedactedPayload Apply(RuleSet rules, byte[] payload, byte[]? key, TimeProvider time, bool isToolList = false)
    {
        if (rules.Payloads is PayloadMode.Full || rules.Rules.Count == 0) return new RedactedPayload(payload, null, []);
        if (rules.IsUnreadable) return new RedactedPayload(null, Withholding.UnknownRules, []);
        RedactionRun run = new(rules, payload, key, time);
        Edits edits = new();
        int start = payload.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        ReadOnlySpan<byte> text = payload.AsSpan(start);
        bool isWhole = EventStream.IsOne(text)
            ? EventStream.Redact(run, text, start, edits, isToolList)
            : new JsonWalk(run, level: 0, isToolList).Redact(text, start, edits);
        if (!isWhole) return new RedactedPayload(null, Withholding.NotText, []);
        return new RedactedPayload(edits.Count == 0 ? payload : edits.Apply(payload), null, run.Counts, run.Nested);
    }

    /// <summary>One of the texts that describe a call. Adds to the counts of what was found.</summary>
    public static string? Apply(RuleSet rules, string? text, byte[]? key, TimeProvider time, Dictionary<int, int> counts)
    {
        if (string.IsNullOrEmpty(text) || rules.Payloads is PayloadMode.Full) return text;
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        RedactionRun run = new(rules, bytes, key, time);
        Edits edits = new();
        run.Redact(bytes, 0, edits);
        if (edits.Count == 0) return text;
        for (int i = 0; i < run.Counts.Count; i++)
        {
            if (run.Counts[i] > 0) counts[i] = counts.GetValueOrDefault(i) + run.Counts[i];
        }

        return Encoding.UTF8.GetString(edits.Apply(bytes));
    }
}
