using System.Text;
using System.Text.Json;
using Mcpx.Core.Redaction;
using Mcpx.Tests.Calls.Journal;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Redaction;

/// <summary>What rules make of payloads of every shape.</summary>
public sealed class RedactorTests
{
    [Theory]
    [InlineData("""{"password":"hunter2"}""", """{"password":"***"}""")]
    [InlineData("""{ "a" : 1 , "db_Password" : "x\"y" , "b":[ ] }""", """{ "a" : 1 , "db_Password" : "***" , "b":[ ] }""")]
    [InlineData("""{"\u0070assword":"hunter2"}""", """{"\u0070assword":"***"}""")]
    [InlineData("""{"PASS-WORD":12345}""", """{"PASS-WORD":"***"}""")]
    [InlineData("""{"password":{"a":[1,2,{"b":"}"}]},"c":1}""", """{"password":"***","c":1}""")]
    [InlineData("""{"password":null,"token":false}""", """{"password":null,"token":"***"}""")]
    [InlineData("""{"password":"a","password":"b"}""", """{"password":"***","password":"***"}""")]
    [InlineData("""[[{"apiKey":"x"},{"API Key":"y"}],"password"]""", """[[{"apiKey":"***"},{"API Key":"***"}],"password"]""")]
    [InlineData("""{"to\u212aen":"x","\u017fecret":"y"}""", """{"to\u212aen":"***","\u017fecret":"***"}""")]
    [InlineData("""{"nextPageToken":"x","tokens":3,"passwordless":true,"_meta":{"progressToken":7}}""", null)]
    [InlineData("""{"a":1.0e5,"b":"\u00e4\/","c":"é","d":-0,"e":[],"f":{}}""", null)]
    // JSON in a string, and in a string of that.
    [InlineData("""{"text":"{\"password\":\"hunter2\",\"n\":1}"}""", """{"text":"{\"password\":\"***\",\"n\":1}"}""")]
    [InlineData("""{"text":"{\"password\":42}"}""", """{"text":"{\"password\":\"***\"}"}""")]
    [InlineData("""{"text":"{\"inner\":\"{\\\"password\\\":7}\"}"}""", """{"text":"{\"inner\":\"{\\\"password\\\":\\\"***\\\"}\"}"}""")]
    [InlineData("""{"text":"{\"p\\u0061ssword\":\"hunter2\"}"}""", """{"text":"{\"p\\u0061ssword\":\"***\"}"}""")]
    // Keys in texts: addresses, headers, settings.
    [InlineData("""{"uri":"https://x.example/a?b=1&token=abc&c=2#d"}""", """{"uri":"https://x.example/a?b=1&token=***&c=2#d"}""")]
    [InlineData("""{"log":"Cookie: a=b; c=d\nHost: x"}""", """{"log":"Cookie: ***\nHost: x"}""")]
    [InlineData("""{"env":"DB_PASSWORD='x y' OTHER=1"}""", """{"env":"DB_PASSWORD='***' OTHER=1"}""")]
    [InlineData("""{"note":"see {\"client_secret\":\"abc\"} there"}""", """{"note":"see {\"client_secret\":\"***\"} there"}""")]
    [InlineData("""{"note":"at 12:30 = noon; a:b"}""", null)]
    // Keys that hold what is looked for.
    [InlineData("""{"4111111111111111":1}""", """{"***":1}""")]
    // Numbers.
    [InlineData("""{"pan":4111111111111111,"at":1700000000000}""", """{"pan":"***","at":1700000000000}""")]
    // Several values, comments, trailing commas, a byte order mark.
    [InlineData("{\"password\":\"a\"}\n{\"password\":\"b\"}", "{\"password\":\"***\"}\n{\"password\":\"***\"}")]
    [InlineData("""{"a":1, /* password: x */ "password":"b",}""", """{"a":1, /* password: *** "password":"***",}""")]
    [InlineData("\uFEFF{\"password\":\"a\"}", "\uFEFF{\"password\":\"***\"}")]
    public void The_built_in_rules(string payload, string? redacted) => Redact.Text(Redact.BuiltIn, payload).ShouldBe(redacted ?? payload);

    [Theory]
    [InlineData("""{"a":1,"password":"hun""", """{"a":1,"password":"***" """)]
    [InlineData("""{"a":1,"password":""", null)]
    [InlineData("""{"a":1,"password":{"b":"c","d":[1,""", """{"a":1,"password":"***" """)]
    [InlineData("""{"a":"card 4111 1111 1111 1111 and""", """{"a":"card *** and""")]
    [InlineData("""{"a":"card 4111\u00201111\u00201111\u00201111 and""", """{"a":"card *** and""")]
    [InlineData("""{"text":"{\"password\":\"hun""", """{"text":"{\"password\":\"***""")]
    [InlineData("""{"a":1,"pass""", null)]
    [InlineData("""{"a":1 "password":"x"}""", """{"a":1 "password":"***"}""")]
    [InlineData("""{"a":[1,2}, "password": 12, "b":3}""", """{"a":[1,2}, "password": ***, "b":3}""")]
    [InlineData("""{"a":["password":"x","b"]}""", """{"a":["password":"***","b"]}""")]
    [InlineData("\"password\":\"x\"", "\"password\":\"***\"")]
    [InlineData("4111 1111 1111 1111", "***")]
    [InlineData("[1] 4111 1111 1111 1111", "[1] ***")]
    [InlineData("password=hunter2", "password=***")]
    [InlineData("<a password=\"x\">", "<a password=\"***\">")]
    public void What_is_cut_off_or_no_JSON(string payload, string? redacted) => Redact.Text(Redact.BuiltIn, payload).ShouldBe((redacted ?? payload).TrimEnd());

    [Fact]
    public void An_escape_in_a_cut_off_string_of_JSON_hides_no_key() =>
        Redact.Text(Redact.BuiltIn, """{"text":"{\"p\\u0061ssword\":\"hun""").ShouldNotContain("hun");

    [Theory]
    [InlineData("""{"a":1,"x":2,"b":3}""", """{"a":1,"b":3}""")]
    [InlineData("""{"x":2,"b":3}""", """{"b":3}""")]
    [InlineData("""{"a":1,"x":2}""", """{"a":1}""")]
    [InlineData("""{"x":2}""", """{}""")]
    [InlineData("""{ "x" : 2 , "x" : 3 , "x" : [4] }""", """{    }""")]
    [InlineData("""{"x":1,"a":2,"x":3,"b":4,"x":5}""", """{"a":2,"b":4}""")]
    [InlineData("""{"a":{"x":1},"b":[{"x":1},{"c":1,"x":2}]}""", """{"a":{},"b":[{},{"c":1}]}""")]
    [InlineData("""{"t":"{\"x\":1,\"a\":2}"}""", """{"t":"{\"a\":2}"}""")]
    public void Dropping_a_member_leaves_JSON(string payload, string redacted)
    {
        var result = Redact.Text(Redact.Rules(RedactionKind.Key, RedactionMode.Drop, "x"), payload);

        result.ShouldBe(redacted);
        JsonDocument.Parse(result).ShouldNotBeNull();
    }

    [Fact]
    public void What_a_detector_finds_is_dropped_with_its_member_and_leaves_null_in_an_array()
    {
        var rules = Redact.Rules(RedactionRule.Of(RedactionDetector.Card, RedactionMode.Drop));

        Redact.Text(rules, """{"a":1,"c":"pay 4111111111111111","d":[0,"4111 1111 1111 1111",4111111111111111]}""").ShouldBe("""{"a":1,"d":[0,null,null]}""");
        Redact.Text(rules, "pay 4111111111111111").ShouldBe("pay ***");
    }

    [Fact]
    public void A_hash_recognises_the_same_value_however_it_is_written()
    {
        var rules = Redact.Rules(RedactionRule.Of(RedactionDetector.Card, RedactionMode.Hash), new RedactionRule(RedactionKind.Key, "name", RedactionMode.Hash));
        var root = JsonDocument.Parse(Redact.Text(rules, """{"a":"4111 1111 1111 1111","b":4111111111111111,"name":"Ann","c":{"name":"\u0041nn"},"d":{"name":"Bob"}}""")).RootElement;

        var card = root.GetProperty("a").GetString().ShouldNotBeNull();
        card.ShouldMatch("^hash:[0-9a-f]{12}…$");
        root.GetProperty("b").GetString().ShouldBe(card);
        root.GetProperty("name").GetString().ShouldBe(root.GetProperty("c").GetProperty("name").GetString());
        root.GetProperty("name").GetString().ShouldNotBe(root.GetProperty("d").GetProperty("name").GetString());
        // Under another organisation's key it is another.
        Encoding.UTF8.GetString(Redactor.Apply(rules, """{"name":"Ann"}"""u8.ToArray(), new byte[32], TimeProvider.System).Bytes.Bytes()!).ShouldNotContain(root.GetProperty("name").GetString()!);
        // Without a key nothing is hashed.
        Encoding.UTF8.GetString(Redactor.Apply(rules, """{"name":"Ann"}"""u8.ToArray(), null, TimeProvider.System).Bytes.Bytes()!).ShouldBe("""{"name":"***"}""");
    }

    [Theory]
    [InlineData("$.params.arguments.card", """{"params":{"arguments":{"card":1,"b":2}}}""", """{"params":{"arguments":{"card":"***","b":2}}}""")]
    [InlineData("$.params.arguments.card", """{"PARAMS":{"arguments":{"Card":1},"card":2}}""", """{"PARAMS":{"arguments":{"Card":"***"},"card":2}}""")]
    [InlineData("$.a[1]", """{"a":[1,2,3]}""", """{"a":[1,"***",3]}""")]
    [InlineData("$.a[*].b", """{"a":[{"b":1},{"c":2},{"b":3}]}""", """{"a":[{"b":"***"},{"c":2},{"b":"***"}]}""")]
    [InlineData("$.a.*", """{"a":{"b":1,"c":null},"d":2}""", """{"a":{"b":"***","c":null},"d":2}""")]
    [InlineData("$['a b']['c']", """{"a b":{"c":"x"}}""", """{"a b":{"c":"***"}}""")]
    [InlineData("$[0].a", """[{"a":1},{"a":2}]""", """[{"a":"***"},{"a":2}]""")]
    [InlineData("$.result.content[*].text.iban", """{"result":{"content":[{"text":"{\"iban\":\"x\",\"n\":1}"}]}}""", """{"result":{"content":[{"text":"{\"iban\":\"***\",\"n\":1}"}]}}""")]
    [InlineData("$.a.b", """{"a":{"b":{"c":[1]}},"b":2}""", """{"a":{"b":"***"},"b":2}""")]
    [InlineData("$.a[0].b", """{"a":[{"b":"cut of""", """{"a":[{"b":"***" """)]
    [InlineData("$.a[*]", """{"a":["x","cut of""", """{"a":["***","***" """)]
    [InlineData("$.a.text.b", """{"a":{"text":"{\"b\":\"cut of""", """{"a":{"text":"***" """)]
    public void Paths(string path, string payload, string redacted) =>
        Redact.Text(Redact.Rules(RedactionKind.Path, RedactionMode.Mask, path), payload).ShouldBe(redacted.TrimEnd());

    [Fact]
    public void The_first_rule_that_finds_a_value_decides()
    {
        var rules = Redact.Rules(new RedactionRule(RedactionKind.Path, "$.a.token", RedactionMode.Hash), new RedactionRule(RedactionKind.Key, "token", RedactionMode.Drop));

        Redact.Text(rules, """{"a":{"token":"x"},"b":{"token":"y"}}""").ShouldMatch("""^\{"a":\{"token":"hash:[0-9a-f]{12}…"\},"b":\{\}\}$""");
    }

    [Theory]
    [InlineData("data: {\"password\":\"x\"}\n\n", "data: {\"password\":\"***\"}\n\n")]
    [InlineData("event: message\r\nid: 1\r\ndata: {\"password\":\"x\"}\r\n\r\n: hi\r\ndata:{\"token\":\"y\"}\r\n\r\n", "event: message\r\nid: 1\r\ndata: {\"password\":\"***\"}\r\n\r\n: hi\r\ndata:{\"token\":\"***\"}\r\n\r\n")]
    [InlineData("data: {\"a\":1,\ndata: \"password\":\"x\",\ndata: \"b\":2}\n\n", "data: {\"a\":1,\ndata: \"password\":\"***\",\ndata: \"b\":2}\n\n")]
    [InlineData("data: {\"password\":\ndata: \"x\"}\n\n", "data: {\"password\":\ndata: \"***\"}\n\n")]
    [InlineData("data: {\"a\":1}\n\ndata: {\"password\":\"cut o", "data: {\"a\":1}\n\ndata: {\"password\":\"***\"")]
    [InlineData(": 4111111111111111\ndata: 4111111111111111\n\n", ": ***\ndata: ***\n\n")]
    public void Event_streams(string payload, string redacted) => Redact.Text(Redact.BuiltIn, payload).ShouldBe(redacted);

    [Fact]
    public void A_NUL_in_a_text_is_a_text_s_own() =>
        Redact.Text(Redact.BuiltIn, "{\"a\":\"x\0y\",\"b\":\"4111111111111111\",\"password\":\"x\0\",\"c\":1}").ShouldBe("{\"a\":\"x\0y\",\"b\":\"***\",\"password\":\"***\",\"c\":1}");

    [Fact]
    public void Other_encodings_are_withheld_and_bytes_that_are_no_UTF_8_inside_of_JSON_are_not()
    {
        var utf16 = Redact.Bytes(Redact.BuiltIn, Encoding.Unicode.GetBytes("""{"password":"hunter2"}"""));
        (utf16.Bytes.Bytes(), utf16.Withheld).ShouldBe((null, Withholding.NotText));
        Redact.Bytes(Redact.BuiltIn, [0x1f, 0x8b, 8, 0, 0xff]).Bytes.ShouldBeNull();
        byte[] json = [.. "{\"a\":\""u8, 0xff, 0xfe, .. "\",\"password\":\"x\"}"u8];
        Redact.Bytes(Redact.BuiltIn, json).Bytes.Bytes().ShouldBe([.. "{\"a\":\""u8, 0xff, 0xfe, .. "\",\"password\":\"***\"}"u8]);
        // A character that the capture cut in two is no reason to withhold.
        byte[] cut = [.. "{\"password\":\"x\",\"b\":\"é"u8];
        Redact.Bytes(Redact.BuiltIn, cut[..^1]).Bytes.ShouldNotBeNull();
    }

    [Fact]
    public void A_tool_list_keeps_its_schemas()
    {
        var list = """{"result":{"tools":[{"name":"a","inputSchema":{"type":"object","properties":{"password":{"type":"string"},"token":{"default":"4111111111111111"}}},"token":"x"}]}}""";

        Encoding.UTF8.GetString(Redactor.Apply(Redact.BuiltIn, Encoding.UTF8.GetBytes(list), null, TimeProvider.System, isToolList: true).Bytes.Bytes()!)
            .ShouldBe(list.Replace("4111111111111111", "***", StringComparison.Ordinal).Replace("\"x\"", "\"***\"", StringComparison.Ordinal));
        Redact.Text(Redact.BuiltIn, list).ShouldNotContain("string");
    }

    [Fact]
    public void Full_keeps_all_and_a_rule_that_can_not_be_followed_withholds()
    {
        var payload = """{"password":"x"}"""u8.ToArray();

        Redact.Bytes(new RuleSet(PayloadMode.Full, OrganizationRules.Default.Rules), payload).Bytes.ShouldBe(new ReadOnlyMemory<byte>(payload));
        Redact.Bytes(Redact.Rules(new RedactionRule((RedactionKind)99, "x", RedactionMode.Mask)), payload).Withheld.ShouldBe(Withholding.UnknownRules);
        Redact.Bytes(Redact.Rules(RedactionKind.Path, RedactionMode.Mask, "no path"), payload).Withheld.ShouldBe(Withholding.UnknownRules);
        Redact.Bytes(Redact.Rules(RedactionKind.Path, RedactionMode.Mask, [.. Enumerable.Range(0, 65).Select(i => $"$.a{i}")]), payload).Withheld.ShouldBe(Withholding.UnknownRules);
    }

    [Fact]
    public void It_says_how_many_values_which_rule_found()
    {
        var redacted = Redact.Bytes(Redact.BuiltIn, """{"password":"a","x":{"password":"b"},"t":"4111111111111111 and AKIAIOSFODNN7EXAMPLE"}"""u8.ToArray());

        redacted.In(RecordPart.Response, Redact.BuiltIn).ShouldBe(
        [
            new RedactionFinding(RecordPart.Response, "key:*password", RedactionEffect.Masked, 2),
            new RedactionFinding(RecordPart.Response, "detector:providerKey", RedactionEffect.Masked, 1),
            new RedactionFinding(RecordPart.Response, "detector:card", RedactionEffect.Masked, 1),
        ]);
    }
}
