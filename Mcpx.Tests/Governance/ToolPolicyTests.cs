using System.Text.RegularExpressions;
using FsCheck.Fluent;
using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

public sealed class ToolPolicyTests
{
    private static readonly TestClock Clock = new();

    [Fact]
    public void Without_a_mode_everything_is_allowed()
    {
        var policy = Policy(GovernanceMode.None);

        policy.AllowsEverything.ShouldBeTrue();
        policy.Decide("anything").ShouldBeOfType<Decision.Allow>().Rule.ShouldBe("mode:none");
    }

    [Fact]
    public void An_allowlist_allows_what_it_names_and_says_which_rule_did()
    {
        var policy = Policy(GovernanceMode.Allowlist, "get_*", "transfer");

        policy.AllowsEverything.ShouldBeFalse();
        policy.Decide("get_user").ShouldBeOfType<Decision.Allow>().Rule.ShouldBe("allowlist:get_*");
        policy.Decide("transfer").ShouldBeOfType<Decision.Allow>().Rule.ShouldBe("allowlist:transfer");
        policy.Decide("Transfer").ShouldBeOfType<Decision.Deny>().Rule.ShouldBe("allowlist");
        policy.Decide("transfer ").ShouldBeOfType<Decision.Deny>();
        policy.Decide("").ShouldBeOfType<Decision.Deny>();
    }

    [Fact]
    public void An_empty_allowlist_allows_nothing() => Policy(GovernanceMode.Allowlist).Decide("x").ShouldBeOfType<Decision.Deny>();

    [Fact]
    public void A_blocklist_blocks_what_it_names()
    {
        var policy = Policy(GovernanceMode.Blocklist, "*delete*");

        policy.AllowsEverything.ShouldBeFalse();
        policy.Decide("undelete_all").ShouldBeOfType<Decision.Deny>().Rule.ShouldBe("blocklist:*delete*");
        policy.Decide("get").ShouldBeOfType<Decision.Allow>();
        Policy(GovernanceMode.Blocklist).AllowsEverything.ShouldBeTrue();
    }

    [Fact]
    public void Patterns_match_like_the_regular_expression_that_they_stand_for()
    {
        var text = from letters in Gen.ArrayOf(Gen.Elements("ab.*ü\n".ToCharArray())) select new string(letters);
        var cases = from pattern in text from name in text where pattern.Contains('*') select (pattern, name);

        Property.Holds(cases, x =>
        {
            var reference = Regex.IsMatch(x.name, $"\\A{Regex.Escape(x.pattern).Replace("\\*", ".*")}\\z", RegexOptions.Singleline, TimeSpan.FromSeconds(5));

            (Policy(GovernanceMode.Allowlist, x.pattern).Decide(x.name) is Decision.Allow).ShouldBe(reference);
            (Policy(GovernanceMode.Blocklist, x.pattern).Decide(x.name) is Decision.Deny).ShouldBe(reference);
        }, 5000);
    }

    [Fact]
    public void No_pattern_makes_deciding_slow()
    {
        var policy = Policy(GovernanceMode.Allowlist, string.Concat(Enumerable.Repeat("*a", 120)) + "b");

        policy.Decide(new string('a', 1024)).ShouldBeOfType<Decision.Deny>();
    }

    private static ToolPolicy Policy(GovernanceMode mode, params string[] patterns) =>
        new(new ServerGovernance(EntityId.New<ServerId>(Clock), mode, [.. patterns.Select(p => new ToolRule(EntityId.New<ToolRuleId>(Clock), p))]));
}
