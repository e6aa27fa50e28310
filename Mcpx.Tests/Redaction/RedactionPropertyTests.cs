using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Mcpx.Core.Redaction;
using Mcpx.Tests.Calls.Journal;
using Shouldly;
using Xunit;
using Property = Mcpx.Tests.Fixtures.Property;

namespace Mcpx.Tests.Redaction;

/// <summary>What holds for every payload.</summary>
public sealed class RedactionPropertyTests
{
    private const string Canary = "cAnArY-7f3a";

    private static readonly string[] Names = ["a", "b c", "é\"q", "note", "id", "nextToken", "n\\n"];
    private static readonly string[] Secrets = ["password", "PassWord", "client-secret", "apiKey", "Set-Cookie", "db_password"];

    private static readonly RuleSet Hashing = new(PayloadMode.Redacted, OrganizationRules.Default.Rules.Select(r => r with { Mode = RedactionMode.Hash }));
    private static readonly RuleSet Dropping = new(PayloadMode.Redacted, OrganizationRules.Default.Rules.Select(r => r with { Mode = RedactionMode.Drop }));

    /// <summary>Spaces and escapes as no two writers agree on them.</summary>
    private static Gen<string> Space => Gen.Elements("", "", " ", "\n", "\t ", "\r\n");

    private static Gen<string> Scalar => Gen.OneOf(
        Gen.Elements("1", "-0.5e-3", "true", "null", "12345678901234567890", "\"\"", "\"x\"", "\"tab\\tquote\\\" \\u00e4 \\ud83d\\ude00\"", "\"[not json\"", "\"{also: not\"", "\"a=b&c=d\"", "\"12:30\"", "\"ünï\""),
        Gen.Choose(0, int.MaxValue).Select(n => n.ToString(System.Globalization.CultureInfo.InvariantCulture)));

    [Fact]
    public void What_no_rule_names_is_the_very_same_bytes() => Property.Holds(Json(4, Names, Scalar), json =>
    {
        var payload = Encoding.UTF8.GetBytes(json);
        foreach (var rules in new[] { Redact.BuiltIn, Hashing, Dropping }) Redact.Bytes(rules, payload).Bytes.ShouldBe(new ReadOnlyMemory<byte>(payload));
    }, Property.Times(400, 20_000));

    // A message is an object or an array (of them); a payload that is only a string is a text, and stays one.
    [Fact]
    public void A_secret_survives_nowhere_and_what_is_left_is_JSON() => Property.Holds(Planted().Select(j => j[0] is '{' or '[' ? j : $"[{j}]"), json =>
    {
        foreach (var rules in new[] { Redact.BuiltIn, Hashing, Dropping })
        {
            var once = Redact.Text(rules, json);

            LeavesOf(JsonDocument.Parse(once).RootElement, 0).ShouldNotContain(leaf => leaf.Contains(Canary, StringComparison.Ordinal), $"{json} → {once}");
            once.ShouldNotContain(Canary);
            Redact.Text(rules, once).ShouldBe(once);
        }
    }, Property.Times(600, 30_000));

    [Fact]
    public void Cut_anywhere_no_secret_is_left() => Property.Holds(from json in Planted() from at in Gen.Choose(0, 1000) select (json, at), pair =>
    {
        var (json, at) = pair;
        var bytes = Encoding.UTF8.GetBytes(json);
        var cut = bytes[..(bytes.Length * at / 1000)];
        var redacted = Redact.Bytes(Redact.BuiltIn, cut);
        if (redacted.Bytes.Bytes() is { } kept) Undo(Encoding.UTF8.GetString(kept)).ShouldNotContain(Canary, Case.Sensitive, $"{Encoding.UTF8.GetString(cut)} → {Encoding.UTF8.GetString(kept)}");
    }, Property.Times(600, 30_000));

    [Fact]
    public void Any_bytes_come_out_once_as_twice_and_never_fail() => Property.Holds(Gen.OneOf(
        Gen.ArrayOf(Gen.Choose(0, 255).Select(b => (byte)b)),
        Gen.ArrayOf(Gen.Elements("{}[]\":,\\u0061passwordtken=4111 1111-1\0é\n\ud83d\ude00".Select(c => c).ToArray())).Select(c => Encoding.UTF8.GetBytes(c))), bytes =>
    {
        if (Redact.Bytes(Redact.BuiltIn, bytes).Bytes.Bytes() is { } once) Redact.Bytes(Redact.BuiltIn, once).Bytes.Bytes().ShouldBe(once);
    }, Property.Times(2000, 100_000));

    /// <summary>JSON with secrets under keys that rules name, here and there inside of strings of JSON.</summary>
    private static Gen<string> Planted()
    {
        var secret = Gen.OneOf(Gen.Elements($"\"{Canary}\"", $"\"x\\n{Canary}\\\"\"", $"[\"{Canary}\",{{\"a\":\"{Canary}\"}}]", $"{{\"{Canary}\":1}}", $"\"\\u0063{Canary[1..]}\""));
        var member = from name in Gen.Elements(Secrets) from value in secret select $"{Name(name)}:{value}";
        var planted = Json(3, Names, Scalar, member);
        var nested = planted.Select(j => JsonSerializer.Serialize(j));
        return Gen.OneOf(planted, Json(2, Names, Gen.OneOf(Scalar, nested), member), Json(1, Names, nested.Select(n => JsonSerializer.Serialize($"{{\"t\":{n}}}")), member));
    }

    /// <summary>Half of the letters of a name as escapes.</summary>
    private static string Name(string name) => "\"" + string.Concat(name.Select((c, i) => i % 2 == 0 ? $"\\u{(int)c:x4}" : c.ToString())) + "\"";

    private static Gen<string> Json(int depth, string[] names, Gen<string> scalar, Gen<string>? extra = null)
    {
        if (depth == 0) return scalar;
        var inner = Json(depth - 1, names, scalar, extra);
        var plain = from name in Gen.Elements(names) from value in inner from space in Space select $"{JsonSerializer.Serialize(name)}{space}:{space}{value}";
        var member = extra is null ? plain : Gen.OneOf(plain, plain, extra);
        var members = from list in Gen.ArrayOf(member) from space in Space select $"{{{space}{string.Join($",{space}", list.Take(5))}{space}}}";
        var elements = from list in Gen.ArrayOf(inner) from space in Space select $"[{space}{string.Join($"{space},", list.Take(4))}{space}]";
        return Gen.OneOf(inner, members, members, elements);
    }

    private static IEnumerable<string> LeavesOf(JsonElement element, int level) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(m => LeavesOf(m.Value, level).Append(m.Name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(e => LeavesOf(e, level)),
        JsonValueKind.String when level < 4 && TryParse(element.GetString()!) is { } inner => LeavesOf(inner, level + 1),
        JsonValueKind.String => [element.GetString()!],
        _ => [],
    };

    private static JsonElement? TryParse(string text)
    {
        try
        {
            return text.StartsWith('{') || text.StartsWith('[') ? JsonDocument.Parse(text).RootElement : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Without escapes, however deep.</summary>
    private static string Undo(string text)
    {
        for (var i = 0; i < 6; i++) text = text.Replace("\\u0063", "c", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal);
        return text;
    }
}
