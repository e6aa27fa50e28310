using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Gateways;

/// <summary>What a virtual gateway does while a member is missing. The numbers are stored.</summary>
public enum FailureMode
{
    /// <summary>It serves the others and says what is missing and why.</summary>
    Open = 0,

    /// <summary>It refuses lists and calls until every member is there.</summary>
    Closed = 1,
}

/// <summary>Several servers behind one address, as one MCP server ("gateway" to people).</summary>
/// <param name="Slug">Its name in URLs, unique among the organisation's gateways.</param>
/// <param name="Enabled">False refuses every call.</param>
/// <param name="Members">In the order of their author; a server is a member once at most.</param>
public sealed record VirtualGateway(
    GatewayId Id,
    OrganizationId Organization,
    string Slug,
    string Name,
    string Description,
    FailureMode FailureMode,
    bool Enabled,
    IReadOnlyList<GatewayMember> Members,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    /// <param name="servers">The slugs of the members' servers.</param>
    public AuditView ToAudit(IReadOnlyDictionary<ServerId, string> servers)
    {
        AuditView view = new AuditView(Name).With("name", Name).With("slug", Slug).With("description", Description)
            .With("failureMode", FailureMode).With("enabled", Enabled).With("members", Members.Select(SlugOf));
        foreach (GatewayMember member in Members)
            member.AddTo(view, $"members.{SlugOf(member)}");
        return view;

        string SlugOf(GatewayMember member) => servers.GetValueOrDefault(member.Server) ?? member.Server.ToString();
    }
}

/// <summary>A server's part in a virtual gateway.</summary>
/// <param name="Prefix">
/// Put in front of the names of its tools and prompts as it stands, e.g. <c>hr_</c>; empty for none; null for the server's
/// own, <see cref="UpstreamServer.ToolPrefix"/>.
/// </param>
/// <param name="Tools">The upstream's names of the tools that are shown; null shows all, also those that come later.</param>
/// <param name="Overrides">At most one per tool.</param>
public sealed record GatewayMember(ServerId Server, string? Prefix, IReadOnlyList<string>? Tools, IReadOnlyList<ToolOverride> Overrides)
{
    /// <param name="path">Under which its parts stand.</param>
    internal void AddTo(AuditView view, string path) => view.With($"{path}.prefix", Prefix).With($"{path}.tools", Tools)
        .With($"{path}.overrides", Overrides.Count == 0 ? null : Overrides.Select(o => o.Words));
}

/// <summary>How one tool of a member is shown instead.</summary>
/// <param name="Tool">The upstream's name of it.</param>
/// <param name="Name">Its name in the gateway, without the prefix; null keeps the upstream's.</param>
/// <param name="Description">Null keeps the upstream's.</param>
public sealed record ToolOverride(string Tool, string? Name, string? Description)
{
    internal string Words => Tool + (Name is null ? "" : $" as {Name}") + (Description is null ? "" : $": {Description}");
}

/// <summary>A gateway, and its members with what their servers are called.</summary>
public sealed record GatewayDetails(VirtualGateway Gateway, IReadOnlyList<MemberDetails> Members);

/// <summary>One member of a gateway, and its server.</summary>
public sealed record MemberDetails(GatewayMember Member, ServerSummary Server)
{
    /// <summary>The prefix that holds, the member's own or the server's.</summary>
    public string EffectivePrefix => Member.Prefix ?? Server.ToolPrefix;
}

/// <summary>A new gateway as forms and REST bring it, before it is checked.</summary>
/// <param name="FailureMode">Open when not given.</param>
public sealed record NewGateway(
    string? Name = null,
    string? Slug = null,
    string? Description = null,
    FailureMode? FailureMode = null,
    bool? Enabled = null,
    IReadOnlyList<MemberInput?>? Members = null);

/// <summary>A change of a gateway; null leaves a part as it is.</summary>
/// <param name="Members">All members as they shall be.</param>
/// <param name="IfUpdatedAt">
/// The change is made only while the gateway is the one of this <see cref="VirtualGateway.UpdatedAt"/>: members are
/// replaced whole, and what a colleague saved meanwhile must not vanish unseen.
/// </param>
public sealed record GatewayChange(
    string? Name = null,
    string? Slug = null,
    string? Description = null,
    FailureMode? FailureMode = null,
    bool? Enabled = null,
    IReadOnlyList<MemberInput?>? Members = null,
    DateTimeOffset? IfUpdatedAt = null);

public interface IGatewayStore
{
    /// <exception cref="RefusalException.Conflict">The slug is taken in the organisation, or it has no such server as a member's.</exception>
    Task AddAsync(VirtualGateway gateway, AdminChange change, CancellationToken cancellationToken);

    /// <summary>Writes the gateway, and its members when <paramref name="replaceMembers"/>; false when it is gone.</summary>
    /// <param name="seen">When given, the stored <see cref="VirtualGateway.UpdatedAt"/> must still be this.</param>
    /// <exception cref="RefusalException.Conflict">
    /// The slug is taken in the organisation, it has no such server as a member's, or somebody changed the gateway since
    /// <paramref name="seen"/>.
    /// </exception>
    Task<bool> UpdateAsync(VirtualGateway gateway, bool replaceMembers, DateTimeOffset? seen, AdminChange change, CancellationToken cancellationToken);

    /// <summary>False when the organisation has no such gateway.</summary>
    Task<bool> DeleteAsync(OrganizationId organization, GatewayId gateway, AdminChange change, CancellationToken cancellationToken);

    Task<VirtualGateway?> FindAsync(OrganizationId organization, GatewayId gateway, CancellationToken cancellationToken);

    Task<VirtualGateway?> FindBySlugAsync(OrganizationId organization, string slug, CancellationToken cancellationToken);

    /// <summary>By slug; <paramref name="after"/> is the last slug of the page before.</summary>
    Task<Page<VirtualGateway>> ListAsync(OrganizationId organization, string? after, int size, CancellationToken cancellationToken);
}
