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

        policy.ShowsEverything(default).ShouldBeTrue();
        policy.DecideShown(default, "anything").ShouldBeOfType<Decision.Allow>().Rule.ShouldBe("mode:none");
    }

    [Fact]
    public void An_allowlist_allows_what_it_names_and_says_which_rule_did()
    {
        var policy = Policy(GovernanceMode.Allowlist, "get_*", "transfer");

        policy.ShowsEverything(default).ShouldBeFalse();
        policy.DecideShown(default, "get_user").ShouldBeOfType<Decision.Allow>().Rule.ShouldBe("allowlist:get_*");
        policy.DecideShown(default, "transfer").ShouldBeOfType<Decision.Allow>().Rule.ShouldBe("allowlist:transfer");
        policy.DecideShown(default, "Transfer").ShouldBeOfType<Decision.Deny>().Rule.ShouldBe("allowlist");
        policy.DecideShown(default, "transfer ").ShouldBeOfType<Decision.Deny>();
        policy.DecideShown(default, "").ShouldBeOfType<Decision.Deny>();
    }

    [Fact]
    public void An_empty_allowlist_allows_nothing() => Policy(GovernanceMode.Allowlist).DecideShown(default, "x").ShouldBeOfType<Decision.Deny>();

    [Fact]
    public void A_blocklist_blocks_what_it_names()
    {
        var policy = Policy(GovernanceMode.Blocklist, "*delete*");

        policy.ShowsEverything(default).ShouldBeFalse();
        policy.DecideShown(default, "undelete_all").ShouldBeOfType<Decision.Deny>().Rule.ShouldBe("blocklist:*delete*");
        policy.DecideShown(default, "get").ShouldBeOfType<Decision.Allow>();
        Policy(GovernanceMode.Blocklist).ShowsEverything(default).ShouldBeTrue();
    }

    [Fact]
    public void Patterns_match_like_the_regular_expression_that_they_stand_for()
    {
        var text = from letters in Gen.ArrayOf(Gen.Elements("ab.*ü\n".ToCharArray())) select new string(letters);
        var cases = from pattern in text from name in text where pattern.Contains('*') select (pattern, name);

        Property.Holds(cases, x =>
        {
            var reference = Regex.IsMatch(x.name, $"\\A{Regex.Escape(x.pattern).Replace("\\*", ".*")}\\z", RegexOptions.Singleline, TimeSpan.FromSeconds(5));

            (Policy(GovernanceMode.Allowlist, x.pattern).DecideShown(default, x.name) is Decision.Allow).ShouldBe(reference);
            (Policy(GovernanceMode.Blocklist, x.pattern).DecideShown(default, x.name) is Decision.Deny).ShouldBe(reference);
        }, 5000);
    }

    [Fact]
    public void No_pattern_makes_deciding_slow()
    {
        var policy = Policy(GovernanceMode.Allowlist, string.Concat(Enumerable.Repeat("*a", 120)) + "b");

        policy.DecideShown(default, new string('a', 1024)).ShouldBeOfType<Decision.Deny>();
    }

    private static ToolPolicy Policy(GovernanceMode mode, params string[] patterns) =>
        new(new ServerGovernance(EntityId.New<ServerId>(Clock), mode, [.. patterns.Select(p => new ToolRule(EntityId.New<ToolRuleId>(Clock), p))]));
}
