using System.Text;
using System.Text.Json;
using Mcpx.Core.Protocol;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Protocol;

public sealed class McpMessageReaderTests
{
    [Theory]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"method":"ping"}]""", "Batches")]
    [InlineData("[]", "Batches")]
    [InlineData("\"ping\"", "object")]
    [InlineData("null", "object")]
    [InlineData("{}", "jsonrpc")]
    [InlineData("""{"jsonrpc":"1.0","id":1,"method":"ping"}""", "jsonrpc")]
    [InlineData("""{"jsonrpc":2.0,"id":1,"method":"ping"}""", "jsonrpc")]
    [InlineData("""{"jsonrpc":"2.0","id":1}""", "method")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":""}""", "method")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":null}""", "method")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":["ping"]}""", "method")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}""", "params")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":null}""", "params")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}""", "result")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{},"error":{}}""", "result")]
    [InlineData("""{"jsonrpc":"2.0","result":{}}""", "id")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}""", "params.name")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":""}}""", "params.name")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":null}}""", "params.name")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":{}}}""", "params.uri")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":[]}}""", "_meta")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":1}}}""", "protocolVersion")]
    public void A_message_that_is_none_is_refused_with_what_is_wrong(string body, string named) => Refused(body, McpErrorCodes.InvalidRequest).ShouldContain(named);

    [Theory]
    [InlineData("null")]
    [InlineData("1.5")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData("1E3")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("true")]
    public void An_id_that_parsers_read_differently_is_refused(string id) =>
        Refused($$"""{"jsonrpc":"2.0","id":{{id}},"method":"ping"}""", McpErrorCodes.InvalidRequest).ShouldContain("id");

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"ping"}""", "jsonrpc")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}""", "id")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}""", "method")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"params":{"name":"b"}}""", "params")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}""", "name")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","n\u0061me":"b"}}""", "name")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"\u006e\u0061\u006d\u0065":"a","name":"b"}}""", "name")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"m\u0065thod":"tools/call","method":"ping"}""", "method")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{},"arguments":{}}}""", "arguments")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"a","ur\u0069":"b"}}""", "uri")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{},"_meta":{}}}""", "_meta")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{},"result":{}}""", "result")]
    public void A_member_that_stands_twice_is_refused_however_it_is_spelled(string body, string member) =>
        Refused(body, McpErrorCodes.InvalidRequest).ShouldContain($"{member} stands twice");

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","Params":{"name":"a"}}""", "params")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"Method":"tools/call","method":"ping"}""", "method")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","NAME":"b"}}""", "name")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","N\u0061me":"b"}}""", "name")]
    [InlineData("""{"jsonrpc":"2.0","ID":1,"id":1,"method":"ping"}""", "id")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_META":{}}}""", "_meta")]
    // Case folding (Unicode, 3.13) also equates these with s and k, and Go's encoding/json matches members by it.
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"paramſ":{"name":"b"}}""", "params")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"param\u017f":{"name":"b"}}""", "params")]
    [InlineData("""{"jſonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"ping"}""", "jsonrpc")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","argumentſ":{}}}""", "arguments")]
    public void A_member_in_another_case_is_refused(string body, string member) =>
        Refused(body, McpErrorCodes.InvalidRequest).ShouldContain($"{member} is spelled in another case");

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("{")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping"} {"jsonrpc":"2.0","id":2,"method":"ping"}""")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\0")]
    [InlineData("\uFEFF{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping",}""")]
    [InlineData("""{"jsonrpc":"2.0","id":01,"method":"ping"}""")]
    [InlineData("""{'jsonrpc':'2.0'}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping"}//""")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\0ng\"}")]
    public void A_body_that_is_not_one_JSON_value_is_a_parse_error(string body) => Refused(body, McpErrorCodes.ParseError);

    [Theory]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xFF })]
    [InlineData(new byte[] { 0xF5, 0x80, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xE2, 0x82 })]
    public void Bytes_that_are_not_UTF_8_are_refused_wherever_they_stand(byte[] bytes)
    {
        byte[] body = [.. """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":" """u8, .. bytes, .. "\"}}}"u8];

        McpMessageReader.TryRead(body, out _, out var error, out _).ShouldBeFalse();

        error!.Code.ShouldBe(McpErrorCodes.ParseError);
        error.Message.ShouldContain("UTF-8");
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\ud800"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\udc00a"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"\ud800"}""")]
    public void A_lone_surrogate_in_what_is_decided_on_is_refused(string body) => Refused(body, McpErrorCodes.InvalidRequest).ShouldContain("surrogate");

    [Fact]
    public void Nesting_is_bounded()
    {
        // The arguments stand at depth three.
        Read(Nested(McpMessageReader.MaxDepth - 3)).Name.ShouldBe("a");
        Refused(Nested(McpMessageReader.MaxDepth - 2), McpErrorCodes.ParseError);
        Refused(Nested(100_000), McpErrorCodes.ParseError);

        static string Nested(int depth) =>
            """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":""" + new string('[', depth) + new string(']', depth) + "}}}";
    }

    [Fact]
    public void Texts_that_the_gateway_keeps_are_bounded()
    {
        Refused($$"""{"jsonrpc":"2.0","id":1,"method":"{{new string('m', 257)}}"}""", McpErrorCodes.InvalidRequest).ShouldContain("method");
        Refused($$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"{{{new string('n', 1025)}}}"}}""", McpErrorCodes.InvalidRequest).ShouldContain("params.name");
        Refused($$"""{"jsonrpc":"2.0","id":"{{new string('i', 300)}}","method":"ping"}""", McpErrorCodes.InvalidRequest).ShouldContain("id");
        Refused($$"""{"jsonrpc":"2.0","id":{{new string('9', 300)}},"method":"ping"}""", McpErrorCodes.InvalidRequest).ShouldContain("id");
    }

    [Fact]
    public void Members_may_stand_in_any_order()
    {
        // The official C# client sends id and jsonrpc last.
        var message = Read("""{"method":"tools/call","params":{"arguments":{"name":"inner","id":5},"name":"get_user","_meta":{"progressToken":1}},"id":"x\"1","jsonrpc":"2.0"}""");

        message.Kind.ShouldBe(McpMessageKind.Request);
        message.Method.ShouldBe("tools/call");
        message.Name.ShouldBe("get_user");
        message.HasProgressToken.ShouldBeTrue();
        Encoding.UTF8.GetString(message.Id.Span).ShouldBe("\"x\\\"1\"");
    }

    [Fact]
    public void What_the_gateway_does_not_know_passes()
    {
        var message = Read("""{"jsonrpc":"2.0","id":-7,"x":{"x":1,"x":2},"trace":[1],"method":"x/y","params":{"new":null,"nam":"n","names":["a"],"arguments":{"name":1,"name":2,"Name":3},"_meta":{"a/b":{}}}}""");

        message.Method.ShouldBe("x/y");
        message.Name.ShouldBeNull();
        Encoding.UTF8.GetString(message.Id.Span).ShouldBe("-7");
    }

    [Fact]
    public void Names_are_unescaped_and_their_place_in_the_body_is_known()
    {
        const string body = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"größe_\u65e5本 😀\t"}}""";

        var message = Read(body);

        message.Name.ShouldBe("größe_日本 😀\t");
        Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(body)[message.NameRange]).ShouldBe("""
            "größe_\u65e5本 😀\t"
            """);
    }

    [Fact]
    public void Kinds_are_told_apart()
    {
        Read("""{"jsonrpc":"2.0","method":"notifications/initialized"}""").Kind.ShouldBe(McpMessageKind.Notification);
        Read("""{"jsonrpc":"2.0","id":1,"result":{}}""").Kind.ShouldBe(McpMessageKind.Response);
        Read("""{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}""").Kind.ShouldBe(McpMessageKind.Response);
        Read("""{"jsonrpc":"2.0","id":0,"method":"ping"}""").Kind.ShouldBe(McpMessageKind.Request);
    }

    [Fact]
    public void The_opening_of_each_era_is_read()
    {
        var session = Read("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","clientInfo":{"name":"c","version":"2","icons":[]}}}""");
        var stateless = Read("""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"version":"3","name":"d"},"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}""");
        var strange = Read("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":5,"clientInfo":"me"}}""");

        (session.InitializeProtocolVersion, session.ClientName, session.ClientVersion, session.MetaProtocolVersion).ShouldBe(("2025-11-25", "c", "2", null));
        (stateless.MetaProtocolVersion, stateless.ClientName, stateless.ClientVersion, stateless.HasClientCapabilities).ShouldBe(("2026-07-28", "d", "3", true));
        (strange.InitializeProtocolVersion, strange.ClientName).ShouldBe((null, null));
    }

    [Fact]
    public void NUL_characters_inside_arguments_pass() => Read("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":"\u0000\ud800"}}}""").Name.ShouldBe("a");

    [Fact]
    public void A_refusal_carries_the_id_when_that_was_read()
    {
        McpMessageReader.TryRead("""{"id":42,"jsonrpc":"2.0","method":"ping","params":[]}"""u8.ToArray(), out _, out var error, out var id);

        using var json = JsonDocument.Parse(error!.ToJson(id.Span));
        json.RootElement.GetProperty("id").GetInt32().ShouldBe(42);
    }

    [Fact]
    public void No_body_makes_it_throw_and_every_refusal_is_a_JSON_RPC_error() => Property.Holds(MutatedMessages.Bodies, body =>
    {
        if (McpMessageReader.TryRead(body, out var message, out var error, out var id)) message.ShouldNotBeNull();
        else ShouldBeJsonRpcError(error.ToJson(id.Span), error);
    }, Property.Times(20_000, 1_000_000));

    [Fact]
    public void What_it_accepts_every_other_parser_reads_the_same() => Property.Holds(MutatedMessages.Bodies, body =>
    {
        if (!McpMessageReader.TryRead(body, out var message, out _, out _)) return;
        using var json = JsonDocument.Parse(body);
        var root = json.RootElement;
        Only(root, "method")?.GetString().ShouldBe(message.Method);
        if (Only(root, "id") is { } id) id.GetRawText().ShouldBe(Encoding.UTF8.GetString(message.Id.Span));
        else message.Id.IsEmpty.ShouldBeTrue();
        if (Only(root, "params") is not { } parameters) return;
        Only(parameters, "name")?.GetString().ShouldBe(message.Name);
        Only(parameters, "uri")?.GetString().ShouldBe(message.Uri);
        Only(parameters, "arguments");
        Only(parameters, "_meta");
    }, Property.Times(20_000, 1_000_000));

    /// <summary>The only member of that name in any case, as the most lenient parser would look for it.</summary>
    private static JsonElement? Only(JsonElement parent, string name)
    {
        var found = parent.EnumerateObject().Where(p => string.Equals(p.Name.Replace('ſ', 's').Replace('\u212A', 'k'), name, StringComparison.OrdinalIgnoreCase)).ToList();
        found.Count.ShouldBeLessThanOrEqualTo(1);
        if (found.Count == 0) return null;
        found[0].Name.ShouldBe(name);
        return found[0].Value;
    }

    private static void ShouldBeJsonRpcError(byte[] bytes, McpError error)
    {
        using var json = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
        json.RootElement.GetProperty("jsonrpc").GetString().ShouldBe("2.0");
        json.RootElement.TryGetProperty("id", out _).ShouldBeTrue();
        json.RootElement.GetProperty("error").GetProperty("code").GetInt32().ShouldBeOneOf(McpErrorCodes.ParseError, McpErrorCodes.InvalidRequest);
        json.RootElement.GetProperty("error").GetProperty("message").GetString().ShouldNotBeNullOrEmpty();
        error.Status.ShouldBe(400);
    }

    private static McpMessage Read(string body)
    {
        McpMessageReader.TryRead(Encoding.UTF8.GetBytes(body), out var message, out var error, out _).ShouldBeTrue(error?.Message);
        return message!;
    }

    private static string Refused(string body, int code)
    {
        McpMessageReader.TryRead(Encoding.UTF8.GetBytes(body), out _, out var error, out var id).ShouldBeFalse();
        error!.Code.ShouldBe(code, error.Message);
        ShouldBeJsonRpcError(error.ToJson(id.Span), error);
        return error.Message;
    }
}
