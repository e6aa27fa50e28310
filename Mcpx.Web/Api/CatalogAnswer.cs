using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Health;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Core.Servers;

namespace Mcpx.Web.Api;

/// <summary>What a gateway shows now, in the words of the API.</summary>
internal sealed record CatalogAnswer(
    IReadOnlyList<MemberStateAnswer> Members, IReadOnlyList<ToolAnswer> Tools, IReadOnlyList<PromptAnswer> Prompts,
    IReadOnlyList<ResourceAnswer> Resources, IReadOnlyList<ResourceTemplateAnswer> ResourceTemplates, IReadOnlyList<ConflictAnswer> Conflicts)
{
    public static CatalogAnswer From(GatewayExplanation shown) => new(
        [.. shown.Members.Select(MemberStateAnswer.From)],
        [.. shown.Tools.Select(ToolAnswer.From)],
        [.. shown.Prompts.Select(p => new PromptAnswer(p.Item.Name, p.Server.Id.ToString(), p.Server.Slug, p.Item.UpstreamName, p.Description()))],
        [.. shown.Resources.Select(r => new ResourceAnswer(r.Item.Name, r.Server.Id.ToString(), r.Server.Slug, r.Description()))],
        [.. shown.ResourceTemplates.Select(r => new ResourceTemplateAnswer(r.Item.Name, r.Server.Id.ToString(), r.Server.Slug, r.Description()))],
        [.. shown.Conflicts.Select(ConflictAnswer.From)]);
}

/// <param name="Tools">As clients see them, without the blocked ones.</param>
internal sealed record MemberStateAnswer(
    string Server, string ServerSlug, MemberStatus Status, string? Reason, string? Message, DateTimeOffset? ReadAt, ProtocolAnswer? Protocol, CircuitState Circuit,
    int Tools, int BlockedTools, int Prompts, int Resources, int ResourceTemplates)
{
    public static MemberStateAnswer From(MemberExplanation member)
    {
        MemberState state = member.Health.State;
        UpstreamServer server = member.Health.Server;
        return new MemberStateAnswer(server.Id.ToString(), server.Slug, state.Status, state.Reason, state.Message, state.ReadAt,
            server.Protocol is null ? null : ProtocolAnswer.From(server.Protocol), member.Health.Circuit,
            member.Tools, member.BlockedTools, member.Prompts, member.Resources, member.ResourceTemplates);
    }
}

/// <param name="Blocked">The rule that keeps it from every caller; null when some may see it.</param>
/// <param name="DependsOnCaller">Rules show it to some callers and not to others.</param>
internal sealed record ToolAnswer(string Name, string Server, string ServerSlug, string UpstreamName, string? Description, BlockedAnswer? Blocked, bool DependsOnCaller)
{
    public static ToolAnswer From(ShownItem tool) => new(tool.Item.Name, tool.Server.Id.ToString(), tool.Server.Slug, tool.Item.UpstreamName, tool.Description(),
        tool.Blocked is { } denied ? BlockedAnswer.From(denied) : null, tool.DependsOnCaller);
}

internal sealed record BlockedAnswer(string Rule, string Reason)
{
    public static BlockedAnswer From(Decision.Deny denied) => new(denied.Rule, denied.Reason);
}

internal sealed record PromptAnswer(string Name, string Server, string ServerSlug, string UpstreamName, string? Description);

internal sealed record ResourceAnswer(string Uri, string Server, string ServerSlug, string? Description);

internal sealed record ResourceTemplateAnswer(string UriTemplate, string Server, string ServerSlug, string? Description);

internal sealed record ConflictAnswer(CatalogItemKind Kind, string Name, string Reason, string Message, IReadOnlyList<ClaimantAnswer> Claimants)
{
    public static ConflictAnswer From(ConflictExplanation conflict) => new(conflict.Conflict.Kind, conflict.Conflict.Name, conflict.Conflict.Reason, conflict.Advice,
        [.. conflict.Conflict.Claimants.Select(c => new ClaimantAnswer(c.Member.Member.Server.ToString(), c.Member.Server.Server.Slug, c.UpstreamName))]);
}

internal sealed record ClaimantAnswer(string Server, string ServerSlug, string UpstreamName);
