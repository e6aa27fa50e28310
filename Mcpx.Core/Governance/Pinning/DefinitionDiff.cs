namespace Mcpx.Core.Governance.Pinning;

public enum DiffKind
{
    Same,
    Removed,
    Added,
}

/// <summary>One line of two texts that are compared.</summary>
public sealed record DiffLine(DiffKind Kind, string Text);

/// <summary>Two texts line by line, with the fewest lines that differ.</summary>
public static class DefinitionDiff
{
    public static IReadOnlyList<DiffLine> Between(IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        int start = 0;
        while (start < before.Count && start < after.Count && before[start] == after[start]) start++;
        int end = 0;
        while (end < before.Count - start && end < after.Count - start && before[^(end + 1)] == after[^(end + 1)]) end++;

        List<DiffLine> lines = [.. before.Take(start).Select(l => new DiffLine(DiffKind.Same, l))];
        AddMiddle(lines, [.. before.Skip(start).Take(before.Count - start - end)], [.. after.Skip(start).Take(after.Count - start - end)]);
        lines.AddRange(before.Skip(before.Count - end).Select(l => new DiffLine(DiffKind.Same, l)));
        return lines;
    }

    /// <summary>The longest common subsequence, by the table that everybody knows: there are at most some thousand lines.</summary>
    private static void AddMiddle(List<DiffLine> lines, string[] before, string[] after)
    {
        ushort[,] common = new ushort[before.Length + 1, after.Length + 1];
        for (int b = before.Length - 1; b >= 0; b--)
        {
            for (int a = after.Length - 1; a >= 0; a--)
                common[b, a] = before[b] == after[a] ? (ushort)(common[b + 1, a + 1] + 1) : Math.Max(common[b + 1, a], common[b, a + 1]);
        }

        int x = 0, y = 0;
        while (x < before.Length || y < after.Length)
        {
            if (x < before.Length && y < after.Length && before[x] == after[y])
            {
                lines.Add(new DiffLine(DiffKind.Same, before[x++]));
                y++;
            }
            else if (x < before.Length && (y == after.Length || common[x + 1, y] >= common[x, y + 1]))
            {
                lines.Add(new DiffLine(DiffKind.Removed, before[x++]));
            }
            else
            {
                lines.Add(new DiffLine(DiffKind.Added, after[y++]));
            }
        }
    }
}
