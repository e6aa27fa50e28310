using Mcpx.Core.Primitives;

namespace Mcpx.Core.Audit.Chain;

/// <summary>A head that no checkpoint covers yet.</summary>
/// <param name="Seal">To be checked before it is signed.</param>
public sealed record UnsignedHead(OrganizationId Organization, ChainHead Head, byte[] Seal, DateTimeOffset? Begins);

/// <summary>Records that have no link.</summary>
/// <param name="Before">Of the time before there were chains.</param>
/// <param name="Inserted">The oldest of those that came later; null when there is none.</param>
public sealed record UnlinkedRecords(long Before, (ChainKind Kind, Guid Record, DateTimeOffset Time)? Inserted);

/// <summary>
/// The chains, which grow in the transactions that write records. Nothing that stands in one is ever changed; the only way
/// to take something out leaves a <see cref="ChainStub"/>.
/// </summary>
public interface IAuditChainStore
{
    /// <summary>Everything that was signed about an organisation's chain.</summary>
    Task<ChainAnchors> FindAnchorsAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>The last link; null when the chain has none, or retention took them all.</summary>
    Task<(ChainHead Head, byte[] Seal)?> FindHeadAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>Links with their records as they stand now, in order and in pages; a row is valid until the next.</summary>
    /// <param name="last">The last sequence that is wanted.</param>
    IAsyncEnumerable<ChainRow> ReadAsync(OrganizationId organization, long first, long last, CancellationToken cancellationToken);

    /// <summary>Whether the organisation has a record of this id, whatever else stands in it.</summary>
    Task<bool> FindRecordAsync(OrganizationId organization, ChainKind kind, Guid record, CancellationToken cancellationToken);

    /// <summary>Searches for records without a link. Goes through all of the organisation's.</summary>
    Task<UnlinkedRecords> FindUnlinkedAsync(OrganizationId organization, DateTimeOffset? begins, CancellationToken cancellationToken);

    /// <summary>The heads of all organisations that have new links since their last checkpoint.</summary>
    Task<IReadOnlyList<UnsignedHead>> ListUnsignedAsync(CancellationToken cancellationToken);

    /// <summary>Keeps a checkpoint; one that stands there stays.</summary>
    Task AddCheckpointAsync(ChainCheckpoint checkpoint, CancellationToken cancellationToken);

    /// <summary>
    /// What the next stub would cover: links from the beginning of what stands, all of them of before an instant, and no more
    /// than a limit. Unsigned; null when there is nothing.
    /// </summary>
    Task<ChainStub?> FindPeriodAsync(OrganizationId organization, ChainStubKind kind, DateTimeOffset before, int most, CancellationToken cancellationToken);

    /// <summary>Removes what the stub says, and leaves it, in one transaction.</summary>
    /// <exception cref="InvalidOperationException">The chain is not as the stub says.</exception>
    Task CloseAsync(ChainStub stub, CancellationToken cancellationToken);
}
