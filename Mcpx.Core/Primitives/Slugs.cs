using System.Text;

namespace Mcpx.Core.Primitives;

/// <summary>Suggests a name in URLs for a name.</summary>
public static class Slugs
{
    private const int Longest = 63;

    // Invariant globalization knows no decomposition, so the usual ones stand here.
    private const string Accented = "àáâãäåçèéêëìíîïñòóôõöøùúûüýÿ";
    private const string Plain = "aaaaaaceeeeiiiinoooooouuuuyy";

    /// <summary>"HR (demo)" becomes "hr-demo"; what has no ASCII form falls away.</summary>
    public static string From(string? name)
    {
        StringBuilder slug = new();
        foreach (char letter in (name ?? "").ToLowerInvariant())
        {
            int accent = Accented.IndexOf(letter, StringComparison.Ordinal);
            char c = accent < 0 ? letter : Plain[accent];
            if (char.IsAsciiLetterOrDigit(c)) slug.Append(c);
            else if (char.IsLetterOrDigit(c)) continue;
            else if (slug.Length > 0 && slug[^1] != '-') slug.Append('-');
            if (slug.Length == Longest) break;
        }

        return slug.ToString().Trim('-');
    }
}
