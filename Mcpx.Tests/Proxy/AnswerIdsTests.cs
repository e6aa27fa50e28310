using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck.Fluent;
using Mcpx.Core.Proxy;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

public sealed class AnswerIdsTests
{
    [Theory]
    [InlineData("""{"result":{},"id":1}""", "1")]
    [InlineData("""{"result":{"id":2},"id" : 17 , "jsonrpc":"2.0"} """, "17")]
    [InlineData("""{"result":{},"id":"a\"b\\","x":null,"y":-1.5e+3,"z":"{\"id\":9}"}""", "\"a\\\"b\\\\\"")]
    [InlineData("""{"id":"1","result":"text"}""", "\"1\"")]
    [InlineData("""{"result":{"id":2}}""", "")]
    [InlineData("""{"id":1,"result":{}}""", "")]
    [InlineData("""{"result":{},"id":1,"x":[]}""", "")]
    [InlineData("""{"result":{},"ID":1}""", "")]
    [InlineData("""cut "here","id":5}""", "5")]
    [InlineData("""cut here","id":5}""", "5")]
    [InlineData("""{"result":{},"id":1}}""", "")]
    [InlineData("""{"result":{},"id":1""", "")]
    [InlineData("\":1}", "")]
    [InlineData("1}", "")]
    [InlineData("\"}", "")]
    [InlineData("}", "")]
    [InlineData("", "")]
    public void The_id_behind_the_result_is_found_without_reading_the_result(string message, string id) =>
        Encoding.UTF8.GetString(AnswerIds.Behind(Encoding.UTF8.GetBytes(message))).ShouldBe(id);

    [Theory]
    [InlineData("1", "1", true)]
    [InlineData("1.0", "1", true)]
    [InlineData("10e-1", "1", true)]
    [InlineData("\"\\u0061\"", "\"a\"", true)]
    [InlineData("\"1\"", "1", false)]
    [InlineData("2", "1", false)]
    [InlineData("\"A\"", "\"a\"", false)]
    [InlineData("null", "1", false)]
    [InlineData("true", "1", false)]
    [InlineData("{\"a\":1}", "1", false)]
    [InlineData("1e999999999", "1", false)]
    [InlineData("\"\\ud800\"", "\"a\"", false)]
    public void An_id_is_the_same_however_it_is_written(string id, string request, bool same) =>
        AnswerIds.IsSame(Encoding.UTF8.GetBytes(id), Encoding.UTF8.GetBytes(request)).ShouldBe(same);

    [Fact]
    public void Whatever_the_last_members_are_the_id_is_found_or_nothing()
    {
        string[] texts = ["", "id", "\"", "\\", "\\\"", "}", ",\"id\":9", "ü\n", "\\\\\"id\\\\\":"];
        var value = Gen.OneOf(
            Gen.Elements(texts).Select(t => (JsonNode?)JsonValue.Create(t)),
            Gen.Choose(-5, 5).Select(n => (JsonNode?)JsonValue.Create(n)),
            Gen.Elements<bool?>(true, false, null).Select(b => b is { } some ? (JsonNode?)JsonValue.Create(some) : null),
            Gen.Elements(texts).Select(t => (JsonNode?)new JsonObject { ["id"] = t }));
        var members = Gen.Elements("id", "x", "result", "jsonrpc", "\"id\"", "\\").Zip(value).ListOf(5);

        Property.Holds(members, list =>
        {
            var message = new JsonObject();
            foreach (var (name, content) in list) message[name] = content?.DeepClone();
            var text = message.ToJsonString(new JsonSerializerOptions { WriteIndented = list.Count % 2 == 0 });

            var found = Encoding.UTF8.GetString(AnswerIds.Behind(Encoding.UTF8.GetBytes(text)));

            var plain = message.Reverse().TakeWhile(m => m.Value is not JsonObject).ToList();
            var expected = plain.FindIndex(m => m.Key == "id");
            if (expected < 0) found.ShouldBe("", text);
            else JsonNode.DeepEquals(JsonNode.Parse(found), plain[expected].Value).ShouldBeTrue(text);
        }, Property.Times(2_000, 100_000));
    }
}
