namespace Mcpx.Core.Servers;

/// <summary>Something that refers to a server, by the name that people gave it.</summary>
/// <param name="Slug">Its name in addresses; null for what has none.</param>
/// <param name="OnlyThis">A credential that is limited to this server alone, and opens nothing without it.</param>
public sealed record Dependent(Guid Id, string Name, string? Slug = null, bool OnlyThis = false);

/// <summary>What would miss a server that is deleted.</summary>
/// <param name="Gateways">Virtual gateways that it is a member of.</param>
/// <param name="Rules">How many rules govern its tools; they go with it.</param>
/// <param name="Tokens">Live personal tokens that are limited to it, with others or alone.</param>
public sealed record ServerDependents(
    IReadOnlyList<Dependent> Gateways, int Rules, IReadOnlyList<Dependent> Tokens, IReadOnlyList<Dependent> ServiceAccounts)
{
    public bool IsEmpty => Gateways.Count == 0 && Rules == 0 && Tokens.Count == 0 && ServiceAccounts.Count == 0;
}
