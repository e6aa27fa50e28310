using System.Text;
using Mcpx.Core.Governance.Pinning;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

/// <summary>What a person is shown before they say yes.</summary>
public sealed class DefinitionReviewTests
{
    [Theory]
    [InlineData("plain text, größe 日本", new string[0])]
    [InlineData("a\u200bb", new[] { "U+200B" })]
    [InlineData("a\u202eb\u2066c", new[] { "U+202E", "U+2066" })]
    [InlineData("so\u00adft", new[] { "U+00AD" })]
    [InlineData("a\U000E0068\U000E0069b", new[] { "tags: hi" })]
    [InlineData("a\ufe0f\u00a0\u2028", new[] { "U+FE0F", "U+00A0", "U+2028" })]
    [InlineData("\u0007", new[] { "U+0007" })]
    public void Hidden_characters_are_made_visible_and_nothing_else(string text, string[] hidden)
    {
        var runs = VisibleText.RunsOf(text);

        runs.Where(r => r.Kind is TextRunKind.Hidden).Select(r => r.Text).ShouldBe(hidden);
        VisibleText.WarningsOf(text).Count.ShouldBe(runs.Where(r => r.Kind is not TextRunKind.Plain).Select(r => r.Explanation).Distinct().Count());
        if (hidden.Length == 0) runs.ShouldHaveSingleItem().Text.ShouldBe(text);
    }

    [Theory]
    [InlineData("read the pаssword now", "pаssword")]
    [InlineData("get_υser", "get_υser")]
    [InlineData("𝐡ello", "𝐡ello")]
    public void A_word_of_several_scripts_is_marked(string text, string word) =>
        VisibleText.RunsOf(text).Where(r => r.Kind is TextRunKind.MixedScripts).ShouldHaveSingleItem().Text.ShouldBe(word);

    [Theory]
    [InlineData("Москва Αθήνα London")]
    [InlineData("café naïve größe")]
    public void Words_of_one_script_each_are_not(string text) => VisibleText.WarningsOf(text).ShouldBeEmpty();

    [Theory]
    [InlineData("""{"name":"x","description":"a"}""", """{"name":"x","description":"b"}""", ChangeGrade.Text)]
    [InlineData("""{"inputSchema":{"properties":{"a":{"description":"1"}}}}""", """{"inputSchema":{"properties":{"a":{"description":"2"}}}}""", ChangeGrade.Text)]
    [InlineData("""{"inputSchema":{"properties":{}}}""", """{"inputSchema":{"properties":{"a":{}}}}""", ChangeGrade.SchemaWidened)]
    [InlineData("""{"inputSchema":{"properties":{}}}""", """{"inputSchema":{"properties":{"a":{}},"required":["a"]}}""", ChangeGrade.SchemaNarrowed)]
    [InlineData("""{"inputSchema":{"properties":{"a":{}}}}""", """{"inputSchema":{"properties":{}}}""", ChangeGrade.SchemaNarrowed)]
    [InlineData("""{"inputSchema":{"properties":{"a":{}},"required":["a"]}}""", """{"inputSchema":{"properties":{"a":{}}}}""", ChangeGrade.SchemaWidened)]
    [InlineData("""{"inputSchema":{"properties":{"a":{"enum":["x"]}}}}""", """{"inputSchema":{"properties":{"a":{"enum":["x","y"]}}}}""", ChangeGrade.SchemaWidened)]
    [InlineData("""{"inputSchema":{"properties":{"a":{"type":["string","null"]}}}}""", """{"inputSchema":{"properties":{"a":{"type":"string"}}}}""", ChangeGrade.SchemaNarrowed)]
    [InlineData("""{"inputSchema":{"properties":{"a":{"type":"string"}}}}""", """{"inputSchema":{"properties":{"a":{"type":"number"}}}}""", ChangeGrade.SchemaChanged)]
    [InlineData("""{"inputSchema":{"properties":{"a":{"maximum":5}}}}""", """{"inputSchema":{"properties":{"a":{"maximum":9}}}}""", ChangeGrade.SchemaWidened)]
    [InlineData("""{"inputSchema":{}}""", """{"inputSchema":{"additionalProperties":false}}""", ChangeGrade.SchemaNarrowed)]
    [InlineData("""{"inputSchema":{"properties":{"a":{"items":{"minLength":5}}}}}""", """{"inputSchema":{"properties":{"a":{"items":{"minLength":1}}}}}""", ChangeGrade.SchemaWidened)]
    [InlineData("""{"outputSchema":{"type":"object"}}""", """{}""", ChangeGrade.SchemaWidened)]
    [InlineData("""{"annotations":{"readOnlyHint":true}}""", """{"annotations":{"readOnlyHint":false}}""", ChangeGrade.Annotations)]
    [InlineData("""{"_meta":1}""", """{"_meta":2}""", ChangeGrade.Other)]
    public void A_change_is_graded(string before, string after, ChangeGrade grade) =>
        DefinitionChange.Between(Bytes(before), Bytes(after)).ShouldHaveSingleItem().Grade.ShouldBe(grade);

    [Fact]
    public void A_tool_without_an_approved_definition_is_new_and_the_same_definition_is_no_change()
    {
        DefinitionChange.Between(null, Bytes("{}")).ShouldHaveSingleItem().Grade.ShouldBe(ChangeGrade.NewTool);
        DefinitionChange.Between(Bytes("""{"a":1.0,"b":[]}"""), Bytes("""{"b":[],"a":1}""")).ShouldBeEmpty();
    }

    [Fact]
    public void Hostile_schemas_are_described_without_end_or_exception()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"properties\":{\"p\":", 15)) + "1" + string.Concat(Enumerable.Repeat("}}", 15));
        var wide = "{\"inputSchema\":{\"properties\":{" + string.Join(',', Enumerable.Range(0, 2000).Select(i => $"\"{i}{new string('n', 200)}\":{{}}")) + "}}}";

        DefinitionChange.Between(Bytes("{\"inputSchema\":" + deep + "}"), Bytes("{\"inputSchema\":" + deep.Replace("1", "2") + "}")).ShouldNotBeEmpty();
        var changes = DefinitionChange.Between(Bytes("""{"inputSchema":{"properties":{}}}"""), Bytes(wide));
        changes.Count.ShouldBe(31);
        changes.ShouldAllBe(c => c.Sentence.Length < 200);
        DefinitionChange.Between(Bytes("""{"inputSchema":[]}"""), Bytes("""{"inputSchema":"x"}""")).ShouldHaveSingleItem();
        DefinitionChange.Between(Bytes("[]"), Bytes("1")).ShouldBeEmpty();
    }

    [Fact]
    public void A_text_can_not_pretend_to_be_another_member()
    {
        var lines = DefinitionLines.Of(Bytes("""{"description":"harmless\",\n  \"annotations\": {","name":"x"}"""));

        lines.ShouldBe(["{", "  \"name\": \"x\",", "  \"description\": \"harmless\\\",", "    ↳   \\\"annotations\\\": {\"", "}"]);
    }

    [Fact]
    public void Lines_are_compared_with_the_fewest_that_differ_and_long_ones_are_cut_and_say_so()
    {
        DefinitionDiff.Between(["a", "b", "c", "d"], ["a", "x", "c", "d", "e"]).Select(l => $"{l.Kind.ToString()[0]}{l.Text}").ShouldBe(["Sa", "Rb", "Ax", "Sc", "Sd", "Ae"]);
        DefinitionDiff.Between([], ["a"]).ShouldHaveSingleItem().Kind.ShouldBe(DiffKind.Added);
        DefinitionDiff.Between(["a"], ["a"]).ShouldHaveSingleItem().Kind.ShouldBe(DiffKind.Same);
        DefinitionLines.Of(Bytes("[" + string.Join(',', Enumerable.Range(0, 5000)) + "]")).ShouldSatisfyAllConditions(l => l.Count.ShouldBe(DefinitionLines.Most + 1), l => l[^1].ShouldContain("lines more"));
        DefinitionLines.Of(Bytes($"\"{new string('x', 9000)}\"")).ShouldHaveSingleItem().ShouldContain("characters more");
    }

    private static byte[] Bytes(string json) => Encoding.UTF8.GetBytes(json);
}
