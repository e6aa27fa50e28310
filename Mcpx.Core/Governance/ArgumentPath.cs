using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Mcpx.Core.Governance;

/// <summary>One step into a JSON value: a member by name, or an array's element by index (from 0).</summary>
internal readonly record struct PathStep(string? Name, int Index);

/// <summary>
/// Leads to one value of a call's arguments: a singular query (RFC 9535, section 2.3.5.1) without negative indexes, e.g.
/// <c>$.amount</c>, <c>$.items[0].id</c>, <c>$['a b']</c>.
/// </summary>
internal sealed class ArgumentPath
{
    public const int Longest = 256;
    public const int MostSteps = 16;
    private const int LargestIndex = 9999;

    private ArgumentPath(string text, PathStep[] steps) => (Text, Steps) = (text, steps);

    public string Text { get; }

    public IReadOnlyList<PathStep> Steps { get; }

    public static bool TryParse(string? text, [NotNullWhen(true)] out ArgumentPath? path)
    {
        path = null;
        if (text is not { Length: > 1 and <= Longest } || text[0] != '$') return false;
        List<PathStep> steps = [];
        for (int at = 1; at < text.Length;)
        {
            if (steps.Count == MostSteps || ReadStep(text, ref at) is not { } step) return false;
            steps.Add(step);
        }

        path = new ArgumentPath(text, [.. steps]);
        return true;
    }

    private static PathStep? ReadStep(string text, ref int at)
    {
        if (text[at] == '.') return ReadName(text, ref at);
        if (text[at] != '[' || at + 1 >= text.Length) return null;
        at++;
        PathStep? step = text[at] is not ('\'' or '"') ? ReadIndex(text, ref at) : ReadQuoted(text, ref at) is { } name ? new PathStep(name, -1) : null;
        if (step is null || at >= text.Length || text[at] != ']') return null;
        at++;
        return step;
    }

    /// <summary>RFC 9535, section 2.5.1.1, member-name-shorthand: no digit in front, letters, digits, <c>_</c> and what is not ASCII.</summary>
    private static PathStep? ReadName(string text, ref int at)
    {
        int start = ++at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_' || text[at] >= '\u0080')) at++;
        return at == start || char.IsAsciiDigit(text[start]) ? null : new PathStep(text[start..at], -1);
    }

    private static PathStep? ReadIndex(string text, ref int at)
    {
        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        if (at == start || text[start] == '0' && at > start + 1) return null;
        return int.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index <= LargestIndex
            ? new PathStep(null, index)
            : null;
    }

    /// <summary>
    /// Reads a name in quotes, from the first to behind the last; null when it is none. Of the escapes only those of the
    /// quote and the backslash: a name that needs others is not worth the doubt.
    /// </summary>
    internal static string? ReadQuoted(string text, ref int at)
    {
        char quote = text[at++];
        StringBuilder name = new();
        for (; at < text.Length && text[at] != quote; at++)
        {
            if (text[at] == '\\' && (++at >= text.Length || text[at] is not ('\'' or '"' or '\\'))) return null;
            if (char.IsControl(text[at])) return null;
            name.Append(text[at]);
        }

        if (at >= text.Length) return null;
        at++;
        return name.ToString();
    }
}
