using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck.Fluent;
using Mcpx.Core.Proxy;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

public sealed class ToolListAnswerTests
{
    private static readonly JsonSerializerOptions Unescaped = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public void What_stays_is_not_changed_by_a_byte() => Keep(
        """{ "jsonrpc":"2.0", "x" : [1 , 2], "result":{"tools":[ {"name":"keep", "x-new":{"a" : 1.50e+1}, "d":"\u00e4\/"} , {"name":"hide"},{"n\u0061me":"keep"} ],"nextCursor":"c","_meta":{ }},"id":1 }""")
        .ShouldBe("""{ "jsonrpc":"2.0", "x" : [1 , 2], "result":{"tools":[{"name":"keep", "x-new":{"a" : 1.50e+1}, "d":"\u00e4\/"},{"n\u0061me":"keep"}],"nextCursor":"c","_meta":{ }},"id":1 }""");

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"tools"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required"}}""")]
    public void An_answer_without_a_list_passes_as_it_is(string answer) => Keep(answer).ShouldBe(answer);

    [Theory]
    [InlineData("""{"result":{"tools":[{"name":"keep"}],"tools":[{"name":"hide"}]}}""", """{"result":{"tools":[{"name":"keep"}],"tools":[]}}""")]
    [InlineData("""{"result":{"tools":[]},"result":{"t\u006fols":[{"name":"hide"}]}}""", """{"result":{"tools":[]},"result":{"t\u006fols":[]}}""")]
    public void A_second_list_is_filtered_too(string answer, string expected) => Keep(answer).ShouldBe(expected);

    [Theory]
    [InlineData("""{"name":"keep","name":"hide"}""")]
    [InlineData("""{"name":"hide","n\u0061me":"keep"}""")]
    [InlineData("""{"name":5,"name":"keep"}""")]
    [InlineData("""{"name":"keep","name":null}""")]
    [InlineData("""{"title":"keep"}""")]
    [InlineData("""{"name":["keep"]}""")]
    [InlineData("""{"x":{"name":"keep"}}""")]
    [InlineData("\"keep\"")]
    [InlineData("[{\"name\":\"keep\"}]")]
    [InlineData("null")]
    public void A_tool_whose_name_is_not_certain_is_not_shown(string tool) =>
        Keep($$$"""{"result":{"tools":[{{{tool}}},{"name":"keep"}]}}""").ShouldBe("""{"result":{"tools":[{"name":"keep"}]}}""");

    [Theory]
    [InlineData("""{"result":{"tools":[{"name":"keep"}""")]
    [InlineData("""{"result":{"tools":[{"name":"\ud800"}]}}""")]
    [InlineData("""{"result":{"tools":{"0":{"name":"hide"}}}}""")]
    [InlineData("""{"result":{"tools":"hide"}}""")]
    [InlineData("""{"result":[{"tools":[{"name":"hide"}]}]}""")]
    [InlineData("""{"result":{"tools":[]}}{"result":{"tools":[{"name":"hide"}]}}""")]
    [InlineData("""{"result":{"tools":[]}} x""")]
    [InlineData("[]")]
    [InlineData("")]
    public void A_list_that_cannot_be_read_is_refused(string answer) => Should.Throw<UpstreamAnswerException>(() => Keep(answer));

    [Fact]
    public void A_list_that_is_nested_too_deep_is_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 100)) + "1" + new string('}', 100);

        Should.Throw<UpstreamAnswerException>(() => Keep($$$"""{"result":{"tools":[{"name":"keep","inputSchema":{{{deep}}}}]}}"""));
    }

    [Fact]
    public void The_kept_tools_are_those_of_the_obvious_filter()
    {
        var names = Gen.Elements("keep", "keep2", "hide", "größe", "", "\"", "\\");
        var tools =
            from name in names
            from extra in Gen.Elements("", ",\"description\":\"]},{\\\"name\\\":\\\"hide\\\"\"", ",\"inputSchema\":{\"properties\":{\"name\":{\"type\":[\"string\"]}}}", ",\"tools\":[{\"name\":\"hide\"}]")
            select $$"""{"name":{{JsonSerializer.Serialize(name)}}{{extra}}}""";
        var answers =
            from list in Gen.ListOf(tools)
            from before in Gen.Elements("", "\"nextCursor\":\"x\",", "\"_meta\":{\"tools\":[1]},")
            select $$$"""{"jsonrpc":"2.0","id":1,"result":{{{{before}}}"tools":[{{{string.Join(" ,\n", list)}}}]}}""";

        Property.Holds(answers, answer =>
        {
            var expected = JsonNode.Parse(answer)!;
            var list = expected["result"]!["tools"]!.AsArray();
            foreach (var hidden in list.Where(t => !IsVisible(t!["name"]!.GetValue<string>())).ToList()) list.Remove(hidden);

            JsonNode.Parse(Keep(answer))!.ToJsonString(Unescaped).ShouldBe(expected.ToJsonString(Unescaped));
        });
    }

    private static bool IsVisible(string name) => name.StartsWith("keep", StringComparison.Ordinal) || name == "größe";

    private static string Keep(string answer) => Encoding.UTF8.GetString(ToolListAnswer.Keep(Encoding.UTF8.GetBytes(answer), IsVisible).Span);
}
