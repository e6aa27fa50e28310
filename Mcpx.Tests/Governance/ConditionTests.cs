using System.Numerics;
using System.Text;
using FsCheck.Fluent;
using Mcpx.Core.Governance;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

/// <summary>Conditions on arguments: what holds, what does not, and what can't be said.</summary>
public sealed class ConditionTests
{
    [Theory]
    [InlineData("$.amount", "<=", "1000", """{"amount":1000}""", true)]
    [InlineData("$.amount", "<=", "1000", """{"amount":1e3}""", true)]
    [InlineData("$.amount", "<=", "1000", """{"amount":1000.0000000000000000000000001}""", false)]
    [InlineData("$.amount", "<=", "1000", """{"amount":-1e99999999999999999999}""", true)]
    [InlineData("$.amount", "<=", "1000", """{"amount":1e99999999999999999999}""", false)]
    [InlineData("$.amount", "<=", "1000", """{"amount":1e-99999999999999999999}""", true)]
    [InlineData("$.amount", "<=", "1000", """{"amount":"1000"}""", false)]
    [InlineData("$.amount", "<=", "1000", """{"amount":null}""", false)]
    [InlineData("$.amount", "<=", "1000", """{"amount":[1]}""", false)]
    [InlineData("$.amount", "<=", "1000", "{}", false)]
    [InlineData("$.amount", "<=", "1000", "[]", false)]
    [InlineData("$.amount", ">", "9007199254740992", """{"amount":9007199254740993}""", true)]
    [InlineData("$.amount", "<", "0", """{"amount":-0}""", false)]
    [InlineData("$.amount", ">=", "0.1", """{"amount":0.10}""", true)]
    [InlineData("$.amount", "=", "100", """{"amount":1.00e2}""", true)]
    [InlineData("$.amount", "!=", "100", """{"amount":101}""", true)]
    [InlineData("$.amount", "!=", "100", """{"amount":"x"}""", false)]
    [InlineData("$.amount", "!=", "100", "{}", false)]
    [InlineData("$.items[0].id", "=", "\"a\"", """{"items":[{"id":"a"},{"id":"b"}]}""", true)]
    [InlineData("$.items[1].id", "=", "\"a\"", """{"items":[{"id":"a"},{"id":"b"}]}""", false)]
    [InlineData("$.items[2].id", "=", "\"a\"", """{"items":[{"id":"a"},{"id":"b"}]}""", false)]
    [InlineData("$['a b']", "=", "true", """{"a b":true}""", true)]
    [InlineData("$['a b']", "=", "true", """{"a b":false}""", false)]
    [InlineData("$[\"a.b\"].c", "=", "null", """{"a.b":{"c":null}}""", true)]
    [InlineData("$.größe", "=", "1", """{"gr\u00f6\u00dfe":1}""", true)]
    [InlineData("$.name", "=", "\"a\\\"b\"", """{"name":"a\u0022b"}""", true)]
    [InlineData("$.name", "=", "\"A\"", """{"name":"a"}""", false)]
    [InlineData("$.x", "exists", null, """{"x":null}""", true)]
    [InlineData("$.x", "exists", null, """{"y":1}""", false)]
    [InlineData("$.x", "not exists", null, "{}", true)]
    [InlineData("$.x", "not exists", null, """{"x":{}}""", false)]
    [InlineData("$.currency", "in", "\"EUR\",\"USD\"", """{"currency":"USD"}""", true)]
    [InlineData("$.currency", "in", "\"EUR\",\"USD\"", """{"currency":"GBP"}""", false)]
    [InlineData("$.currency", "in", "\"EUR\",7", """{"currency":7.0}""", true)]
    [InlineData("$.currency", "not in", "\"EUR\",\"USD\"", """{"currency":"GBP"}""", true)]
    [InlineData("$.currency", "not in", "\"EUR\",\"USD\"", """{"currency":7}""", false)]
    [InlineData("$.path", "matches", "\"/tmp/[a-z]+\"", """{"path":"/tmp/abc"}""", true)]
    [InlineData("$.path", "matches", "\"/tmp/[a-z]+\"", """{"path":"/etc//tmp/abc"}""", false)]
    [InlineData("$.path", "matches", "\"/tmp/[a-z]+\"", """{"path":"/tmp/abc\n"}""", false)]
    [InlineData("$.path", "matches", "\"/tmp/a|/etc/b\"", """{"path":"/tmp/ab"}""", false)]
    [InlineData("$.path", "matches", "\".*\"", """{"path":7}""", false)]
    public void Holds_or_does_not(string path, string comparison, string? values, string arguments, bool holds)
    {
        ArgumentCondition condition = Condition(path, comparison, values);

        (Decide(GovernanceMode.Allowlist, condition, arguments) is Decision.Allow).ShouldBe(holds);
        (Decide(GovernanceMode.Blocklist, condition, arguments) is Decision.Deny).ShouldBe(holds);
    }

    /// <summary>The attack: the server behind reads the other one of two, or takes another spelling for the same.</summary>
    [Theory]
    [InlineData("$.amount", """{"amount":1,"amount":5000}""")]
    [InlineData("$.amount", """{"amount":5000,"amount":1}""")]
    [InlineData("$.amount", """{"amount":1,"\u0061mount":5000}""")]
    [InlineData("$.amount", """{"amount":1,"Amount":5000}""")]
    [InlineData("$.amount", """{"AMOUNT":5000,"amount":1}""")]
    [InlineData("$.AMOUNTſ", """{"AMOUNTſ":1,"amounts":5000}""")]
    [InlineData("$.to.amount", """{"to":{"amount":1},"to":{"amount":5000}}""")]
    [InlineData("$.to.amount", """{"to":{"amount":1},"TO":{"amount":5000}}""")]
    [InlineData("$.to.amount", """{"to":{"amount":1,"amount":5000}}""")]
    [InlineData("$.amount", """{"amount":"\ud800"}""")]
    [InlineData("$.amount", """{"\ud800":1,"amount":1}""")]
    public void What_two_readers_could_read_in_two_ways_is_never_in_the_callers_favour(string path, string arguments)
    {
        Decide(GovernanceMode.Allowlist, Condition(path, "<=", "1000"), arguments).ShouldBeOfType<Decision.Deny>();
        if (!arguments.Contains("ud800", StringComparison.Ordinal)) Decide(GovernanceMode.Blocklist, Condition(path, ">", "1000"), arguments).ShouldBeOfType<Decision.Deny>();
        Decide(GovernanceMode.Blocklist, Condition(path, "matches", "\"x\""), arguments).ShouldBeOfType<Decision.Deny>();
    }

    [Fact]
    public void Members_that_no_condition_asks_for_may_stand_twice() =>
        Decide(GovernanceMode.Allowlist, Condition("$.amount", "<=", "1000"), """{"note":"a","note":"b","amount":1,"items":[{"amount":7,"amount":8}]}""").ShouldBeOfType<Decision.Allow>();

    [Fact]
    public void A_text_too_long_for_a_pattern_is_not_let_through()
    {
        string text = new('a', 20_000);
        Decide(GovernanceMode.Allowlist, Condition("$.x", "matches", "\"a*\""), $$"""{"x":"{{text}}"}""").ShouldBeOfType<Decision.Deny>();
        Decide(GovernanceMode.Blocklist, Condition("$.x", "matches", "\"b\""), $$"""{"x":"{{text}}"}""").ShouldBeOfType<Decision.Deny>();
        Decide(GovernanceMode.Allowlist, Condition("$.x", "matches", "\"(a|a)*(a|a)*(a|a)*b?\""), $$"""{"x":"{{new string('a', 10_000)}}"}""").ShouldBeOfType<Decision.Allow>();
    }

    [Fact]
    public void Numbers_compare_like_fractions_of_whole_numbers()
    {
        var digits = from whole in Gen.Choose(-9999, 9999) from fraction in Gen.Elements("", ".0", ".5", ".50", ".05", ".000000000000000000000001") from exponent in Gen.Elements("", "e0", "E3", "e-3", "e+12")
            select $"{whole}{fraction}{exponent}";
        Property.Holds(from a in digits from b in digits select (a, b), x =>
        {
            int expected = Scaled(x.a).CompareTo(Scaled(x.b));
            foreach ((string comparison, bool holds) in new[] { ("<", expected < 0), ("<=", expected <= 0), ("=", expected == 0), (">=", expected >= 0), (">", expected > 0) })
                (Decide(GovernanceMode.Allowlist, Condition("$.amount", comparison, x.b), $$"""{"amount":{{x.a}}}""") is Decision.Allow).ShouldBe(holds, $"{x.a} {comparison} {x.b}");
        }, 5000);

        // In units of 10^-30.
        static BigInteger Scaled(string number)
        {
            string[] parts = number.ToLowerInvariant().Split('e');
            string[] halves = parts[0].Split('.');
            string fraction = halves.Length > 1 ? halves[1] : "";
            int exponent = 30 - fraction.Length + (parts.Length > 1 ? int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) : 0);
            return BigInteger.Parse(halves[0] + fraction, System.Globalization.CultureInfo.InvariantCulture) * BigInteger.Pow(10, exponent);
        }
    }

    [Fact]
    public void No_arguments_make_reading_fail()
    {
        var pieces = Gen.Elements("{", "}", "[", "]", "\"amount\":", "\"Amount\":", "\"a\\u006dount\":", "1", "-0.5e+3", "\"x\"", "\"\\ud800\"", ",", "null", "true", " ");
        ToolPolicy[] policies = [.. new[] { GovernanceMode.Allowlist, GovernanceMode.Blocklist }.Select(m => Policy(m, Condition("$.amount", "<=", "1000"), Condition("$.amount[0].amount", "exists", null)))];
        Property.Holds(from text in Gen.ArrayOf(pieces) select string.Concat(text), arguments =>
        {
            foreach (ToolPolicy policy in policies)
                policy.Decide(default, "t", Encoding.UTF8.GetBytes(Proxy.Mcp.Call("t", arguments))).Rule.ShouldNotBeEmpty();
        }, Property.Times(5000, 1_000_000));
    }

    private static Decision Decide(GovernanceMode mode, ArgumentCondition condition, string arguments) =>
        Policy(mode, condition).Decide(default, "t", Encoding.UTF8.GetBytes(Proxy.Mcp.Call("t", arguments)));

    private static ToolPolicy Policy(GovernanceMode mode, params ArgumentCondition[] conditions) => new(new ServerGovernance(default, mode, [new ToolRule(default, "t") { Conditions = conditions }]));

    private static ArgumentCondition Condition(string path, string comparison, string? values) => new(path, comparison switch
    {
        "=" => ConditionOperator.Equal,
        "!=" => ConditionOperator.NotEqual,
        "<" => ConditionOperator.Less,
        "<=" => ConditionOperator.LessOrEqual,
        ">" => ConditionOperator.Greater,
        ">=" => ConditionOperator.GreaterOrEqual,
        "exists" => ConditionOperator.Exists,
        "not exists" => ConditionOperator.NotExists,
        "in" => ConditionOperator.In,
        "not in" => ConditionOperator.NotIn,
        _ => ConditionOperator.Matches,
    }, values is null ? [] : comparison is "matches" ? [values] : values.Split(','));
}
