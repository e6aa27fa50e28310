using Mcpx.Core.Redaction;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Redaction;

/// <summary>Rules and what they found, in words.</summary>
internal static class RedactionWords
{
    public static IReadOnlyList<SelectOption<RedactionMode>> Modes { get; } =
        [new(RedactionMode.Mask, "Mask: ***"), new(RedactionMode.Hash, "Hash: same value, same hash"), new(RedactionMode.Drop, "Drop the member")];

    public static IReadOnlyList<SelectOption<RedactionKind>> Kinds { get; } =
        [new(RedactionKind.Path, "JSON path"), new(RedactionKind.Key, "Key name"), new(RedactionKind.Pattern, "Own pattern")];

    public static IReadOnlyList<SelectOption<PayloadMode>> Payloads { get; } =
        [new(PayloadMode.Redacted, "Redacted: payloads after the rules"), new(PayloadMode.Full, "Full: payloads as they are"), new(PayloadMode.MetadataOnly, "Metadata only: no payloads")];

    public static string Explain(PayloadMode payloads) => payloads switch
    {
        PayloadMode.Full => "Nothing is taken out. Who may see payloads sees every password and number in them.",
        PayloadMode.MetadataOnly => "Who called what, when and how it ended, with size and digest. What was sent and answered is not kept at all.",
        _ => "What the rules name is taken out before a call reaches the database.",
    };

    public static string WordOf(PayloadMode payloads) => payloads switch { PayloadMode.Full => "full", PayloadMode.MetadataOnly => "metadata only", _ => "redacted" };

    public static Tone ToneOf(PayloadMode payloads) => payloads switch { PayloadMode.Full => Tone.Warning, PayloadMode.MetadataOnly => Tone.Info, _ => Tone.Good };

    public static (string Name, string Hint) Of(RedactionDetector detector) => detector switch
    {
        RedactionDetector.Card => ("Card numbers", "with an issuer's prefix and a right check digit"),
        RedactionDetector.Iban => ("Bank accounts", "IBAN of the country's length, modulus 97"),
        RedactionDetector.Email => ("E-mail addresses", "name@example.com"),
        RedactionDetector.Token => ("Tokens", "JSON web tokens, and what follows Bearer and Basic"),
        RedactionDetector.PrivateKey => ("Private keys", "PEM and OpenPGP"),
        _ => ("Providers’ keys", "AWS, GitHub, Slack, Stripe, Google, this gateway and others"),
    };

    /// <summary>A rule's label as people read it, e.g. “key password”.</summary>
    public static string RuleText(string label)
    {
        int colon = label.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0) return Reason(label);
        string rest = label[(colon + 1)..];
        return label[..colon] switch
        {
            "detector" when RedactionRule.DetectorOf(rest) is { } detector => Of(detector).Name.ToLowerInvariant(),
            "key" => $"key {rest}",
            "path" => $"path {rest}",
            "pattern" => $"pattern {rest}",
            _ => label,
        };
    }

    /// <summary>What was found by one rule, e.g. “2 values masked: key password”.</summary>
    public static string Sentence(RedactionFinding finding) => finding.Effect is RedactionEffect.Withheld
        ? $"Not kept: {Reason(finding.Rule)}"
        : $"{finding.Count:N0} {(finding.Count == 1 ? "value" : "values")} {finding.Effect.ToString().ToLowerInvariant()}: {RuleText(finding.Rule)}";

    public static string Reason(string withheld) => withheld switch
    {
        Withholding.NotText => "it is neither JSON nor text, so no rule could look into it",
        Withholding.UnknownRules => "the rules that hold for it could not be known or followed",
        Withholding.Nesting => "JSON nested in strings too deeply to look into",
        _ => withheld,
    };
}
