using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance;

/// <summary>Looks at rules as they were entered, and says all that is wrong at once.</summary>
internal static class GovernanceInput
{
    public const int MostConditions = 8;

    /// <exception cref="RefusalException.Invalid">Something is wrong with it.</exception>
    public static ServerGovernance Read(ServerId server, NewGovernance input, TimeProvider time)
    {
        IReadOnlyList<NewToolRule> given = input.Rules ?? [.. (input.Tools ?? []).Select(t => new NewToolRule(t))];
        string field = input.Rules is null ? "tools" : "rules";
        InputCheck check = new();
        check.Require(Enum.IsDefined(input.Mode), "mode", "Use none, allowlist or blocklist.")
            .Require(input.Rules is null || input.Tools is not { Count: > 0 }, "tools", "Give tools or rules, not both.")
            .Require(given.Count <= GovernanceAdmin.MostRules, field, $"Use at most {GovernanceAdmin.MostRules} rules.")
            // Rules that are kept but not read would look like protection.
            .Require(input.Mode is not GovernanceMode.None || given.Count == 0, field, "Mode none takes no rules: choose allowlist or blocklist.")
            .Require(input.Mode is not GovernanceMode.None || input.Enforce, "enforce", "Mode none refuses nothing, so there is nothing to try out.");
        ArgumentPaths paths = new();
        for (int i = 0; i < given.Count; i++)
            Check(check, given[i], input, field, input.Rules is null ? field : $"rules[{i}]", paths);
        check.Require(paths.Count <= ArgumentPaths.Most, field, $"The rules of one server may look at {ArgumentPaths.Most} different arguments at most.")
            .ThrowIfWrong();
        IEnumerable<ToolRule> rules = given.Select(r => new ToolRule(EntityId.New<ToolRuleId>(time), r.Tool!)
        {
            For = r.For ?? RuleAudience.Everyone,
            Conditions = r.Conditions ?? [],
            LogOnly = r.LogOnly,
        });
        return new ServerGovernance(server, input.Mode, [.. rules.DistinctBy(r => r.Key)]) { Enforce = input.Enforce };
    }

    private static void Check(InputCheck check, NewToolRule rule, NewGovernance input, string list, string field, ArgumentPaths paths)
    {
        string name = field == list ? list : $"{field}.tool";
        check.Require(rule.Tool is { Length: > 0 and <= GovernanceAdmin.LongestPattern }, name, $"A rule has 1 to {GovernanceAdmin.LongestPattern} characters.")
            .Text(rule.Tool, name)
            .Require(rule.For is null or { IsWhole: true }, $"{field}.for", RuleAudience.NotWhole)
            .Require(rule.Conditions is null or { Count: <= MostConditions }, $"{field}.conditions", $"Use at most {MostConditions} conditions.")
            .Require(!rule.LogOnly || input.Mode is not GovernanceMode.Allowlist || rule.Conditions is { Count: > 0 }, $"{field}.logOnly",
                "On an allowlist only conditions can be tried out: a rule without them allows in any case.");
        foreach (ArgumentCondition condition in rule.Conditions ?? [])
            Check(check, condition, $"{field}.conditions", paths);
    }

    private static void Check(InputCheck check, ArgumentCondition condition, string field, ArgumentPaths paths)
    {
        if (!Enum.IsDefined(condition.Operator))
        {
            check.Require(false, field, "Choose how to compare.");
            return;
        }

        bool isGood = CompiledCondition.TryCompile(condition, paths, out _, out string? problem);
        check.Require(isGood, field, problem ?? "").Text(condition.Path, field);
        foreach (string value in condition.Values)
            check.Text(value, field);
    }
}
