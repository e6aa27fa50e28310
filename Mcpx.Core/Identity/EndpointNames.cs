using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>A server or virtual gateway as limits name it.</summary>
public sealed record EndpointName(Guid Id, bool IsGateway, string Slug, string Name)
{
    /// <summary>As REST and forms spell it, like the end of its address: <c>server/crm</c>, <c>gateway/office</c>.</summary>
    public string Path => $"{(IsGateway ? "gateway" : "server")}/{Slug}";
}

public interface IEndpointStore
{
    /// <summary>An organisation's servers and virtual gateways, by name.</summary>
    Task<IReadOnlyList<EndpointName>> ListAsync(OrganizationId organization, CancellationToken cancellationToken);
}

/// <summary>A credential's limits as they are asked for.</summary>
/// <param name="Endpoints">Like <see cref="EndpointName.Path"/>, or ids; null for all.</param>
/// <param name="Tools">Names or patterns with <c>*</c>, as the endpoints show them; null for all.</param>
public sealed record LimitsRequest(IReadOnlyList<string>? Endpoints, IReadOnlyList<string>? Tools);

/// <summary>Turns limits as people write them into limits as they are kept: slugs change, ids don't.</summary>
public sealed class EndpointNames(IEndpointStore store)
{
    public const int MostEndpoints = 200;
    public const int MostTools = 100;
    public const int LongestPattern = 256;

    /// <exception cref="RefusalException.Forbidden">The actor's role does not allow it.</exception>
    public Task<IReadOnlyList<EndpointName>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return store.ListAsync(actor.Organization, cancellationToken);
    }

    /// <summary>Adds what is wrong to <paramref name="check"/>, under <c>endpoints</c> and <c>tools</c>.</summary>
    /// <param name="kept">Ids that were accepted before: one whose server is gone may be sent back as it was read.</param>
    public async Task<CallerLimits> ResolveAsync(
        InputCheck check, OrganizationId organization, LimitsRequest limits, IReadOnlyList<Guid>? kept, CancellationToken cancellationToken)
    {
        // An empty list would make a credential that opens nothing, and whoever wrote it meant something else.
        check.Require(limits.Endpoints is null or { Count: > 0 and <= MostEndpoints }, "endpoints", $"Name 1 to {MostEndpoints} servers or gateways, or leave it out for all.")
            .Require(limits.Tools is null or { Count: > 0 and <= MostTools }, "tools", $"Name 1 to {MostTools} tools, or leave it out for all.");
        foreach (string? tool in limits.Tools ?? [])
            check.Require(tool is { Length: > 0 and <= LongestPattern }, "tools", $"A tool's name or pattern has 1 to {LongestPattern} characters.").Text(tool, "tools");
        if (limits.Endpoints is not { Count: <= MostEndpoints } asked) return new CallerLimits(null, limits.Tools is null ? null : [.. limits.Tools.Distinct(StringComparer.Ordinal)]);

        IReadOnlyList<EndpointName> known = await store.ListAsync(organization, cancellationToken);
        List<Guid> ids = [];
        foreach (string? name in asked)
        {
            Guid? id = known.FirstOrDefault(e => e.Path == name || e.Id.ToString("D") == name)?.Id
                ?? (Guid.TryParseExact(name, "D", out Guid gone) && kept?.Contains(gone) is true ? gone : null);
            check.Require(id is not null, "endpoints", "Name servers and gateways of this organisation, such as server/crm or gateway/office.");
            if (id is { } found && !ids.Contains(found)) ids.Add(found);
        }

        return new CallerLimits(ids, limits.Tools is null ? null : [.. limits.Tools.Distinct(StringComparer.Ordinal)]);
    }
}
