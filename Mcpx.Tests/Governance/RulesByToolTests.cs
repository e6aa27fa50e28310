using Mcpx.Core.Governance;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

public sealed class RulesByToolTests
{
    [Fact]
    public void A_name_has_its_rules_in_order_however_often_it_is_asked_for()
    {
        var rules = Rules("get_*", "get_user", "*_user", "set_*", "get_user");

        for (var round = 0; round < 3; round++)
        {
            Patterns(rules, "get_user").ShouldBe(["get_user", "get_user", "get_*", "*_user"]);
            Patterns(rules, "set_user").ShouldBe(["*_user", "set_*"]);
            Patterns(rules, "nothing").ShouldBeEmpty();
        }
    }

    [Fact]
    public void Names_that_callers_make_up_take_no_more_than_their_place_and_are_matched_all_the_same()
    {
        var rules = Rules("get_*");

        for (var i = 0; i < 3 * RulesByTool.MostKept; i++) Patterns(rules, $"{(i % 2 == 0 ? "get" : "set")}_{i}").Length.ShouldBe(1 - i % 2);
        Patterns(rules, "get_" + new string('x', RulesByTool.LongestKept)).ShouldBe(["get_*"]);

        rules.Kept.ShouldBe(RulesByTool.MostKept);
        Parallel.For(0, 64, i => Patterns(rules, $"get_{i}").ShouldBe(["get_*"]));
    }

    [Fact]
    public void A_long_name_is_not_kept()
    {
        var rules = Rules("*");

        Patterns(rules, new string('x', RulesByTool.LongestKept + 1)).ShouldBe(["*"]);

        rules.Kept.ShouldBe(0);
    }

    private static RulesByTool Rules(params string[] patterns) =>
        new([.. patterns.Select(p => new CompiledRule(new ToolRule(default, p), GovernanceMode.Allowlist, new ArgumentPaths()))]);

    private static string[] Patterns(RulesByTool rules, string tool) => [.. rules.Of(tool).Select(r => r.Rule.Pattern)];
}
