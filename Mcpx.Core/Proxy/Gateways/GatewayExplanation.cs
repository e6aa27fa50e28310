using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Health;
using Mcpx.Core.Protocol;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>What a virtual gateway shows its clients now, and why not more. As one replica sees it at one instant.</summary>
/// <param name="Members">In the gateway's order.</param>
/// <param name="Tools">In the order of lists; also those that governance keeps from every client.</param>
public sealed record GatewayExplanation(
    VirtualGateway Gateway,
    IReadOnlyList<MemberExplanation> Members,
    IReadOnlyList<ShownItem> Tools,
    IReadOnlyList<ShownItem> Prompts,
    IReadOnlyList<ShownItem> Resources,
    IReadOnlyList<ShownItem> ResourceTemplates,
    IReadOnlyList<ConflictExplanation> Conflicts);

/// <summary>How a member is doing.</summary>
/// <param name="Circuit">The way that calls take to it, see <see cref="UpstreamGuard"/>.</param>
public sealed record MemberHealth(MemberState State, CircuitState Circuit)
{
    public UpstreamServer Server => State.Member.Server.Server;
}

/// <summary>A member, and what it brings.</summary>
/// <param name="Tools">As clients see them: without those that are blocked, or hidden by a conflict.</param>
public sealed record MemberExplanation(MemberHealth Health, int Tools, int BlockedTools, int Prompts, int Resources, int ResourceTemplates);

/// <summary>A tool, prompt, resource or template under the name that clients know it by.</summary>
/// <param name="Blocked">The rule that keeps it from every caller; null when it passes, and for what no rule is about.</param>
public sealed record ShownItem(ExposedItem Item, Decision.Deny? Blocked)
{
    private const int LongestDescription = 1000;

    /// <summary>True for a tool that rules show to some callers and not to others.</summary>
    public bool DependsOnCaller { get; init; }

    public UpstreamServer Server => Item.Member.Server.Server;

    /// <summary>As clients read it, at most 1,000 characters of it; null when there is none.</summary>
    public string? Description() => JsonEdit.FindText(Item.Json, "description") switch
    {
        { Length: > LongestDescription } text => string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[LongestDescription - 1]) ? LongestDescription - 1 : LongestDescription), "…"),
        var text => text,
    };
}

/// <summary>A name that is hidden, and a sentence that says what ends that.</summary>
public sealed record ConflictExplanation(CatalogConflict Conflict, string Advice)
{
    /// <summary>The servers that want the name, each once.</summary>
    public IReadOnlyList<UpstreamServer> Servers { get; } = [.. Conflict.Claimants.Select(c => c.Member.Server.Server).DistinctBy(s => s.Id)];
}
