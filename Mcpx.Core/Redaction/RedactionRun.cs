using System.Buffers;
using Mcpx.Core.Redaction.Detectors;

namespace Mcpx.Core.Redaction;

/// <summary>
/// The redaction of one payload after the other: the rules, what they found so far in the present one, and what may be left out
/// because it can't be there.
/// </summary>
internal sealed class RedactionRun
{
    /// <summary>Patterns get no more than this for all fields of a payload; fields beyond are masked. Else 100,000 slow fields would be hours.</summary>
    private static readonly TimeSpan PatternPatience = TimeSpan.FromMilliseconds(250);

    private const int MostLevels = 8;

    private readonly RuleSet _rules;
    private readonly byte[]? _key;
    private readonly TimeProvider _time;
    private readonly int[] _counts;
    private readonly bool _wantsMarks;
    private readonly List<Hit> _hits = [];
    private readonly List<JsonWalk> _walks = [];
    private bool _hasCounted;
    private bool _mayHoldMarks;
    private bool _mayHoldAddresses;
    private TimeSpan _patternTime;

    public RedactionRun(RuleSet rules, byte[]? key, TimeProvider time)
    {
        (_rules, _key, _time) = (rules, key, time);
        _counts = new int[rules.Rules.Count];
        _wantsMarks = rules.RuleOf(RedactionDetector.Token) >= 0 || rules.RuleOf(RedactionDetector.PrivateKey) >= 0 || rules.RuleOf(RedactionDetector.ProviderKey) >= 0;
    }

    /// <summary>Turns to another payload.</summary>
    public void Begin(ReadOnlySpan<byte> payload)
    {
        if (_hasCounted) Array.Clear(_counts);
        (_hasCounted, Nested, _patternTime) = (false, 0, TimeSpan.Zero);
        // An escaped ASCII character, at whatever depth, hides what it is part of from the look at the whole.
        bool isHidden = payload.IndexOf("\\u00"u8) >= 0;
        _mayHoldMarks = _wantsMarks && (isHidden || Marks.AnyIn(payload));
        _mayHoldAddresses = _rules.RuleOf(RedactionDetector.Email) >= 0 && (isHidden || payload.Contains((byte)'@'));
    }

    public RuleSet Rules => _rules;

    /// <summary>How many values each rule found; empty when none did.</summary>
    public IReadOnlyList<int> TakeCounts() => _hasCounted ? [.. _counts] : [];

    /// <summary>Strings that were masked because JSON stood in them deeper than is looked at.</summary>
    public int Nested { get; set; }

    public RedactionMode ModeOf(int rule) => _rules.Rules[rule].Mode;

    public void Count(int rule)
    {
        _counts[rule]++;
        _hasCounted = true;
    }

    /// <summary>Reads JSON that stands so many levels deep in strings. There is one for each level, since at each only one text is read at a time.</summary>
    public JsonWalk WalkAt(int level)
    {
        while (_walks.Count <= level) _walks.Add(new JsonWalk(this, _walks.Count));
        return _walks[level];
    }

    /// <summary>What stands in place of a value that a rule found.</summary>
    public byte[] MarkerFor(RedactionMode mode, ReadOnlySpan<byte> value) => mode is RedactionMode.Hash && _key is not null ? Marker.Hash(_key, value) : Marker.Mask;

    /// <summary>What the rules find in a text, in its order and without overlaps. Good until the next call.</summary>
    /// <param name="hasKeys">Look for keys with values, too.</param>
    public IReadOnlyList<Hit> Find(ReadOnlySpan<byte> text, bool hasKeys)
    {
        _hits.Clear();
        FindPlain(text, hasKeys);
        // Broken JSON, and JSON inside of a text, still have their escapes: read without them, nothing hides in them.
        if (text.Contains((byte)'\\')) FindBehindEscapes(text, hasKeys, levels: 0);
        else if (_hits.Count > 1) Join(_hits);
        return _hits;
    }

    /// <summary>Redacts a text that is no JSON, or a string's content without escapes.</summary>
    /// <param name="mayDrop">The text is a member's value, which can be dropped.</param>
    /// <returns>The rule by which the member that holds the text is dropped; -1 when it stays.</returns>
    public int Redact(ReadOnlySpan<byte> text, int offset, Edits edits, bool mayDrop = false, bool hasKeys = true)
    {
        IReadOnlyList<Hit> hits = Find(text, hasKeys);
        if (hits.Count == 0) return -1;
        foreach (Hit hit in hits)
        {
            // A key's rule names a member; what it found here is a part of one.
            if (mayDrop && ModeOf(hit.Rule) is RedactionMode.Drop && _rules.Rules[hit.Rule].Kind is not RedactionKind.Key) return hit.Rule;
        }

        foreach (Hit hit in hits)
        {
            Count(hit.Rule);
            edits.Add(hit.Start + offset, hit.End + offset, MarkerFor(ModeOf(hit.Rule), ValueOf(text[hit.Start..hit.End], hit.Rule)));
        }

        return -1;
    }

    private void FindBehindEscapes(ReadOnlySpan<byte> text, bool hasKeys, int levels)
    {
        Hit[] here = [.. _hits];
        _hits.Clear();
        byte[] plain = ArrayPool<byte>.Shared.Rent(text.Length);
        try
        {
            ReadOnlySpan<byte> undone = plain.AsSpan(0, Escapes.Undo(text, plain));
            // Where nothing was an escape there is nothing new behind it.
            if (undone.Length < text.Length)
            {
                FindPlain(undone, hasKeys);
                if (levels < MostLevels && undone.Contains((byte)'\\')) FindBehindEscapes(undone, hasKeys, levels + 1);
                Join(_hits);
                Relocate(text);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain, clearArray: true);
        }

        _hits.AddRange(here);
        Join(_hits);
    }

    /// <summary>Turns places in the text without escapes into those of the escaped one.</summary>
    private void Relocate(ReadOnlySpan<byte> escaped)
    {
        if (_hits.Count == 0) return;
        int[] places = [.. _hits.SelectMany(h => new[] { h.Start, h.End })];
        Escapes.Locate(escaped, places);
        for (int i = 0; i < _hits.Count; i++) _hits[i] = new Hit(places[2 * i], places[2 * i + 1], _hits[i].Rule);
    }

    private void FindPlain(ReadOnlySpan<byte> text, bool hasKeys)
    {
        if (_rules.RuleOf(RedactionDetector.Card) is >= 0 and var card) CardNumbers.Find(text, card, _hits);
        if (_rules.RuleOf(RedactionDetector.Iban) is >= 0 and var iban) BankAccounts.Find(text, iban, _hits);
        if (_mayHoldAddresses) EmailAddresses.Find(text, _rules.RuleOf(RedactionDetector.Email), _hits);
        if (_mayHoldMarks)
            Marks.Find(text, _rules.RuleOf(RedactionDetector.Token), _rules.RuleOf(RedactionDetector.PrivateKey), _rules.RuleOf(RedactionDetector.ProviderKey), _hits);
        if (hasKeys && !_rules.Keys.IsEmpty) KeyedTexts.Find(text, _rules.Keys, _hits);
        if (_rules.Patterns.Length > 0) FindPatterns(text);
    }

    /// <summary>The value as it is hashed: the same card, written with other separators, is the same value.</summary>
    public ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> found, int rule)
    {
        bool isNumber = rule == _rules.RuleOf(RedactionDetector.Card) || rule == _rules.RuleOf(RedactionDetector.Iban);
        bool isAddress = rule == _rules.RuleOf(RedactionDetector.Email);
        if (!isNumber && !isAddress) return found;
        byte[] plain = new byte[found.Length];
        int length = 0;
        foreach (byte b in found)
        {
            if (isNumber && !Separators.IsLetterOrDigit(b)) continue;
            plain[length++] = (uint)(b - 'A') < 26 ? (byte)(b | 0x20) : b;
        }

        return plain.AsSpan(0, length);
    }

    private void FindPatterns(ReadOnlySpan<byte> text)
    {
        char[]? chars = null;
        int[]? places = null;
        foreach ((OwnPattern pattern, int rule) in _rules.Patterns)
        {
            if (text.IsEmpty || Marker.IsAt(text)) return;
            if (_patternTime >= PatternPatience)
            {
                _hits.Add(new Hit(0, text.Length, rule));
                continue;
            }

            chars ??= OwnPattern.Decode(text, out places);
            long began = _time.GetTimestamp();
            pattern.Find(chars, places, text.Length, rule, _hits);
            _patternTime += _time.GetElapsedTime(began);
        }
    }

    /// <summary>What overlaps becomes one, under the rule that shows less.</summary>
    private void Join(List<Hit> hits)
    {
        if (hits.Count < 2) return;
        hits.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : b.End.CompareTo(a.End));
        int last = 0;
        for (int i = 1; i < hits.Count; i++)
        {
            Hit hit = hits[i];
            if (hit.Start >= hits[last].End) hits[++last] = hit;
            else hits[last] = new Hit(hits[last].Start, Math.Max(hits[last].End, hit.End), Stricter(hits[last].Rule, hit.Rule));
        }

        hits.RemoveRange(last + 1, hits.Count - last - 1);
    }

    private int Stricter(int one, int other)
    {
        return Weight(ModeOf(other)) > Weight(ModeOf(one)) ? other : one;

        static int Weight(RedactionMode mode) => mode switch { RedactionMode.Drop => 2, RedactionMode.Mask => 1, _ => 0 };
    }
}
