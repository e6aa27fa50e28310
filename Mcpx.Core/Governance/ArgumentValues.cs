using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance;

/// <summary>What stands at a path of a call's arguments.</summary>
internal enum ValueState
{
    Missing,
    Found,

    /// <summary>
    /// A member on the way stands twice, or once more in another case, or can't be read: the server behind us may read
    /// another value than we do.
    /// </summary>
    Unclear,
}

/// <param name="Json">The value's bytes; for objects and arrays too.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ArgumentValue(ValueState State, JsonTokenType Type, ReadOnlyMemory<byte> Json);

/// <summary>All paths that a policy's conditions ask for, so that one pass over a call's arguments finds every value.</summary>
internal sealed class ArgumentPaths
{
    /// <summary>Bounds what a large call can cost.</summary>
    public const int Most = 32;

    /// <summary>As deep as the strict reader lets messages be.</summary>
    private const int MostDepth = 64;

    private readonly Dictionary<string, int> _slots = new(StringComparer.Ordinal);
    private readonly Node _root = new();

    public int Count => _slots.Count;

    /// <summary>Where the path's value will stand among those that are read.</summary>
    public int SlotOf(ArgumentPath path)
    {
        if (_slots.TryGetValue(path.Text, out int known)) return known;
        Node node = _root;
        foreach (PathStep step in path.Steps)
            node = node.Child(step);
        // $.a and $['a'] are one place under two names.
        int slot = node.Slot < 0 ? node.Slot = _slots.Count : node.Slot;
        _slots.Add(path.Text, slot);
        return slot;
    }

    /// <param name="message">A <c>tools/call</c> as it was sent, which the strict reader has accepted.</param>
    public ArgumentValue[] Read(ReadOnlyMemory<byte> message)
    {
        ArgumentValue[] values = new ArgumentValue[Math.Max(1, _slots.Count)];
        try
        {
            Utf8JsonReader json = new(message.Span, new JsonReaderOptions { MaxDepth = MostDepth });
            // The strict reader refuses a message in which one of these stands twice.
            if (json.Read() && GoTo("params"u8, ref json) && GoTo("arguments"u8, ref json)) Read(ref json, message, _root, values);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            Array.Fill(values, new ArgumentValue(ValueState.Unclear, default, default));
        }

        return values;
    }

    /// <summary>From an object's first token to the value of one of its members; false when it has none.</summary>
    private static bool GoTo(ReadOnlySpan<byte> member, ref Utf8JsonReader json)
    {
        if (json.TokenType is not JsonTokenType.StartObject) return false;
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            bool isIt = json.ValueTextEquals(member);
            json.Read();
            if (isIt) return true;
            json.Skip();
        }

        return false;
    }

    /// <summary>At a value's first token; leaves the reader at its last.</summary>
    private static void Read(ref Utf8JsonReader json, ReadOnlyMemory<byte> text, Node node, ArgumentValue[] values)
    {
        int start = (int)json.TokenStartIndex;
        JsonTokenType type = json.TokenType;
        if (node.Members.Count > 0 && type is JsonTokenType.StartObject) ReadMembers(ref json, text, node, values);
        else if (node.Elements.Count > 0 && type is JsonTokenType.StartArray) ReadElements(ref json, text, node, values);
        else json.Skip();
        if (node.Slot >= 0 && values[node.Slot].State is ValueState.Missing)
            values[node.Slot] = new ArgumentValue(ValueState.Found, type, text[start..(int)json.BytesConsumed]);
    }

    private static void ReadMembers(ref Utf8JsonReader json, ReadOnlyMemory<byte> text, Node node, ArgumentValue[] values)
    {
        ulong seen = 0;
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            int found = -1;
            for (int i = 0; i < node.Members.Count && found < 0; i++)
            {
                if (json.ValueTextEquals(node.Members[i].Name)) found = i;
            }

            bool isPlain = found >= 0 && (seen & 1UL << found) == 0;
            if (isPlain)
            {
                seen |= 1UL << found;
                json.Read();
                Read(ref json, text, node.Members[found].Node, values);
                continue;
            }

            // encoding/json of Go takes "Amount" for "amount", and the last of two: so may the server.
            if (found >= 0) node.Members[found].Node.Blur(values);
            else BlurOtherCase(json, node, values);
            json.Read();
            json.Skip();
        }
    }

    private static void BlurOtherCase(in Utf8JsonReader json, Node node, ArgumentValue[] values)
    {
        // Most members are neither: only those that could be one in other letters pay for the comparison.
        int length = json.ValueSpan.Length;
        if (!json.ValueIsEscaped && Ascii.IsValid(json.ValueSpan) && !node.Members.Exists(m => m.Name.Length == length)) return;
        string name = json.GetString()!;
        foreach ((string known, Node child) in node.Members)
        {
            if (LetterCase.AreAlike(name, known)) child.Blur(values);
        }
    }

    private static void ReadElements(ref Utf8JsonReader json, ReadOnlyMemory<byte> text, Node node, ArgumentValue[] values)
    {
        for (int index = 0; json.Read() && json.TokenType is not JsonTokenType.EndArray; index++)
        {
            if (node.Elements.TryGetValue(index, out Node? child)) Read(ref json, text, child, values);
            else json.Skip();
        }
    }

    private sealed class Node
    {
        public List<(string Name, Node Node)> Members { get; } = [];

        public Dictionary<int, Node> Elements { get; } = [];

        public int Slot { get; set; } = -1;

        public Node Child(PathStep step)
        {
            if (step.Name is null)
            {
                if (!Elements.TryGetValue(step.Index, out Node? element)) Elements.Add(step.Index, element = new Node());
                return element;
            }

            int known = Members.FindIndex(m => m.Name == step.Name);
            if (known >= 0) return Members[known].Node;
            Members.Add((step.Name, new Node()));
            return Members[^1].Node;
        }

        /// <summary>Nothing below here can be told for sure.</summary>
        public void Blur(ArgumentValue[] values)
        {
            if (Slot >= 0) values[Slot] = new ArgumentValue(ValueState.Unclear, default, default);
            foreach ((_, Node child) in Members)
                child.Blur(values);
            foreach (Node child in Elements.Values)
                child.Blur(values);
        }
    }
}
