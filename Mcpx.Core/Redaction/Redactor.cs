using System.Buffers;
using System.Text;

namespace Mcpx.Core.Redaction;

/// <summary>
/// Redacts payloads and texts, one after the other, by one set of rules: JSON member by member, event streams event by event,
/// whatever else as text. Bytes that no rule names stay as they are, so that what is left is still what went over the wire.
/// </summary>
/// <param name="key">Of the organisation, for hashes; null masks instead.</param>
public sealed class Redactor(RuleSet rules, byte[]? key, TimeProvider time)
{
    /// <summary>As many texts are remembered in which nothing was found: most calls of a batch say the same of themselves.</summary>
    private const int MostTexts = 256;

    private readonly RedactionRun _run = new(rules, key, time);
    private readonly Edits _edits = new();
    private readonly HashSet<string> _clean = new(StringComparer.Ordinal);

    /// <summary>The same once.</summary>
    public static RedactedPayload Apply(RuleSet rules, ReadOnlyMemory<byte> payload, byte[]? key, TimeProvider time, bool isToolList = false) =>
        new Redactor(rules, key, time).Redact(payload, isToolList);

    /// <param name="payload">As it was captured; it may be cut off at its end.</param>
    /// <param name="isToolList">The names in tools' schemas are no members with values.</param>
    public RedactedPayload Redact(ReadOnlyMemory<byte> payload, bool isToolList = false)
    {
        if (rules.Payloads is PayloadMode.Full || rules.Rules.Count == 0) return new RedactedPayload(payload, null, []);
        if (rules.IsUnreadable) return new RedactedPayload(null, Withholding.UnknownRules, []);
        Begin(payload.Span);
        int start = payload.Span.StartsWith("\uFEFF"u8) ? 3 : 0;
        ReadOnlySpan<byte> text = payload.Span[start..];
        bool isWhole = EventStream.IsOne(text)
            ? EventStream.Redact(_run, text, start, _edits, isToolList)
            : _run.WalkAt(level: 0).Redact(text, start, _edits, isToolList);
        if (!isWhole) return new RedactedPayload(null, Withholding.NotText, []);
        return new RedactedPayload(_edits.Count == 0 ? payload : _edits.Apply(payload.Span), null, _run.TakeCounts(), _run.Nested);
    }

    /// <summary>One of the texts that describe a call. Adds to the counts of what was found.</summary>
    public string? Redact(string? text, ref Dictionary<int, int>? counts)
    {
        if (string.IsNullOrEmpty(text) || rules.Payloads is PayloadMode.Full || _clean.Contains(text)) return text;
        byte[] rented = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        try
        {
            ReadOnlySpan<byte> bytes = rented.AsSpan(0, Encoding.UTF8.GetBytes(text, rented));
            Begin(bytes);
            _run.Redact(bytes, 0, _edits);
            if (_edits.Count == 0)
            {
                if (_clean.Count < MostTexts) _clean.Add(text);
                return text;
            }

            IReadOnlyList<int> found = _run.TakeCounts();
            for (int i = 0; i < found.Count; i++)
            {
                if (found[i] == 0) continue;
                counts ??= [];
                counts[i] = counts.GetValueOrDefault(i) + found[i];
            }

            return Encoding.UTF8.GetString(_edits.Apply(bytes));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented, clearArray: true);
        }
    }

    private void Begin(ReadOnlySpan<byte> text)
    {
        _edits.Clear();
        _run.Begin(text);
    }
}
