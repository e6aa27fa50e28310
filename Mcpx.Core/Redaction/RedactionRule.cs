using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Redaction;

/// <summary>What a rule looks at. The numbers are stored: never reuse one.</summary>
public enum RedactionKind
{
    /// <summary>A member by its name, at any depth.</summary>
    Key = 0,

    /// <summary>A value by its place, see <see cref="RedactionPath"/>.</summary>
    Path = 1,

    /// <summary>A built-in detector, see <see cref="RedactionDetector"/>.</summary>
    Detector = 2,

    /// <summary>A regular expression of the organisation's own.</summary>
    Pattern = 3,
}

/// <summary>What becomes of a value that a rule finds.</summary>
public enum RedactionMode
{
    /// <summary><c>***</c>.</summary>
    Mask = 0,

    /// <summary>A short keyed hash: the same value can be recognised, and not be read.</summary>
    Hash = 1,

    /// <summary>The member is removed; in an array null takes its place.</summary>
    Drop = 2,
}

/// <summary>What the gateway recognises by itself, in any text.</summary>
public enum RedactionDetector
{
    /// <summary>Card numbers: issuer's prefix, length and Luhn's check digit (ISO/IEC 7812-1).</summary>
    Card,

    /// <summary>International bank account numbers: country's length and modulus 97 (ISO 13616).</summary>
    Iban,

    Email,

    /// <summary>JSON web tokens, and what stands behind Bearer and Basic.</summary>
    Token,

    /// <summary>Private keys as PEM.</summary>
    PrivateKey,

    /// <summary>Keys whose prefix says whose they are: AWS, GitHub, Slack, Stripe, this gateway and others.</summary>
    ProviderKey,
}

/// <summary>How much of a server's calls is recorded. The numbers are stored: never reuse one.</summary>
public enum PayloadMode
{
    /// <summary>Payloads after the rules were applied.</summary>
    Redacted = 0,

    /// <summary>Payloads as they were. No rule applies.</summary>
    Full = 1,

    /// <summary>No payloads, only what describes the call.</summary>
    MetadataOnly = 2,
}

/// <summary>One rule; the first that finds a value decides about it.</summary>
/// <param name="Value">A key's name or pattern, a path, a detector's name, or a regular expression.</param>
/// <param name="Name">What the record calls it; null for <paramref name="Value"/>.</param>
public sealed record RedactionRule(RedactionKind Kind, string Value, RedactionMode Mode, string? Name = null)
{
    /// <summary>How the record, pages and REST name the rule, e.g. <c>key:password</c>.</summary>
    public string Label => $"{Kind.ToString().ToLowerInvariant()}:{Name ?? Value}";

    /// <summary>For the audit log: with what it looks for, whatever it is called.</summary>
    internal string Words => $"{Kind.ToString().ToLowerInvariant()}:{Value}{(Name is null ? "" : $" ({Name})")} {Mode.ToString().ToLowerInvariant()}";

    public static RedactionRule Of(RedactionDetector detector, RedactionMode mode = RedactionMode.Mask) => new(RedactionKind.Detector, NameOf(detector), mode);

    public static string NameOf(RedactionDetector detector) => char.ToLowerInvariant(detector.ToString()[0]) + detector.ToString()[1..];

    public static RedactionDetector? DetectorOf(string name) =>
        Enum.GetValues<RedactionDetector>().Where(d => string.Equals(NameOf(d), name, StringComparison.OrdinalIgnoreCase)).Select(d => (RedactionDetector?)d).FirstOrDefault();
}

/// <summary>An organisation's rules.</summary>
/// <param name="UpdatedAt">Null while they are the built-in ones.</param>
public sealed record OrganizationRules(IReadOnlyList<RedactionRule> Rules, DateTimeOffset? UpdatedAt)
{
    private static readonly string[] Keys =
    [
        "*password", "*passwd", "pwd", "*passphrase", "*secret", "secret_key", "*secret_access_key", "*api_key", "*private_key", "signing_key", "encryption_key",
        "token", "*access_token", "*refresh_token", "*id_token", "*auth_token", "*api_token", "*session_token", "*bearer_token",
        "authorization", "proxy_authorization", "*credential", "*credentials", "cookie", "set_cookie", "client_assertion", "connection_string", "cvv", "cvc",
    ];

    /// <param name="organization">Its name.</param>
    public AuditView ToAudit(string organization) => new AuditView(organization).With("rules", Rules.Select(r => r.Words));

    /// <summary>What holds until somebody saves others. An address or an account number is often what an audit is about: those are off.</summary>
    public static OrganizationRules Default { get; } = new(
    [
        .. Keys.Select(k => new RedactionRule(RedactionKind.Key, k, RedactionMode.Mask)),
        RedactionRule.Of(RedactionDetector.Token),
        RedactionRule.Of(RedactionDetector.PrivateKey),
        RedactionRule.Of(RedactionDetector.ProviderKey),
        RedactionRule.Of(RedactionDetector.Card),
    ], UpdatedAt: null);
}

/// <summary>A server's own settings; its rules are asked before the organisation's.</summary>
public sealed record ServerRedaction(ServerId Server, PayloadMode Payloads, IReadOnlyList<RedactionRule> Rules)
{
    public static ServerRedaction Default(ServerId server) => new(server, PayloadMode.Redacted, []);

    /// <param name="server">Its name.</param>
    public AuditView ToAudit(string server) => new AuditView(server).With("payloads", Payloads).With("rules", Rules.Select(r => r.Words));
}

/// <summary>The part of a record in which something was redacted.</summary>
public enum RecordPart
{
    Request,
    Response,

    /// <summary>The texts that describe the call: its reason, and what the client named.</summary>
    Details,
}

/// <summary>What became of values: a rule's mode, or the whole part was withheld.</summary>
public enum RedactionEffect
{
    Masked,
    Hashed,
    Dropped,

    /// <summary>The part is not kept at all; the rule says why, see <see cref="Withholding"/>.</summary>
    Withheld,
}

/// <summary>Why somebody who reads a record does not see everything.</summary>
/// <param name="Rule">See <see cref="RedactionRule.Label"/>.</param>
/// <param name="Count">Of values; 1 where the part was withheld.</param>
public sealed record RedactionFinding(RecordPart Part, string Rule, RedactionEffect Effect, int Count);

/// <summary>Reasons for which a payload is not kept although its server's calls are recorded with theirs.</summary>
public static class Withholding
{
    /// <summary>Neither JSON nor text: nothing can be looked for in it.</summary>
    public const string NotText = "not-text";

    /// <summary>JSON in strings of JSON, deeper than is looked at; only these strings are masked.</summary>
    public const string Nesting = "nesting";

    /// <summary>The organisation, or its rules, are not known (any more).</summary>
    public const string UnknownRules = "unknown-rules";
}
