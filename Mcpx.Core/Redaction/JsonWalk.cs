using System.Buffers;
using System.Text.Json;
using Mcpx.Core.Redaction.Detectors;

namespace Mcpx.Core.Redaction;

/// <summary>
/// Goes through one JSON text and notes what has to change. It reads as far as the text can be read, takes several values, comments
/// and trailing commas, and hands the rest to the rules for texts: a payload that is cut off or broken is the rule here.
/// </summary>
/// <param name="level">0 for the payload; one more for JSON in a string of JSON.</param>
internal sealed class JsonWalk(RedactionRun run, int level)
{
    /// <summary>JSON in a string in JSON in a string, and so on: beyond that, strings are masked whole.</summary>
    private const int MostLevels = 8;
    private const int MostDepth = 512;

    private static readonly JsonReaderOptions Options = new()
    {
        MaxDepth = MostDepth, AllowMultipleValues = true, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Allow,
    };

    private static readonly SearchValues<byte> BetweenTokens = SearchValues.Create(" \t\r\n:,"u8);

    private readonly Stack<JsonFrame> _outer = new();
    private readonly Edits _edits = new(), _inner = new();
    private JsonFrame _here;
    private int _depth, _pending;
    private bool _isToolList, _awaitsValue;

    /// <summary>Where to begin with what is left: a string in front of what is broken may be the name of what follows.</summary>
    private int _readBack;

    /// <param name="isToolList">Keys in tools' schemas name no values.</param>
    /// <param name="active">The paths that lead here, a bit each.</param>
    /// <param name="depth">How many of their steps were taken.</param>
    /// <returns>False when what can't be read as JSON is no text either.</returns>
    public bool Redact(ReadOnlySpan<byte> json, int offset, Edits edits, bool isToolList, ulong active = ulong.MaxValue, int depth = 0)
    {
        _outer.Clear();
        _edits.Clear();
        (_isToolList, _depth, _pending, _awaitsValue, _readBack) = (isToolList, depth, -1, false, 0);
        _here = new JsonFrame { Active = active, Kept = -1 };
        int end = Walk(json);
        if (end < json.Length && !RedactRest(json, end)) return false;
        edits.AddAll(_edits, offset);
        return true;
    }

    /// <summary>Where reading ends.</summary>
    private int Walk(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, isFinalBlock: false, new JsonReaderState(Options));
        int end = 0;
        try
        {
            while (reader.Read())
            {
                // "4111 1111 1111 1111" is no four numbers, and "password": "x" no string with something behind it.
                if (_outer.Count == 0 && reader.TokenType is JsonTokenType.Number or JsonTokenType.String) return end;
                if (!Take(ref reader, json)) return json.Length;
                end = (int)reader.BytesConsumed;
                _readBack = reader.TokenType is JsonTokenType.String ? (int)reader.TokenStartIndex : end;
            }
        }
        catch (JsonException)
        {
            // Read on as text from where it was JSON.
        }

        return end;
    }

    /// <summary>What is left: the value of a named key is masked to the end, anything else is a text.</summary>
    private bool RedactRest(ReadOnlySpan<byte> json, int from)
    {
        ReadOnlySpan<byte> rest = json[from..];
        int start = rest.IndexOfAnyExcept(BetweenTokens);
        if (start < 0) return true;
        if (RuleOfRest() is >= 0 and var rule)
        {
            run.Count(rule);
            _edits.Add(from + start, json.Length, Marker.QuotedMask);
            return true;
        }

        if (level == 0 && !Texts.IsText(rest)) return false;
        foreach (Hit hit in run.Find(json[_readBack..], hasKeys: true))
        {
            int begin = Math.Max(from, hit.Start + _readBack), end = hit.End + _readBack;
            if (end <= begin) continue;
            run.Count(hit.Rule);
            _edits.Add(begin, end, run.MarkerFor(run.ModeOf(hit.Rule), run.ValueOf(json[begin..end], hit.Rule)));
        }

        return true;
    }

    /// <summary>Of the value that was begun: its key's, or that of a path which leads to it or through it, as what lies beyond can't be seen.</summary>
    private int RuleOfRest()
    {
        if (_pending >= 0 || run.Rules.Paths.IsEmpty) return _pending;
        ulong through = _here.IsArray ? Step([], _here.Index) : _awaitsValue ? _here.Next : 0;
        return through == 0 ? -1 : run.Rules.Paths.FirstOf(through);
    }

    /// <summary>False when the rest of the text belongs to a value that was masked.</summary>
    private bool Take(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        int start = (int)reader.TokenStartIndex;
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                TakeName(ref reader, start);
                return true;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                _here = _outer.Pop();
                _here.Kept = (int)reader.BytesConsumed;
                return true;
            case JsonTokenType.Comment:
                run.Redact(json[start..(int)reader.BytesConsumed], start, _edits);
                return true;
            default:
                return TakeValue(ref reader, json, start);
        }
    }

    private void TakeName(ref Utf8JsonReader reader, int start)
    {
        _here.NameStart = start;
        _awaitsValue = true;
        byte[]? rented = null;
        ReadOnlySpan<byte> raw = reader.ValueSpan;
        ReadOnlySpan<byte> name = raw;
        if (reader.ValueIsEscaped)
        {
            rented = ArrayPool<byte>.Shared.Rent(raw.Length);
            name = rented.AsSpan(0, Escapes.Undo(raw, rented));
        }

        _pending = _here.IsSchema ? -1 : run.Rules.Keys.Find(name);
        _here.Next = Step(name, -1);
        _here.IsSchemaNext = _here.IsSchema || _isToolList && (name.SequenceEqual("inputSchema"u8) || name.SequenceEqual("outputSchema"u8));
        if (Reached(_here.Next) is >= 0 and var rule && (_pending < 0 || rule < _pending)) _pending = rule;
        if (run.Find(name, hasKeys: false).Count > 0)
        {
            _inner.Clear();
            run.Redact(name, 0, _inner, hasKeys: false);
            if (rented is null) _edits.AddAll(_inner, start + 1);
            else _edits.AddAll(_inner, raw, start + 1);
        }

        if (rented is not null) ArrayPool<byte>.Shared.Return(rented, clearArray: true);
    }

    private bool TakeValue(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, int start)
    {
        int rule = _pending;
        ulong next = _here.Next;
        _awaitsValue = false;
        if (_here.IsArray)
        {
            next = Step([], _here.Index++);
            rule = Reached(next);
        }
        else if (_outer.Count == 0)
        {
            next = _here.Active;
        }

        bool isOpening = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        if (rule >= 0 && reader.TokenType is not JsonTokenType.Null)
        {
            _pending = rule;
            if (isOpening && !JsonFrame.TrySkip(ref reader))
            {
                run.Count(rule);
                _edits.AddOver(start, json.Length, Marker.QuotedMask);
                return false;
            }

            _pending = -1;
            Replace(ref reader, json, start, rule);
            return true;
        }

        (_pending, rule) = (-1, -1);
        if (isOpening)
        {
            _outer.Push(_here);
            _here = new JsonFrame { Active = next, IsArray = reader.TokenType is JsonTokenType.StartArray, IsSchema = _here.IsSchemaNext, IsSchemaNext = _here.IsSchemaNext, Depth = _here.Depth + 1, Kept = -1 };
            return true;
        }

        if (reader.TokenType is JsonTokenType.String) rule = TakeString(ref reader, start, next);
        else if (reader.TokenType is JsonTokenType.Number) rule = TakeNumber(ref reader, start);
        if (rule >= 0) Drop(json, start, (int)reader.BytesConsumed, rule);
        else _here.Kept = (int)reader.BytesConsumed;
        return true;
    }

    /// <returns>The rule by which the member goes; -1 when it stays.</returns>
    private int TakeString(ref Utf8JsonReader reader, int start, ulong next)
    {
        ReadOnlySpan<byte> raw = reader.ValueSpan;
        if (raw.IsEmpty) return -1;
        if (!reader.ValueIsEscaped) return TakeContent(raw, start + 1, _edits, next);
        byte[] plain = ArrayPool<byte>.Shared.Rent(raw.Length);
        try
        {
            _inner.Clear();
            int rule = TakeContent(plain.AsSpan(0, Escapes.Undo(raw, plain)), 0, _inner, next);
            if (rule < 0) _edits.AddAll(_inner, raw, start + 1);
            return rule;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain, clearArray: true);
        }
    }

    private int TakeContent(ReadOnlySpan<byte> text, int offset, Edits edits, ulong next)
    {
        int first = text.IndexOfAnyExcept(" \t\r\n"u8);
        if (first < 0) return -1;
        if (text[first] is not ((byte)'{' or (byte)'[') || _here.IsSchema) return run.Redact(text, offset, edits, mayDrop: true);
        if (level < MostLevels)
        {
            run.WalkAt(level + 1).Redact(text, offset, edits, _isToolList, next, _depth + _here.Depth);
            return -1;
        }

        // Nobody nests that deep but to hide something.
        run.Nested++;
        edits.Add(offset, offset + text.Length, Marker.Mask);
        return -1;
    }

    /// <summary>A number can't be masked in part: the whole becomes a string.</summary>
    private int TakeNumber(ref Utf8JsonReader reader, int start)
    {
        ReadOnlySpan<byte> digits = reader.ValueSpan;
        IReadOnlyList<Hit> hits = run.Find(digits, hasKeys: false);
        if (hits.Count == 0) return -1;
        int rule = hits[0].Rule;
        if (run.ModeOf(rule) is RedactionMode.Drop) return rule;
        run.Count(rule);
        _edits.Add(start, start + digits.Length, Marker.Quote(run.MarkerFor(run.ModeOf(rule), run.ValueOf(digits, rule))));
        return -1;
    }

    private void Replace(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, int start, int rule)
    {
        int end = (int)reader.BytesConsumed;
        RedactionMode mode = run.ModeOf(rule);
        if (mode is RedactionMode.Drop)
        {
            Drop(json, start, end, rule);
            return;
        }

        _here.Kept = end;
        bool isString = json[start] == (byte)'"';
        ReadOnlySpan<byte> raw = isString ? json[(start + 1)..(end - 1)] : json[start..end];
        if (isString && (mode is RedactionMode.Hash ? Marker.IsAt(raw) : raw.SequenceEqual(Marker.Mask))) return;
        run.Count(rule);
        byte[] marker = mode is RedactionMode.Hash ? run.MarkerFor(mode, isString ? Escapes.Without(raw) : raw) : Marker.Mask;
        if (isString) _edits.Add(start + 1, end - 1, marker);
        else _edits.Add(start, end, Marker.Quote(marker));
    }

    /// <summary>Removes a member with its comma; an element leaves null, so that the others keep their places.</summary>
    private void Drop(ReadOnlySpan<byte> json, int start, int end, int rule)
    {
        run.Count(rule);
        if (_here.IsArray || _outer.Count == 0)
        {
            _here.Kept = end;
            _edits.AddOver(start, end, Marker.Null);
            return;
        }

        if (_here.Kept >= 0)
        {
            _edits.AddOver(_here.Kept, end, []);
            return;
        }

        int comma = end;
        while (comma < json.Length && json[comma] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') comma++;
        _edits.AddOver(_here.NameStart, comma < json.Length && json[comma] == (byte)',' ? comma + 1 : end, []);
    }

    /// <summary>The paths that go on into a member or, with <paramref name="index"/>, an element.</summary>
    private ulong Step(ReadOnlySpan<byte> name, int index) => run.Rules.Paths.Step(_here.Active, _depth + _here.Depth - 1, name, index);

    private int Reached(ulong paths) => run.Rules.Paths.Reached(paths, _depth + _here.Depth);
}
