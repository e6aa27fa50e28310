using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Mcpx.Core.Governance;

namespace Mcpx.Core.Redaction;

/// <summary>One step: a member, an element, or every one of them.</summary>
/// <param name="Name">The member's name folded as <see cref="KeyNames.FoldCase"/> does; null for an element.</param>
/// <param name="Index">From 0; <see cref="Every"/> for all elements. With <paramref name="IsWild"/> unused.</param>
internal readonly record struct RedactionStep(string? Name, int Index, bool IsWild)
{
    public const int Every = -1;
}

/// <summary>
/// Leads from the message to values: JSONPath (RFC 9535) with names, indexes and wildcards, e.g.
/// <c>$.params.arguments.card</c> or <c>$.result.content[*].text.iban</c>. A name at any depth is a key, and no path. Letter case
/// does not matter, since servers take <c>Amount</c> for <c>amount</c>. It goes on into JSON that stands in a text.
/// </summary>
internal sealed class RedactionPath
{
    public const int Longest = 256;
    public const int MostSteps = 16;
    private const int LargestIndex = 9999;

    private RedactionPath(string text, RedactionStep[] steps) => (Text, Steps) = (text, steps);

    public string Text { get; }

    public RedactionStep[] Steps { get; }

    public static bool TryParse(string? text, [NotNullWhen(true)] out RedactionPath? path)
    {
        path = null;
        if (text is not { Length: > 1 and <= Longest } || text[0] != '$') return false;
        List<RedactionStep> steps = [];
        for (int at = 1; at < text.Length;)
        {
            if (steps.Count == MostSteps || ReadStep(text, ref at) is not { } step) return false;
            steps.Add(step);
        }

        path = new RedactionPath(text, [.. steps]);
        return true;
    }

    private static RedactionStep? ReadStep(string text, ref int at)
    {
        if (text[at] == '.') return ReadName(text, ref at);
        if (text[at] != '[' || at + 1 >= text.Length) return null;
        at++;
        RedactionStep? step = text[at] switch
        {
            '\'' or '"' => ArgumentPath.ReadQuoted(text, ref at) is { } name ? new RedactionStep(KeyNames.FoldCase(name), 0, IsWild: false) : null,
            '*' => new RedactionStep(null, RedactionStep.Every, IsWild: true),
            _ => ReadIndex(text, ref at),
        };
        if (step is { IsWild: true }) at++;
        if (step is null || at >= text.Length || text[at] != ']') return null;
        at++;
        return step;
    }

    private static RedactionStep? ReadName(string text, ref int at)
    {
        int start = ++at;
        if (at < text.Length && text[at] == '*')
        {
            at++;
            return new RedactionStep(null, RedactionStep.Every, IsWild: true);
        }

        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '_' or '-' || text[at] >= '\u0080')) at++;
        return at == start ? null : new RedactionStep(KeyNames.FoldCase(text[start..at]), 0, IsWild: false);
    }

    private static RedactionStep? ReadIndex(string text, ref int at)
    {
        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        return int.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index <= LargestIndex
            ? new RedactionStep(null, index, IsWild: false)
            : null;
    }
}
