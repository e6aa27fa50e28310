using Mcpx.Core.Primitives;

namespace Mcpx.Core.Metrics;

/// <summary>Where figures are kept. What has no calls has no row.</summary>
public interface IMetricStore
{
    /// <summary>Every step of some spans in order, steps without calls included; from events, exact, and in one question.</summary>
    /// <param name="servers">Over which time servers are told apart; null leaves them out.</param>
    Task<LiveAnswer> LiveAsync(OrganizationId organization, IReadOnlyList<MetricSpan> spans, MetricSpan? servers, CancellationToken cancellationToken);

    /// <summary>From events, exact.</summary>
    Task<IReadOnlyList<ServerFigures>> ByServerAsync(OrganizationId organization, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken);

    /// <summary>In order of time. A selection by caller on a roll-up may filter by server and caller only.</summary>
    Task<IReadOnlyList<MetricRow>> ReadAsync(OrganizationId organization, MetricSelection selection, CancellationToken cancellationToken);

    /// <summary>The same over all organisations, for who runs the installation.</summary>
    Task<IReadOnlyList<MetricRow>> ReadInstallationAsync(MetricSelection selection, CancellationToken cancellationToken);

    /// <summary>What servers, gateways and callers are called, or were when they went.</summary>
    Task<IReadOnlyDictionary<Guid, MetricName>> NamesAsync(OrganizationId organization, IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken);

    /// <summary>What organisations are called, for who runs the installation; those that are gone are missing.</summary>
    Task<IReadOnlyDictionary<Guid, MetricName>> OrganizationNamesAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken);

    /// <summary>Null when the organisation is gone.</summary>
    Task<MetricRetention?> FindRetentionAsync(OrganizationId organization, CancellationToken cancellationToken);
}
