using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mcpx.Core.Protocol;

/// <summary>One change of a JSON object.</summary>
/// <param name="Path">Member names from the outermost object inwards; at least one.</param>
/// <param name="Value">The member's new value as raw JSON; null removes the member.</param>
public readonly record struct JsonChange(string[] Path, ReadOnlyMemory<byte>? Value)
{
    public static JsonChange Set(ReadOnlyMemory<byte> value, params string[] path) => new(path, value);

    public static JsonChange Set(string text, params string[] path) => new(path, JsonEdit.Text(text));

    public static JsonChange Remove(params string[] path) => new(path, null);
}

/// <summary>
/// Changes members of a JSON text in place. Every value that is not changed stays byte for byte, so numbers, escapes,
/// duplicate and unknown members survive; only white space between the members of a changed object is lost.
/// </summary>
public static class JsonEdit
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 512 };

    /// <param name="json">One JSON object.</param>
    /// <param name="changes">
    /// At most 32. A member that is set and not there is added at the end, with the objects around it; every member of a
    /// name that stands twice is changed, since readers disagree which counts.
    /// </param>
    /// <exception cref="JsonException">Not one JSON object, or a path leads through something that is no object.</exception>
    public static ReadOnlyMemory<byte> Apply(ReadOnlySpan<byte> json, params ReadOnlySpan<JsonChange> changes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(changes.Length, 32);
        ArrayBufferWriter<byte> output = new(json.Length + 256);
        Utf8JsonReader reader = new(json, Options);
        try
        {
            reader.Read();
            if (reader.TokenType is not JsonTokenType.StartObject) throw new JsonException("Not an object.");
            EditObject(ref reader, json, changes, uint.MaxValue, 0, output);
            reader.Read();
            return output.WrittenMemory;
        }
        catch (InvalidOperationException e)
        {
            throw LoneSurrogate(e);
        }
    }

    /// <summary>The raw value at a path of members; the last one where a name stands twice. Null when there is none.</summary>
    /// <exception cref="JsonException">Not one JSON value.</exception>
    public static ReadOnlyMemory<byte>? Find(ReadOnlyMemory<byte> json, params ReadOnlySpan<string> path)
    {
        Utf8JsonReader reader = new(json.Span, Options);
        try
        {
            reader.Read();
            return Find(ref reader, json, path);
        }
        catch (InvalidOperationException e)
        {
            throw LoneSurrogate(e);
        }
    }

    /// <summary>The text at a path; null when there is none or it is no text.</summary>
    /// <exception cref="JsonException">Not one JSON value.</exception>
    public static string? FindText(ReadOnlyMemory<byte> json, params ReadOnlySpan<string> path)
    {
        if (Find(json, path) is not { } value || value.Span is not [(byte)'"', ..]) return null;
        Utf8JsonReader reader = new(value.Span, Options);
        reader.Read();
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate is no text.
            return null;
        }
    }

    /// <summary>A text as a JSON string.</summary>
    public static byte[] Text(string text) => Encoding.UTF8.GetBytes($"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"");

    /// <summary>What Utf8JsonReader makes of a name that can't be compared.</summary>
    private static JsonException LoneSurrogate(InvalidOperationException cause) => new("A member's name holds a lone surrogate.", cause);

    private static ReadOnlyMemory<byte>? Find(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json, scoped ReadOnlySpan<string> path)
    {
        if (path.IsEmpty)
        {
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            return json[start..(int)reader.BytesConsumed];
        }

        ReadOnlyMemory<byte>? found = null;
        if (reader.TokenType is not JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            bool isIt = reader.ValueTextEquals(path[0]);
            reader.Read();
            if (isIt) found = Find(ref reader, json, path[1..]);
            else reader.Skip();
        }

        return found;
    }

    /// <param name="active">The changes whose path leads into this object, a bit each.</param>
    private static void EditObject(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> json, scoped ReadOnlySpan<JsonChange> changes, uint active, int depth, ArrayBufferWriter<byte> output)
    {
        uint seen = 0;
        bool isFirst = true;
        output.Write("{"u8);
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            uint here = Matching(ref reader, changes, active, depth, out int leaf);
            seen |= here;
            ReadOnlySpan<byte> name = json.Slice((int)reader.TokenStartIndex, reader.ValueSpan.Length + 2);
            reader.Read();
            if (leaf >= 0 && changes[leaf].Value is null)
            {
                reader.Skip();
                continue;
            }

            WriteName(output, name, ref isFirst);
            if (leaf >= 0)
            {
                reader.Skip();
                output.Write(changes[leaf].Value!.Value.Span);
            }
            else if (here != 0)
            {
                EditInner(ref reader, json, changes, here, depth + 1, output);
            }
            else
            {
                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                output.Write(json[start..(int)reader.BytesConsumed]);
            }
        }

        AddMissing(changes, active & ~seen, depth, ref isFirst, output);
        output.Write("}"u8);
    }

    private static void EditInner(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> json, scoped ReadOnlySpan<JsonChange> changes, uint active, int depth, ArrayBufferWriter<byte> output)
    {
        if (reader.TokenType is JsonTokenType.StartObject)
        {
            EditObject(ref reader, json, changes, active, depth, output);
            return;
        }

        bool sets = AnySets(changes, active);
        if (sets && reader.TokenType is not JsonTokenType.Null) throw new JsonException("A member on the path is no object.");
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        if (sets) WriteNew(changes, active, depth, output);
        else output.Write(json[start..(int)reader.BytesConsumed]);
    }

    private static uint Matching(ref Utf8JsonReader reader, scoped ReadOnlySpan<JsonChange> changes, uint active, int depth, out int leaf)
    {
        uint matching = 0;
        leaf = -1;
        for (int i = 0; i < changes.Length; i++)
        {
            if ((active & 1u << i) == 0 || !reader.ValueTextEquals(changes[i].Path[depth])) continue;
            matching |= 1u << i;
            if (changes[i].Path.Length == depth + 1) leaf = i;
        }

        return matching;
    }

    private static void AddMissing(ReadOnlySpan<JsonChange> changes, uint missing, int depth, ref bool isFirst, ArrayBufferWriter<byte> output)
    {
        for (int i = 0; i < changes.Length; i++)
        {
            if ((missing & 1u << i) == 0 || changes[i].Value is not { } value) continue;
            string name = changes[i].Path[depth];
            WriteName(output, Text(name), ref isFirst);
            if (changes[i].Path.Length == depth + 1)
            {
                output.Write(value.Span);
                continue;
            }

            uint inner = 0;
            for (int j = i; j < changes.Length; j++)
            {
                if ((missing & 1u << j) != 0 && changes[j].Path[depth] == name) inner |= 1u << j;
            }

            WriteNew(changes, inner, depth + 1, output);
            missing &= ~inner;
        }
    }

    private static void WriteNew(ReadOnlySpan<JsonChange> changes, uint active, int depth, ArrayBufferWriter<byte> output)
    {
        bool isFirst = true;
        output.Write("{"u8);
        AddMissing(changes, active, depth, ref isFirst, output);
        output.Write("}"u8);
    }

    private static bool AnySets(ReadOnlySpan<JsonChange> changes, uint active)
    {
        for (int i = 0; i < changes.Length; i++)
        {
            if ((active & 1u << i) != 0 && changes[i].Value is not null) return true;
        }

        return false;
    }

    private static void WriteName(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> name, ref bool isFirst)
    {
        if (!isFirst) output.Write(","u8);
        isFirst = false;
        output.Write(name);
        output.Write(":"u8);
    }
}
