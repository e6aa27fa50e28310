namespace Mcpx.Core.Redaction;

/// <summary>One place of a text and what takes it.</summary>
internal readonly record struct Edit(int Start, int End, byte[] Replacement);

/// <summary>The changes of one text, in its order and apart from each other.</summary>
internal sealed class Edits
{
    private readonly List<Edit> _edits = [];

    public int Count => _edits.Count;

    public void Clear() => _edits.Clear();

    public void Add(int start, int end, byte[] replacement) => _edits.Add(new Edit(start, end, replacement));

    /// <summary>In place of whatever was to change inside of it.</summary>
    public void AddOver(int start, int end, byte[] replacement)
    {
        while (_edits.Count > 0 && _edits[^1].Start >= start) _edits.RemoveAt(_edits.Count - 1);
        Add(start, end, replacement);
    }

    /// <summary>Takes over the changes of a part that stands here as it is.</summary>
    public void AddAll(Edits part, int offset)
    {
        foreach (Edit edit in part._edits) Add(edit.Start + offset, edit.End + offset, edit.Replacement);
    }

    /// <summary>Takes over the changes of a text whose escaped form stands here.</summary>
    public void AddAll(Edits part, ReadOnlySpan<byte> escaped, int offset)
    {
        if (part.Count == 0) return;
        int[] positions = new int[part.Count * 2];
        for (int i = 0; i < part.Count; i++) (positions[2 * i], positions[2 * i + 1]) = (part._edits[i].Start, part._edits[i].End);
        Escapes.Locate(escaped, positions);
        for (int i = 0; i < part.Count; i++) Add(positions[2 * i] + offset, positions[2 * i + 1] + offset, Escapes.Redo(part._edits[i].Replacement));
    }

    /// <summary>Takes over the changes of a text that was put together of pieces of this one.</summary>
    /// <param name="pieces">Where each piece begins in the text put together, and where here.</param>
    public void AddAll(Edits part, IReadOnlyList<(int Joined, int Here)> pieces)
    {
        foreach (Edit edit in part._edits) Add(Place(edit.Start), Place(edit.End - 1) + 1, edit.Replacement);

        int Place(int joined)
        {
            int low = 0, high = pieces.Count - 1;
            while (low < high)
            {
                int middle = (low + high + 1) / 2;
                if (pieces[middle].Joined <= joined) low = middle;
                else high = middle - 1;
            }

            return pieces[low].Here + joined - pieces[low].Joined;
        }
    }

    public byte[] Apply(ReadOnlySpan<byte> text)
    {
        int length = text.Length;
        foreach (Edit edit in _edits) length += edit.Replacement.Length - (edit.End - edit.Start);
        byte[] result = new byte[length];
        int from = 0, to = 0;
        foreach (Edit edit in _edits)
        {
            ReadOnlySpan<byte> kept = text[from..edit.Start];
            kept.CopyTo(result.AsSpan(to));
            edit.Replacement.CopyTo(result, to + kept.Length);
            (from, to) = (edit.End, to + kept.Length + edit.Replacement.Length);
        }

        text[from..].CopyTo(result.AsSpan(to));
        return result;
    }
}
