using System.Text;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>What tools may be called: MCP 2026-07-28, server/tools, "Tool Names". Clients refuse what breaks it.</summary>
internal static class ToolNames
{
    public const int Longest = 128;

    /// <summary>An upstream may use longer names than the specification advises; that is no reason to lock its tools out.</summary>
    public const int LongestUpstream = 256;

    public static readonly string UpstreamRule = $"A tool's name has 1 to {LongestUpstream} characters and no control characters.";

    public static bool Fits(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    /// <summary>Whether a server's tool may be called so. Lone surrogates and control characters can be neither stored nor typed.</summary>
    public static bool IsUpstreamName(string? name) =>
        name is { Length: > 0 and <= LongestUpstream } && !name.EnumerateRunes().Any(r => Rune.IsControl(r) || r == Rune.ReplacementChar);
}

/// <summary>What stands in front of the names of a server's tools and prompts in virtual gateways, e.g. <c>hr_</c>.</summary>
public static class ToolPrefix
{
    public const int Longest = 32;

    /// <summary>Adds what is wrong to <paramref name="check"/>; empty is no prefix and always right.</summary>
    internal static void Check(InputCheck check, string prefix, string field) =>
        check.Require(prefix.Length <= Longest && ToolNames.Fits(prefix), field,
            $"Use at most {Longest} characters out of letters, digits, “_”, “-” and “.”.");
}
