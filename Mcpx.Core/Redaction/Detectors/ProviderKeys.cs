using System.Buffers;

namespace Mcpx.Core.Redaction.Detectors;

/// <summary>Keys that say whose they are by how they begin, as their providers publish it for scanners.</summary>
internal static class ProviderKeys
{
    private static readonly SearchValues<byte> Word = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"u8);
    private static readonly SearchValues<byte> Alphanumeric = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"u8);
    private static readonly SearchValues<byte> UpperAlphanumeric = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"u8);
    private static readonly SearchValues<byte> Path = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/.%"u8);
    private static readonly SearchValues<byte> Dotted = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."u8);

    private static readonly (string Prefix, SearchValues<byte> Signs, int Least)[] All =
    [
        // AWS: access keys, lasting and temporary.
        ("AKIA", UpperAlphanumeric, 16), ("ASIA", UpperAlphanumeric, 16),
        // GitHub and GitLab.
        ("ghp_", Alphanumeric, 30), ("gho_", Alphanumeric, 30), ("ghu_", Alphanumeric, 30), ("ghs_", Alphanumeric, 30), ("ghr_", Alphanumeric, 30),
        ("github_pat_", Word, 22), ("glpat-", Word, 20),
        // Slack: tokens, app tokens, webhooks.
        ("xoxb-", Word, 10), ("xoxp-", Word, 10), ("xoxa-", Word, 10), ("xoxr-", Word, 10), ("xoxs-", Word, 10), ("xoxe-", Word, 10), ("xoxe.", Dotted, 10), ("xapp-", Word, 10),
        ("hooks.slack.com/services/", Path, 20),
        // OpenAI, Anthropic, Hugging Face.
        ("sk-", Word, 20), ("hf_", Alphanumeric, 30),
        // Stripe.
        ("sk_live_", Alphanumeric, 16), ("sk_test_", Alphanumeric, 16), ("rk_live_", Alphanumeric, 16), ("rk_test_", Alphanumeric, 16), ("whsec_", Alphanumeric, 16),
        // Google, SendGrid, npm, PyPI, DigitalOcean, Shopify.
        ("AIza", Word, 35), ("ya29.", Dotted, 20), ("GOCSPX-", Word, 20), ("SG.", Dotted, 40), ("npm_", Alphanumeric, 36), ("pypi-AgEI", Word, 40), ("dop_v1_", Alphanumeric, 60), ("shpat_", Alphanumeric, 30),
        // This gateway's own.
        ("mcpx_pat_", Alphanumeric, 40), ("mcpx_sas_", Alphanumeric, 40), ("mcpx_rt_", Alphanumeric, 40),
    ];

    private static readonly (byte[] Prefix, SearchValues<byte> Signs, int Least)[] Known =
        [.. All.Select(k => (System.Text.Encoding.ASCII.GetBytes(k.Prefix), k.Signs, k.Least)).OrderByDescending(k => k.Item1.Length)];

    public static IReadOnlyList<string> Prefixes { get; } = [.. All.Select(k => k.Prefix)];

    /// <summary>At a prefix.</summary>
    public static (int Start, int End)? Key(ReadOnlySpan<byte> text, int at)
    {
        // "task-…" is no "sk-…".
        if (at > 0 && Separators.IsLetterOrDigit(text[at - 1])) return null;
        foreach ((byte[] prefix, SearchValues<byte> signs, int least) in Known)
        {
            if (!text[at..].StartsWith(prefix)) continue;
            int length = text[(at + prefix.Length)..].IndexOfAnyExcept(signs);
            int end = length < 0 ? text.Length : at + prefix.Length + length;
            while (end > at && text[end - 1] is (byte)'.' or (byte)'-') end--;
            // Random keys of that length hold a digit; words with hyphens behind "sk-" don't.
            if (end - at - prefix.Length >= least && (prefix.Length > 3 || text[at..end].ContainsAnyInRange((byte)'0', (byte)'9'))) return (at, end);
        }

        return null;
    }
}
