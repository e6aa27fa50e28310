using System.Text;
using System.Text.RegularExpressions;

namespace Mcpx.Core.Gateways;

/// <summary>
/// Whether a URI can come from a URI template (RFC 6570). Generous about what a variable holds, since clients expand by
/// hand: anything that does not run into the next part of a URI.
/// </summary>
internal sealed class TemplateMatcher
{
    private const int Longest = 2000;

    private readonly string _prefix;
    private readonly Lazy<Regex?> _pattern;

    public TemplateMatcher(string template)
    {
        int variable = template.IndexOf('{');
        _prefix = variable < 0 ? template : template[..variable];
        _pattern = new Lazy<Regex?>(() => Read(template));
    }

    public bool Matches(string uri) => uri.StartsWith(_prefix, StringComparison.Ordinal) && _pattern.Value?.IsMatch(uri) is true;

    /// <summary>Null for a template that is none: an open brace, or longer than one that somebody would write.</summary>
    private static Regex? Read(string template)
    {
        if (template.Length > Longest) return null;
        StringBuilder pattern = new("\\A");
        int at = 0;
        while (at < template.Length)
        {
            int open = template.IndexOf('{', at);
            int close = open < 0 ? -1 : template.IndexOf('}', open);
            if (open >= 0 && close < open + 2) return null;
            pattern.Append(Regex.Escape(template[at..(open < 0 ? template.Length : open)]));
            if (open < 0) break;
            pattern.Append(PatternOf(template[open + 1]));
            at = close + 1;
        }

        // Linear time whatever the template: a server wrote it.
        return new Regex(pattern.Append("\\z").ToString(), RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.CultureInvariant);
    }

    /// <summary>RFC 6570, section 3.2, by the expression's operator.</summary>
    private static string PatternOf(char first) => first switch
    {
        '+' => ".+",
        '#' => "(#.*)?",
        '.' => "(\\.[^/?#]*)?",
        '/' => "(/[^?#]*)?",
        ';' => "(;[^/?#]*)?",
        '?' => "(\\?[^#]*)?",
        '&' => "(&[^#]*)?",
        _ => "[^/?#]+",
    };
}
