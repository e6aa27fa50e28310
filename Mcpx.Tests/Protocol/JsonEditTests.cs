using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck.Fluent;
using Mcpx.Core.Protocol;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Protocol;

public sealed class JsonEditTests
{
    private static readonly string[] Names = ["a", "b", "_meta", "ü", "a\\b"];

    [Theory]
    [InlineData("""{"a":1}""", """{"a":2}""")]
    [InlineData("""{ }""", """{"a":2}""")]
    [InlineData("""{"x" : 1.50e+1 , "a":{"deep":[ 1 ]} }""", """{"x":1.50e+1,"a":2}""")]
    [InlineData("""{"a":1,"b":"\u00fc\/","a":3}""", """{"a":2,"b":"\u00fc\/","a":2}""")]
    [InlineData("""{"\u0061":1}""", """{"\u0061":2}""")]
    public void A_member_is_set_where_it_stands_or_at_the_end(string before, string after) =>
        Apply(before, JsonChange.Set("2"u8.ToArray(), "a")).ShouldBe(after);

    [Theory]
    [InlineData("""{"params":{"_meta":{"k":1,"other":[1,2]},"name":"x"}}""", """{"params":{"_meta":{"other":[1,2]},"name":"x"}}""")]
    [InlineData("""{"params":{"name":"x"}}""", """{"params":{"name":"x"}}""")]
    [InlineData("""{"params":null}""", """{"params":null}""")]
    [InlineData("""{"params":[{"_meta":1}]}""", """{"params":[{"_meta":1}]}""")]
    [InlineData("""{}""", """{}""")]
    public void A_member_is_removed_where_it_is(string before, string after) => Apply(before, JsonChange.Remove("params", "_meta", "k")).ShouldBe(after);

    [Fact]
    public void Objects_on_the_way_are_made_once_for_several_members() =>
        Apply("""{"method":"x"}""", JsonChange.Set("1"u8.ToArray(), "params", "_meta", "a"), JsonChange.Set("2"u8.ToArray(), "params", "_meta", "b"), JsonChange.Set("3"u8.ToArray(), "params", "c"))
            .ShouldBe("""{"method":"x","params":{"_meta":{"a":1,"b":2},"c":3}}""");

    [Theory]
    [InlineData("[]")]
    [InlineData("1")]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"a":1}{"a":2}""")]
    [InlineData("""{"a":1} x""")]
    public void What_is_not_one_object_is_refused(string text) =>
        Should.Throw<JsonException>(() => JsonEdit.Apply(Encoding.UTF8.GetBytes(text), JsonChange.Set("1"u8.ToArray(), "a")));

    [Fact]
    public void A_path_through_something_else_than_an_object_is_refused() =>
        Should.Throw<JsonException>(() => JsonEdit.Apply("""{"a":"text"}"""u8, JsonChange.Set("1"u8.ToArray(), "a", "b")));

    [Fact]
    public void A_name_that_no_text_can_hold_is_refused_and_not_thrown_otherwise()
    {
        Should.Throw<JsonException>(() => JsonEdit.Find("""{"\ud800":1}"""u8.ToArray(), "a"));
        Should.Throw<JsonException>(() => JsonEdit.Apply("""{"\ud800":1}"""u8, JsonChange.Remove("a")));
    }

    [Theory]
    [InlineData("""{"a":{"b":[1, 2]}}""", "[1, 2]")]
    [InlineData("""{"a":{"b":1},"a":{"b":2}}""", "2")]
    [InlineData("""{"a":[{"b":1}]}""", null)]
    [InlineData("""{"b":1}""", null)]
    public void A_value_is_found_as_it_is_written(string json, string? expected)
    {
        var found = JsonEdit.Find(Encoding.UTF8.GetBytes(json), "a", "b");

        (found is { } value ? Encoding.UTF8.GetString(value.Span) : null).ShouldBe(expected);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("quote \" slash \\ line \n")]
    [InlineData("öffnen 開く 😀")]
    [InlineData("\0")]
    public void A_text_comes_back_as_it_went_in(string text) =>
        JsonEdit.FindText(Encoding.UTF8.GetBytes($$"""{"t":{{Encoding.UTF8.GetString(JsonEdit.Text(text))}}}"""), "t").ShouldBe(text);

    /// <summary>The same as a tree of nodes would become, whatever the object and the changes.</summary>
    [Fact]
    public void Changes_are_those_that_a_tree_would_take()
    {
        var name = Gen.Elements(Names);
        var path = name.ArrayOf(2).Or(name.ArrayOf(1));
        var values = from depth in Gen.Choose(0, 3) from seed in Gen.Choose(0, int.MaxValue) select RandomObject(new Random(seed), depth);
        var cases = from json in values from at in path from sets in Gen.Elements(true, false) select (json, at, sets);

        Fixtures.Property.Holds(cases, c =>
        {
            var (json, at, sets) = c;
            var tree = JsonNode.Parse(json)!.AsObject();
            var parent = at.Length == 1 ? tree : tree[at[0]] as JsonObject;
            if (sets && parent is null && tree[at[0]] is not null) return;
            if (sets && parent is null) tree[at[0]] = parent = [];
            if (sets) parent![at[^1]] = 7;
            else parent?.Remove(at[^1]);

            var changed = Apply(json, sets ? JsonChange.Set("7"u8.ToArray(), at) : JsonChange.Remove(at));

            JsonNode.DeepEquals(JsonNode.Parse(changed), tree).ShouldBeTrue($"{json} {string.Join('/', at)} {sets}: {changed}");
        });
    }

    private static string Apply(string json, params JsonChange[] changes) => Encoding.UTF8.GetString(JsonEdit.Apply(Encoding.UTF8.GetBytes(json), changes).Span);

    private static string RandomObject(Random random, int depth)
    {
        var members = Names.Where(_ => random.Next(2) == 0).OrderBy(_ => random.Next())
            .Select(n => $"{JsonSerializer.Serialize(n)} : {(depth > 0 && random.Next(2) == 0 ? RandomObject(random, depth - 1) : random.Next(3) switch { 0 => "[1, {\"a\":2}]", 1 => "\"x\"", _ => "1.0e2" })}");
        return "{" + string.Join(" ,", members) + "}";
    }
}
