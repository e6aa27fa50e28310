using Mcpx.Core.Servers;

namespace Mcpx.Core.Gateways;

public enum MemberStatus
{
    /// <summary>Its list is served, and the last reading succeeded.</summary>
    Fresh,

    /// <summary>Its last known list is served; the last reading failed.</summary>
    Stale,

    /// <summary>Nothing of it is served.</summary>
    Missing,
}

/// <summary>How a member of a gateway is doing.</summary>
/// <param name="Reason">One of <see cref="CatalogReasons"/>; null when fresh.</param>
/// <param name="Message">The reason in a sentence for every caller; null when fresh.</param>
/// <param name="ReadAt">When the list that is served was read; null when none is.</param>
public sealed record MemberState(MemberRoute Member, MemberStatus Status, string? Reason, string? Message, DateTimeOffset? ReadAt)
{
    internal static MemberState Of(MemberRoute member, KnownCatalog? known)
    {
        if (!member.Server.Server.Enabled) return new MemberState(member, MemberStatus.Missing, CatalogReasons.ServerDisabled, "The server is switched off.", null);
        if (known is null) return new MemberState(member, MemberStatus.Missing, CatalogReasons.NotReadYet, "The server is being asked for the first time.", null);
        MemberStatus status = known.Catalog is null ? MemberStatus.Missing : known.Failure is null ? MemberStatus.Fresh : MemberStatus.Stale;
        return new MemberState(member, status, known.Failure?.Reason, known.Failure?.Message, known.Catalog?.ReadAt);
    }
}

/// <summary>A virtual gateway at one instant: what it offers, and what is missing and why. Immutable.</summary>
/// <param name="Members">One for each member of the route, in its order.</param>
public sealed record GatewayView(GatewayRoute Route, GatewayCatalog Catalog, IReadOnlyList<MemberState> Members);
