using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance;

/// <summary>A server's whole governance as it shall be.</summary>
/// <param name="Tools">Names or patterns with <c>*</c>.</param>
public sealed record NewGovernance(GovernanceMode Mode, IReadOnlyList<string>? Tools);

public interface IGovernanceStore
{
    /// <summary>Null when the organisation has no such server.</summary>
    Task<ServerGovernance?> FindAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken);

    /// <summary>Replaces mode and rules in one step; false when the organisation has no such server.</summary>
    Task<bool> ReplaceAsync(OrganizationId organization, ServerGovernance governance, CancellationToken cancellationToken);
}

/// <summary>The one door to rules about tools.</summary>
public sealed class GovernanceAdmin(IGovernanceStore store, ChangeFeed changes, TimeProvider time)
{
    public const int MostRules = 1000;
    public const int LongestPattern = 256;

    /// <exception cref="RefusalException">Not allowed, or no such server.</exception>
    public async Task<ServerGovernance> GetAsync(Actor actor, ServerId server, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await store.FindAsync(actor.Organization, server, cancellationToken) ?? throw new RefusalException.NotFound("server");
    }

    /// <exception cref="RefusalException">Not allowed, wrong, or no such server.</exception>
    public async Task<ServerGovernance> ReplaceAsync(Actor actor, ServerId server, NewGovernance input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        IReadOnlyList<string> tools = input.Tools ?? [];
        InputCheck check = new();
        check.Require(Enum.IsDefined(input.Mode), "mode", "Use none, allowlist or blocklist.")
            .Require(tools.Count <= MostRules, "tools", $"Use at most {MostRules} rules.")
            // Rules that are kept but not read would look like protection.
            .Require(input.Mode is not GovernanceMode.None || tools.Count == 0, "tools", "Mode none takes no rules: choose allowlist or blocklist.");
        foreach (string tool in tools)
        {
            check.Require(tool is { Length: > 0 and <= LongestPattern }, "tools", $"A rule has 1 to {LongestPattern} characters.")
                .Text(tool, "tools");
        }

        check.ThrowIfWrong();
        ServerGovernance governance = new(server, input.Mode,
            [.. tools.Distinct(StringComparer.Ordinal).Select(t => new ToolRule(EntityId.New<ToolRuleId>(time), t))]);
        if (!await store.ReplaceAsync(actor.Organization, governance, cancellationToken))
            throw new RefusalException.NotFound("server");
        await changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
        return governance;
    }
}
