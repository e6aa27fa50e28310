namespace Mcpx.Core.Primitives;

/// <summary>Patterns of tool names. Only <c>*</c> is special: it stands for any run of characters. Case matters, as it does to servers.</summary>
public static class NamePattern
{
    /// <summary>Greedy with one step back, so that no pattern makes it slow.</summary>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        int p = 0, n = 0, star = -1, mark = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = n;
            }
            else if (p < pattern.Length && pattern[p] == name[n])
            {
                p++;
                n++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                n = ++mark;
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].TrimStart('*').IsEmpty;
    }

    /// <summary>
    /// True when every name that <paramref name="narrow"/> matches is one that <paramref name="wide"/> matches: matched as a
    /// name, a star of the narrow pattern is met by a star of the wide one only.
    /// </summary>
    public static bool Covers(ReadOnlySpan<char> wide, ReadOnlySpan<char> narrow) => Matches(wide, narrow);
}
