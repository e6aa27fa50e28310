using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>Words to find servers by: spelled like slugs, so that one word has one spelling and fits into an address.</summary>
public static class ServerTags
{
    public const int Most = 20;
    public const int Longest = 32;

    /// <summary>Adds what is wrong to <paramref name="check"/>; the tags in their one spelling, each once, by name.</summary>
    public static IReadOnlyList<string> Check(InputCheck check, IReadOnlyList<string>? input)
    {
        string[] tags = [.. (input ?? []).Take(Most + 1).Select(t => (t ?? "").Trim().ToLowerInvariant()).Where(t => t.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        check.Require(input is null || input.Count <= Most, "tags", $"Use at most {Most} tags.")
            .Require(tags.All(t => t.Length <= Longest && InputCheck.IsSlug(t)), "tags", $"A tag is one word of lower-case letters, digits and inner hyphens, at most {Longest} characters.");
        return tags;
    }
}
