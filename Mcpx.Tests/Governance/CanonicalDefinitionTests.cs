using System.Buffers;
using System.Text;
using Mcpx.Core.Servers;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

/// <summary>One hash for all spellings of a definition, and another one for each other definition.</summary>
public sealed class CanonicalDefinitionTests
{
    [Theory]
    [InlineData("""{"a":1,"b":2}""", """ { "b" : 2 , "a" : 1 } """)]
    [InlineData("""{"a":"ä/"}""", """{"a":"\u00e4\/"}""")]
    [InlineData("""{"ä":1}""", """{"\u00E4":1}""")]
    [InlineData("""{"a":"😀"}""", """{"a":"\ud83d\ude00"}""")]
    [InlineData("""{"a":"\n"}""", """{"a":"\u000A"}""")]
    [InlineData("""[1,10,0.1,0,1e400]""", """[1.0,1e1,100e-3,-0.000e7,10.0E+399]""")]
    [InlineData("""[123456789012345678901234567890]""", """[1.2345678901234567890123456789e29]""")]
    [InlineData("""{"a":{"x":[{"c":1,"b":2}]}}""", """{"a":{"x":[{"b":2,"c":1}]}}""")]
    public void What_says_the_same_has_one_hash(string one, string other)
    {
        Hash(one).ShouldNotBeNull();
        Hash(one).ShouldBe(Hash(other));
    }

    [Theory]
    [InlineData("""{"a":1}""", """{"a":2}""")]
    [InlineData("""{"a":1}""", """{"a":"1"}""")]
    [InlineData("""{"a":null}""", """{}""")]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""")]
    [InlineData("""{"a":"x"}""", """{"a":"x\u200b"}""")]
    [InlineData("""{"a":"é"}""", """{"a":"e\u0301"}""")]
    [InlineData("""{"a":"\"},{\""}""", """{"a":"","b":""}""")]
    [InlineData("""[9007199254740993]""", """[9007199254740992]""")]
    [InlineData("""[1e400]""", """[1e401]""")]
    [InlineData("""[1]""", """[-1]""")]
    [InlineData("""["a","b"]""", """["a,b"]""")]
    public void What_differs_has_another(string one, string other)
    {
        Hash(one).ShouldNotBeNull();
        Hash(one).ShouldNotBe(Hash(other));
    }

    [Theory]
    [InlineData("""{"name":"x","name":"x"}""")]
    [InlineData("""{"a":1,"\u0061":1}""")]
    [InlineData("""{"a":{"deep":[{"b":1,"b":1}]}}""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"\udc00":1}""")]
    [InlineData("""{"a":1} {"a":1}""")]
    [InlineData("""{"a":01}""")]
    [InlineData("""{"a":NaN}""")]
    [InlineData("""{"a":1,}""")]
    [InlineData("")]
    public void What_readers_may_take_for_different_things_has_none(string json) => Hash(json).ShouldBeNull();

    [Fact]
    public void Neither_has_what_is_too_deep_too_large_or_counts_too_high()
    {
        Hash(new string('[', 60) + new string(']', 60)).ShouldNotBeNull();
        Hash(new string('[', 70) + new string(']', 70)).ShouldBeNull();
        Hash("[1" + new string('0', 900) + "]").ShouldBe(Hash("[1e900]"));
        Hash("[1" + new string('0', 1100) + "]").ShouldBeNull();
        Hash("[1e" + new string('9', 990) + "]").ShouldNotBeNull();
        Hash("[1e" + new string('9', 500_000) + "]").ShouldBeNull();
        Hash($"\"{new string('x', CanonicalDefinition.Largest)}\"").ShouldBeNull();
        DefinitionHash.Of(new byte[] { (byte)'"', 0xff, 0xfe, (byte)'"' }).ShouldBeNull();
    }

    [Fact]
    public void The_canonical_form_is_that_of_rfc_8785_but_for_numbers()
    {
        ArrayBufferWriter<byte> canonical = new();

        // The example of section 3.2.2 and the sorting of 3.2.3.
        CanonicalDefinition.TryWrite(Encoding.UTF8.GetBytes("""{"\u20ac":"Euro","\r":"CR","\ufb33":"dalet","1":"One","\ud83d\ude00":"smile","\u0080":"ctl","\u00f6":"o", "n":[333333333.33333329, 1E30, 4.50, 2e-3], "s":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "l":[null, true, false]}"""), canonical).ShouldBeTrue();

        Encoding.UTF8.GetString(canonical.WrittenSpan).ShouldBe(
            "{\"\\u000d\":\"CR\",\"1\":\"One\",\"l\":[null,true,false],\"n\":[33333333333333329e-8,1e30,45e-1,2e-3],\"s\":\"€$\\u000f\\u000aA'B\\\"\\\\\\\\\\\"/\",\"\u0080\":\"ctl\",\"ö\":\"o\",\"€\":\"Euro\",\"😀\":\"smile\",\"\ufb33\":\"dalet\"}");
    }

    [Fact]
    public void A_hash_comes_back_from_its_text_and_from_nothing_else()
    {
        var hash = Hash("{}")!.Value;

        DefinitionHash.TryParse(hash.ToString(), out var parsed).ShouldBeTrue();
        parsed.ShouldBe(hash);
        new DefinitionHash(hash.ToArray()).ShouldBe(hash);
        foreach (var wrong in new[] { null, "", "x", hash.ToString()[1..], hash + "0", new string('z', 64) }) DefinitionHash.TryParse(wrong, out _).ShouldBeFalse(wrong);
    }

    private static DefinitionHash? Hash(string json) => DefinitionHash.Of(Encoding.UTF8.GetBytes(json));
}
