using System.Text;
using Mcpx.Core.Redaction;
using Mcpx.Tests.Calls.Journal;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Redaction;

/// <summary>What each detector takes for what it looks for, and what not.</summary>
public sealed class DetectorTests
{
    [Theory]
    [InlineData("4111111111111111", "***")]
    [InlineData("card 4111 1111 1111 1111, thanks", "card ***, thanks")]
    [InlineData("4111-1111-1111-1111", "***")]
    [InlineData("3782 822463 10005", "***")]
    [InlineData("30569309025904", "***")]
    [InlineData("5555555555554444;2223003122003222;6011111111111117;3530111333300000", "***;***;***;***")]
    [InlineData("4222222222222", "***")]
    [InlineData("6304000000000000", "***")]
    [InlineData("(4111111111111111)", "(***)")]
    [InlineData("pan=4111111111111111&x=1", "pan=***&x=1")]
    [InlineData("4111\u00a01111\u00a01111\u00a01111", "***")]
    [InlineData("4111\u20111111\u20111111\u20111111", "***")]
    [InlineData("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "***")]
    [InlineData("12 4111111111111111 34", "12 *** 34")]
    [InlineData("4111111111111111 12/27", "*** 12/27")]
    [InlineData("4111111111111111.", "***.")]
    // A wrong check digit, a wrong prefix, too short, too long.
    [InlineData("4111111111111112", null)]
    [InlineData("1700000000000", null)]
    [InlineData("1234567812345670", null)]
    [InlineData("411111111111", null)]
    [InlineData("41111111111111111111111", null)]
    // Parts of something else: letters touch it, a fraction, two separators.
    [InlineData("a4111111111111111", null)]
    [InlineData("4111111111111111f", null)]
    [InlineData("0.4111111111111111", null)]
    [InlineData("4111  1111  1111  1111", null)]
    [InlineData("0000000000000000", null)]
    public void Card_numbers(string text, string? redacted) => Check(RedactionDetector.Card, text, redacted);

    [Theory]
    [InlineData("DE89370400440532013000", "***")]
    [InlineData("to DE89 3704 0044 0532 0130 00 please", "to *** please")]
    [InlineData("de89370400440532013000", "***")]
    [InlineData("GB82WEST12345698765432, NO9386011117947", "***, ***")]
    [InlineData("iban:FR1420041010050500013M02606.", "iban:***.")]
    [InlineData("MT84MALT011000012345MTLCAST001S", "***")]
    [InlineData("DE89370400440532013001", null)]
    [InlineData("DE893704004405320130", null)]
    [InlineData("XDE89370400440532013000", null)]
    [InlineData("DE893704004405320130001", null)]
    [InlineData("ZZ89370400440532013000", null)]
    [InlineData("AB12", null)]
    public void Bank_accounts(string text, string? redacted) => Check(RedactionDetector.Iban, text, redacted);

    [Theory]
    [InlineData("ann@example.com", "***")]
    [InlineData("Ann <ann.b+c@mail.example.co.uk>, bye", "Ann <***>, bye")]
    [InlineData("mailto:ann@example.com?subject=x", "mailto:***?subject=x")]
    [InlineData("jürgen@münchen.example", "***")]
    [InlineData("Mail ann@example.com.", "Mail ***.")]
    [InlineData("a@b.cd;c@d.ef", "***;***")]
    [InlineData("@everyone", null)]
    [InlineData("ann@localhost", null)]
    [InlineData("a @ b.com", null)]
    [InlineData("npm install @scope/package@1.2", null)]
    public void Email_addresses(string text, string? redacted) => Check(RedactionDetector.Email, text, redacted);

    [Theory]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U", "***")]
    [InlineData("token is eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0. ok", "token is *** ok")]
    [InlineData("eyJhbGciOiJkaXIifQ..48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ", "***")]
    [InlineData("Authorization: Bearer abc123def456", "Authorization: Bearer ***")]
    [InlineData("bearer\tabc123def456", "bearer\t***")]
    [InlineData("BASIC dXNlcjpwYXNzd29yZA==", "BASIC ***")]
    [InlineData("the bearer of news", null)]
    [InlineData("Basic authentication is over", null)]
    [InlineData("Bearer short1", null)]
    [InlineData("forbearer abc123def456", null)]
    [InlineData("eyJ", null)]
    [InlineData("eyJhbGciOiJIUzI1NiJ9", null)]
    [InlineData("keyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x", null)]
    public void Tokens(string text, string? redacted) => Check(RedactionDetector.Token, text, redacted);

    [Theory]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "***")]
    [InlineData("x -----BEGIN EC PRIVATE KEY-----MIIE-----END EC PRIVATE KEY----- y", "x *** y")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "***")]
    [InlineData("-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQ\n-----END PGP PRIVATE KEY BLOCK-----\n", "***\n")]
    [InlineData("-----BEGIN RSA PRIVATE KE", null)]
    [InlineData("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", null)]
    [InlineData("-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----", null)]
    public void Private_keys(string text, string? redacted) => Check(RedactionDetector.PrivateKey, text, redacted);

    [Theory]
    [InlineData("AKIAIOSFODNN7EXAMPLE", "***")]
    [InlineData("id=ASIAIOSFODNN7EXAMPLE.", "id=***.")]
    [InlineData("ghp_0123456789abcdefghijABCDEFGHIJ012345", "***")]
    [InlineData("github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz", "***")]
    [InlineData("xoxb-1234567890-abcdefghij", "***")]
    [InlineData("https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX", "https://***")]
    [InlineData("sk-proj-abcdefghij0123456789", "***")]
    [InlineData("sk_live_0123456789abcdef", "***")]
    [InlineData("AIzaSyA0123456789abcdefghijklmnopqrstuv", "***")]
    [InlineData("mcpx_pat_0123456789012345678901234567890123456789012345678", "***")]
    [InlineData("AKIAshort", null)]
    [InlineData("xAKIAIOSFODNN7EXAMPLE", null)]
    [InlineData("task-abcdefghij0123456789abc", null)]
    [InlineData("sk-some-long-name-of-a-class", null)]
    [InlineData("ghp_short", null)]
    public void Provider_keys(string text, string? redacted) => Check(RedactionDetector.ProviderKey, text, redacted);

    /// <summary>As a string of JSON, as an escaped one, and as a text of its own.</summary>
    private static void Check(RedactionDetector detector, string text, string? redacted)
    {
        RuleSet rules = new(PayloadMode.Redacted, [RedactionRule.Of(detector)]);
        var expected = redacted ?? text;

        Redact.Text(rules, text).ShouldBe(expected);
        Redact.Text(rules, $"{{\"a\":{Redact.Json(text)}}}").ShouldBe($"{{\"a\":{Redact.Json(expected)}}}");
        var escaped = string.Concat(text.Select(c => $"\\u{(int)c:x4}"));
        var result = Redact.Text(rules, $"[\"{escaped}\"]");
        System.Text.Json.JsonDocument.Parse(result).RootElement[0].GetString().ShouldBe(expected);
        if (redacted is null) result.ShouldBe($"[\"{escaped}\"]");
    }
}

internal static class Redact
{
    public static byte[] Key { get; } = Encoding.UTF8.GetBytes("a key of the organisation's own!");

    public static RedactedPayload Bytes(RuleSet rules, byte[] payload) => Redactor.Apply(rules, payload, Key, TimeProvider.System);

    public static string Text(RuleSet rules, string payload) => Encoding.UTF8.GetString(Bytes(rules, Encoding.UTF8.GetBytes(payload)).Bytes.Bytes().ShouldNotBeNull());

    public static RuleSet Rules(params RedactionRule[] rules) => new(PayloadMode.Redacted, rules);

    public static RuleSet Rules(RedactionKind kind, RedactionMode mode, params string[] values) => new(PayloadMode.Redacted, values.Select(v => new RedactionRule(kind, v, mode)));

    public static RuleSet BuiltIn { get; } = new(PayloadMode.Redacted, OrganizationRules.Default.Rules);

    public static string Json(string text) => System.Text.Json.JsonSerializer.Serialize(text, AsItIs);

    private static System.Text.Json.JsonSerializerOptions AsItIs { get; } = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
