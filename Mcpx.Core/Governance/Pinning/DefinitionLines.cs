using System.Text.Json;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Governance.Pinning;

/// <summary>
/// A definition in lines that people can read and compare: what matters first, members sorted, texts with their own line
/// breaks. A text can't pretend to be another member: its lines begin with an arrow, and quotes inside stay escaped.
/// </summary>
public static class DefinitionLines
{
    /// <summary>What is shown at most; the rest is told as a number.</summary>
    public const int Most = 1500;

    /// <summary>Of one line, in UTF-16 code units.</summary>
    public const int LongestLine = 4000;

    private static readonly string[] First = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"];

    /// <param name="json">One that has a <see cref="DefinitionHash"/>; null for none, which has no lines.</param>
    public static IReadOnlyList<string> Of(ReadOnlyMemory<byte>? json)
    {
        if (json is not { } text) return [];
        using JsonDocument document = JsonDocument.Parse(text);
        List<string> lines = [];
        Write(lines, document.RootElement, indent: 0, before: "", after: "");
        if (lines.Count <= Most) return lines;
        return [.. lines.Take(Most), $"… and {lines.Count - Most:N0} lines more, which are not shown here"];
    }

    private static void Write(List<string> lines, JsonElement value, int indent, string before, string after)
    {
        string margin = new(' ', 2 * indent);
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when value.EnumerateObject().Any():
                lines.Add($"{margin}{before}{{");
                JsonProperty[] members = [.. value.EnumerateObject().OrderBy(m => indent == 0 ? PlaceOf(m.Name) : 0).ThenBy(m => m.Name, StringComparer.Ordinal)];
                for (int at = 0; at < members.Length; at++)
                    Write(lines, members[at].Value, indent + 1, $"\"{Escape(members[at].Name).Replace("\n", "\\n", StringComparison.Ordinal)}\": ", at + 1 < members.Length ? "," : "");
                lines.Add($"{margin}}}{after}");
                break;
            case JsonValueKind.Array when value.GetArrayLength() > 0:
                lines.Add($"{margin}{before}[");
                int left = value.GetArrayLength();
                foreach (JsonElement item in value.EnumerateArray()) Write(lines, item, indent + 1, "", --left > 0 ? "," : "");
                lines.Add($"{margin}]{after}");
                break;
            case JsonValueKind.String:
                WriteText(lines, value.GetString()!, margin, before, after);
                break;
            default:
                lines.Add(Cut($"{margin}{before}{value.GetRawText()}{after}"));
                break;
        }
    }

    private static void WriteText(List<string> lines, string text, string margin, string before, string after)
    {
        string[] parts = $"\"{Escape(text)}\"{after}".Split('\n');
        lines.Add(Cut($"{margin}{before}{parts[0]}"));
        foreach (string part in parts.Skip(1)) lines.Add(Cut($"{margin}  ↳ {part}"));
    }

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static string Cut(string line)
    {
        if (line.Length <= LongestLine) return line;
        int end = char.IsHighSurrogate(line[LongestLine - 1]) ? LongestLine - 1 : LongestLine;
        return $"{line[..end]}… and {line.Length - end:N0} characters more, which are not shown here";
    }

    private static int PlaceOf(string name) => Array.IndexOf(First, name) is >= 0 and var place ? place : First.Length;
}
