using System.Globalization;
using System.Net;
using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Egress;

/// <summary>
/// The hosts that an organisation lets requests go to, on top of what the installation's <see cref="AddressGuard"/> allows.
/// Compared as the network sees them: lower case, punycode, IP addresses in their usual form.
/// </summary>
public sealed class HostRules
{
    public const int Most = 200;
    private const int LongestHost = 253;
    private const string Wildcard = "*.";

    private HostRules(IReadOnlyList<string> patterns) => Patterns = patterns;

    /// <summary>No list: every host that the guard allows.</summary>
    public static HostRules Any { get; } = new([]);

    /// <summary>As <c>api.example.com</c>, or <c>*.example.com</c> for every name below it; empty for <see cref="Any"/>.</summary>
    public IReadOnlyList<string> Patterns { get; }

    /// <param name="organization">Its name.</param>
    public AuditView ToAudit(string organization) => new AuditView(organization).With("hosts", Patterns);

    /// <summary>From patterns that were checked.</summary>
    public static HostRules Of(IReadOnlyList<string>? patterns) => patterns is null or [] ? Any : new HostRules(patterns);

    /// <summary>Adds what is wrong to <paramref name="check"/>; the patterns in their one spelling, each once.</summary>
    public static IReadOnlyList<string> Check(InputCheck check, IReadOnlyList<string>? input, string field)
    {
        List<string> patterns = [];
        check.Require(input is null || input.Count <= Most, field, $"Use at most {Most} hosts.");
        foreach (string text in (input ?? []).Take(Most))
        {
            string? pattern = Normal(text);
            check.Require(pattern is not null, field, $"“{Shown(text)}” is not a host such as api.example.com or *.example.com.");
            if (pattern is not null && !patterns.Contains(pattern, StringComparer.Ordinal)) patterns.Add(pattern);
        }

        return patterns;
    }

    /// <param name="host">Of an address, e.g. <see cref="Uri.IdnHost"/>.</param>
    public bool Allows(string host)
    {
        if (Patterns.Count == 0) return true;
        string? name = NormalHost(host);
        return name is not null && Patterns.Any(p => p.StartsWith(Wildcard, StringComparison.Ordinal)
            ? name.Length > p.Length - 1 && name.EndsWith(p[1..], StringComparison.Ordinal)
            : p == name);
    }

    private static string? Normal(string? text)
    {
        string trimmed = (text ?? "").Trim();
        if (!trimmed.StartsWith(Wildcard, StringComparison.Ordinal)) return NormalHost(trimmed);
        string? below = NormalHost(trimmed[Wildcard.Length..]);
        // "*.10.0.0.1" would be a name below an address, which there is not.
        return below is null || IPAddress.TryParse(below, out _) ? null : Wildcard + below;
    }

    private static string? NormalHost(string host)
    {
        string bare = host.Trim('[', ']').TrimEnd('.');
        if (bare.Length is 0 or > LongestHost) return null;
        if (bare.Contains(':')) return IPAddress.TryParse(bare, out IPAddress? six) ? six.ToString() : null;
        try
        {
            string ascii = new IdnMapping().GetAscii(bare).ToLowerInvariant();
            return ascii.Split('.').All(IsLabel) ? ascii : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private static string Shown(string? text) => string.Concat((text ?? "").Take(60).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
}
