using System.Diagnostics;
using System.Text;
using Mcpx.Core.Redaction;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Redaction;

/// <summary>Patterns of an organisation's own: what they find, and that none makes the drain hang.</summary>
public sealed class OwnPatternTests
{
    /// <summary>Known to hang engines that backtrack.</summary>
    public static TheoryData<string> Hostile { get; } =
        ["(a+)+$", "(a|aa)+$", "(a|a?)+$", "(.*a){20}", "^(([a-z])+.)+[A-Z]([a-z])+$", "([a-zA-Z]+)*$", "(x+x+)+y", "(?:a?){30}a{30}", "(.*)*b", "(a*)*b", "((a{0,100}){0,100}){0,100}", "(?:(?:a{1,500}){1,500})", ".{900}.{900}.{900}", "(\\w|\\s|.)*!", "\\p{L}{1,1000}x{1,1000}"];

    [Theory]
    [InlineData(@"\bEMP-\d{6}\b", """{"a":"EMP-123456 and EMP-1","EMP-654321":2}""", """{"a":"*** and EMP-1","***":2}""")]
    [InlineData(@"\d{9}", """{"n":123456789,"s":"é 123456789 ü","t":"\u0031\u00323456789"}""", """{"n":"***","s":"é *** ü","t":"***"}""")]
    [InlineData("(?i)geheim[^ ]*", """["GEHEIMnis 😀 geheimer Ort"]""", """["*** 😀 *** Ort"]""")]
    [InlineData("(?:😀)+", """["a😀😀b\ud83d\ude00"]""", """["a***b***"]""")]
    public void They_find_what_they_say(string pattern, string payload, string redacted) =>
        Redact.Text(Redact.Rules(new RedactionRule(RedactionKind.Pattern, pattern, RedactionMode.Mask)), payload).ShouldBe(redacted);

    [Theory]
    [InlineData(@"(a)\1")]
    [InlineData("(?=a)a")]
    [InlineData("(?<!a)b")]
    [InlineData("(?>a+)b")]
    [InlineData("a*")]
    [InlineData("")]
    [InlineData("(")]
    [InlineData("a{5000}")]
    [InlineData("(a{1000}){1000}")]
    public void What_the_engine_can_not_do_in_linear_time_is_refused(string pattern)
    {
        OwnPattern.TryCompile(pattern, out _, out var problem).ShouldBeFalse();
        problem.ShouldNotBeNullOrEmpty();
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void A_hostile_pattern_is_refused_or_masks_the_whole_in_time(string pattern)
    {
        var began = Stopwatch.GetTimestamp();
        var taken = OwnPattern.TryCompile(pattern, out _, out _);
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(2));
        if (!taken) return;

        RuleSet rules = Redact.Rules(new RedactionRule(RedactionKind.Pattern, pattern, RedactionMode.Mask));
        var field = new string('a', 200_000) + "!";
        began = Stopwatch.GetTimestamp();
        var result = Redact.Text(rules, $"[\"{field}\"]");

        // The engine looks at the clock now and then; a machine under load adds its own.
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromMilliseconds(1500), pattern);
        // Either it came to an end by itself, or nothing of the field is left.
        if (Stopwatch.GetElapsedTime(began) > OwnPattern.Patience * 4) result.ShouldBe("[\"***\"]");
    }

    [Fact]
    public void Many_slow_fields_share_a_budget()
    {
        RuleSet rules = Redact.Rules(new RedactionRule(RedactionKind.Pattern, @"(\w|\s|.){300,900}!", RedactionMode.Mask));
        var payload = "[" + string.Join(',', Enumerable.Range(0, 100).Select(_ => $"\"{new string('a', 2000)}\"")) + "]";
        var began = Stopwatch.GetTimestamp();

        Redact.Bytes(rules, Encoding.UTF8.GetBytes(payload)).Bytes.ShouldNotBeNull();

        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public void A_field_that_is_too_long_is_masked_whole()
    {
        RuleSet rules = Redact.Rules(new RedactionRule(RedactionKind.Pattern, "needle", RedactionMode.Mask));

        Redact.Text(rules, $"[\"{new string('a', OwnPattern.LongestField + 1)}\",\"b\"]").ShouldBe("[\"***\",\"b\"]");
    }
}
