using System.Text;
using FsCheck.Fluent;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

/// <summary>The table of docs/governance.md: whom a rule is for, what it asks, and what comes of it.</summary>
public sealed class RuleTableTests
{
    private static readonly UserId Ada = UserId.From(new Guid("00000000-0000-7000-8000-00000000000a"));
    private static readonly UserId Bob = UserId.From(new Guid("00000000-0000-7000-8000-00000000000b"));
    private static readonly TokenId Laptop = TokenId.From(new Guid("00000000-0000-7000-8000-0000000000f1"));
    private static readonly ServiceAccountId Robot = ServiceAccountId.From(new Guid("00000000-0000-7000-8000-0000000000e1"));

    private static readonly RuleSubject AdaTheAdmin = new(Role.Admin, Ada, Token: Laptop);
    private static readonly RuleSubject BobTheMember = new(Role.Member, Bob);
    private static readonly RuleSubject TheRobot = new(Role.Member, Account: Robot);

    public static TheoryData<string, bool, bool, bool> Audiences => new()
    {
        // Rule for, does it match: Ada (admin, laptop), Bob (member), the robot (member).
        { "everyone", true, true, true },
        { "role admin", true, false, false },
        { "role member", false, true, true },
        { "role owner", false, false, false },
        { "member ada", true, false, false },
        { "account robot", false, false, true },
        { "token laptop", true, false, false },
        // Ids name one kind of caller only, and who is gone is nobody.
        { "account with ada's id", false, false, false },
        { "member gone", false, false, false },
        { "member without an id", false, false, false },
        { "role without a role", false, false, false },
        { "kind of a newer release", false, false, false },
    };

    [Theory]
    [MemberData(nameof(Audiences))]
    public void A_rule_is_for_those_whom_it_names(string audience, bool ada, bool bob, bool robot)
    {
        RuleAudience named = Parse(audience);
        foreach ((RuleSubject who, bool matches) in new[] { (AdaTheAdmin, ada), (BobTheMember, bob), (TheRobot, robot) })
        {
            ToolPolicy allowlist = Policy(GovernanceMode.Allowlist, new ToolRule(default, "get") { For = named });
            ToolPolicy blocklist = Policy(GovernanceMode.Blocklist, new ToolRule(default, "get") { For = named });

            (allowlist.Decide(who, "get", Call("{}")) is Decision.Allow).ShouldBe(matches);
            (allowlist.DecideShown(who, "get") is Decision.Allow).ShouldBe(matches);
            allowlist.ShowsEverything(who).ShouldBeFalse();
            (blocklist.Decide(who, "get", Call("{}")) is Decision.Deny).ShouldBe(matches);
            (blocklist.DecideShown(who, "get") is Decision.Deny).ShouldBe(matches);
            blocklist.ShowsEverything(who).ShouldBe(!matches);
        }
    }

    [Fact]
    public void What_is_hidden_from_all_is_told_apart_from_what_depends_on_the_caller()
    {
        ToolPolicy allowlist = Policy(GovernanceMode.Allowlist, new ToolRule(default, "all"), new ToolRule(default, "some_*") { For = RuleAudience.Of(Role.Admin) });
        (allowlist.HidesFromAll("all"), allowlist.DependsOnCaller("all")).ShouldBe((null, false));
        (allowlist.HidesFromAll("some_x"), allowlist.DependsOnCaller("some_x")).ShouldBe((null, true));
        allowlist.HidesFromAll("none")!.Rule.ShouldBe("allowlist");

        ToolPolicy blocklist = Policy(GovernanceMode.Blocklist, new ToolRule(default, "all"), new ToolRule(default, "some_*") { For = RuleAudience.Of(Role.Member) });
        blocklist.HidesFromAll("all")!.Rule.ShouldBe("blocklist:all");
        (blocklist.HidesFromAll("some_x"), blocklist.DependsOnCaller("some_x")).ShouldBe((null, true));
        blocklist.DependsOnCaller("none").ShouldBeFalse();
    }

    [Fact]
    public void The_rules_name_says_whom_it_is_for()
    {
        Policy(GovernanceMode.Allowlist, new ToolRule(default, "get") { For = RuleAudience.Of(Role.Admin) }).Decide(AdaTheAdmin, "get", default).Rule.ShouldBe("allowlist:get (admin)");
        Policy(GovernanceMode.Blocklist, new ToolRule(default, "get") { For = RuleAudience.Of(Laptop) }).Decide(AdaTheAdmin, "get", default).Rule.ShouldBe("blocklist:get (token)");
    }

    [Theory]
    // mode, enforced, log only, does the condition hold, may it be called, is it recorded, is it shown
    [InlineData(GovernanceMode.Allowlist, true, false, true, true, false, true)]
    [InlineData(GovernanceMode.Allowlist, true, false, false, false, false, true)]
    [InlineData(GovernanceMode.Allowlist, true, true, true, true, false, true)]
    [InlineData(GovernanceMode.Allowlist, true, true, false, true, true, true)]
    [InlineData(GovernanceMode.Allowlist, false, false, false, true, true, true)]
    [InlineData(GovernanceMode.Blocklist, true, false, true, false, false, true)]
    [InlineData(GovernanceMode.Blocklist, true, false, false, true, false, true)]
    [InlineData(GovernanceMode.Blocklist, true, true, true, true, true, true)]
    [InlineData(GovernanceMode.Blocklist, false, false, true, true, true, true)]
    public void A_condition_and_a_trial_decide_as_the_table_says(GovernanceMode mode, bool enforced, bool logOnly, bool holds, bool allowed, bool recorded, bool shown)
    {
        ToolPolicy policy = new(new ServerGovernance(default, mode, [new ToolRule(default, "transfer") { Conditions = [AtMost1000], LogOnly = logOnly }]) { Enforce = enforced });

        Decision decision = policy.Decide(BobTheMember, "transfer", Call(holds ? """{"amount":1000}""" : """{"amount":1000.01}"""));

        (decision is Decision.Allow).ShouldBe(allowed);
        ((decision as Decision.Allow)?.WouldDeny is not null).ShouldBe(recorded);
        (policy.DecideShown(BobTheMember, "transfer") is Decision.Allow).ShouldBe(shown);
    }

    [Fact]
    public void The_reason_says_which_condition_failed_and_not_the_value()
    {
        ToolPolicy policy = Policy(GovernanceMode.Allowlist, new ToolRule(default, "transfer") { Conditions = [AtMost1000] });

        policy.Decide(BobTheMember, "transfer", Call("""{"amount":31337}""")).Reason.ShouldBe("“transfer” is allowed only when $.amount ≤ 1000; $.amount is another value.");
        policy.Decide(BobTheMember, "transfer", Call("{}")).Reason.ShouldBe("“transfer” is allowed only when $.amount ≤ 1000; $.amount is missing.");
        policy.ConditionsOf(BobTheMember, "transfer").Single().ConditionWords.ShouldBe("$.amount ≤ 1000");
    }

    [Fact]
    public void A_rule_without_conditions_allows_whatever_others_ask()
    {
        ToolPolicy policy = Policy(GovernanceMode.Allowlist, new ToolRule(default, "transfer") { Conditions = [AtMost1000] }, new ToolRule(default, "*") { For = RuleAudience.Of(Ada) });

        policy.Decide(AdaTheAdmin, "transfer", Call("""{"amount":5000}""")).Rule.ShouldBe("allowlist:* (member)");
        policy.ConditionsOf(AdaTheAdmin, "transfer").ShouldBeEmpty();
        policy.ConditionsOf(BobTheMember, "transfer").Count.ShouldBe(1);
        policy.Decide(BobTheMember, "transfer", Call("""{"amount":5000}""")).ShouldBeOfType<Decision.Deny>();
    }

    [Theory]
    [InlineData(GovernanceMode.Allowlist)]
    [InlineData(GovernanceMode.Blocklist)]
    public void A_rule_that_cannot_be_read_decides_against_the_caller(GovernanceMode mode)
    {
        Policy(mode, new ToolRule(default, "get") { IsReadable = false }).Decide(BobTheMember, "get", Call("{}")).ShouldBeOfType<Decision.Deny>();
        Policy(mode, new ToolRule(default, "get") { Conditions = [new ArgumentCondition("no path", ConditionOperator.Exists, [])] }).Decide(BobTheMember, "get", Call("{}")).ShouldBeOfType<Decision.Deny>();
    }

    /// <summary>Against the table said anew in a few lines: an allowlist allows when some rule matches, a blocklist denies when one does.</summary>
    [Fact]
    public void Decisions_are_those_of_the_table_for_any_rules()
    {
        var rule = from pattern in Gen.Elements("get", "drop", "g*", "*") from audience in Gen.Elements("everyone", "role admin", "member ada", "account robot", "member gone")
            from conditional in Gen.Elements(false, true) from logOnly in Gen.Elements(false, true)
            select new ToolRule(default, pattern) { For = Parse(audience), Conditions = conditional ? [AtMost1000] : [], LogOnly = logOnly };
        var cases = from mode in Gen.Elements(GovernanceMode.Allowlist, GovernanceMode.Blocklist) from rules in Gen.ArrayOf(rule) from tool in Gen.Elements("get", "drop", "other")
            from who in Gen.Elements(AdaTheAdmin, BobTheMember, TheRobot) from amount in Gen.Elements(1000, 1001) from enforce in Gen.Elements(true, true, false)
            select (mode, rules, tool, who, amount, enforce);

        Property.Holds(cases, x =>
        {
            ToolPolicy policy = new(new ServerGovernance(default, x.mode, x.rules) { Enforce = x.enforce });
            Decision decision = policy.Decide(x.who, x.tool, Call($$"""{"amount":{{x.amount}}}"""));
            var mine = x.rules.Where(r => r.For.Includes(x.who) && NamePattern.Matches(r.Pattern, x.tool)).ToArray();
            bool Holds(ToolRule r) => r.Conditions.Count == 0 || x.amount <= 1000;
            bool isAllowlist = x.mode is GovernanceMode.Allowlist;
            bool enforcedSaysYes = isAllowlist ? mine.Any(Holds) : !mine.Any(r => Holds(r) && !r.LogOnly);
            bool trialOfARule = isAllowlist ? !enforcedSaysYes && mine.Any(r => r.LogOnly) : enforcedSaysYes && mine.Any(Holds);

            (decision is Decision.Allow).ShouldBe(enforcedSaysYes || trialOfARule || !x.enforce);
            (decision is Decision.Allow { WouldDeny: not null }).ShouldBe(trialOfARule || !enforcedSaysYes && !x.enforce);
            // What may be called is shown, and what is not shown can't be called whatever its arguments are.
            bool isShown = policy.DecideShown(x.who, x.tool) is Decision.Allow;
            if (decision is Decision.Allow) isShown.ShouldBeTrue();
            isShown.ShouldBe(!x.enforce || (isAllowlist ? mine.Length > 0 : !mine.Any(r => r.Conditions.Count == 0 && !r.LogOnly)));
            if (policy.ShowsEverything(x.who)) isShown.ShouldBeTrue();
            // Nobody's rule widens the policy for another.
            if (!isAllowlist) return;
            ToolPolicy withoutMine = new(new ServerGovernance(default, x.mode, [.. x.rules.Where(r => !r.For.Includes(x.who))]) { Enforce = x.enforce });
            (withoutMine.Decide(x.who, x.tool, Call("{}")) is Decision.Allow { WouldDeny: null }).ShouldBeFalse();
        }, Property.Times(5000, 200_000));
    }

    private static ArgumentCondition AtMost1000 { get; } = new("$.amount", ConditionOperator.LessOrEqual, ["1000"]);

    private static ToolPolicy Policy(GovernanceMode mode, params ToolRule[] rules) => new(new ServerGovernance(default, mode, rules));

    private static byte[] Call(string arguments) => Encoding.UTF8.GetBytes(Proxy.Mcp.Call("transfer", arguments));

    private static RuleAudience Parse(string audience) => audience switch
    {
        "everyone" => RuleAudience.Everyone,
        "role admin" => RuleAudience.Of(Role.Admin),
        "role member" => RuleAudience.Of(Role.Member),
        "role owner" => RuleAudience.Of(Role.Owner),
        "member ada" => RuleAudience.Of(Ada),
        "account robot" => RuleAudience.Of(Robot),
        "token laptop" => RuleAudience.Of(Laptop),
        "account with ada's id" => RuleAudience.Of(ServiceAccountId.From(Ada.Value)),
        "member gone" => RuleAudience.Of(UserId.From(new Guid("00000000-0000-7000-8000-0000000000ff"))),
        "member without an id" => new RuleAudience(AudienceKind.Member),
        "role without a role" => new RuleAudience(AudienceKind.Role),
        _ => new RuleAudience((AudienceKind)99, Role.Member, Ada.Value),
    };
}
