using Mcpx.Core.Jobs;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Audit.Chain;

/// <summary>What a removal took.</summary>
public sealed record ChainRemoval(long Calls, long Entries, int Stubs);

/// <summary>Signs the ends of chains, and takes periods out of them so that the rest still verifies.</summary>
public sealed partial class ChainKeeper(IAuditChainStore store, AuditKeys keys, ILogger<ChainKeeper> logger, TimeProvider time)
{
    /// <summary>Links that one transaction removes: it keeps a lock that writers wait for.</summary>
    private const int MostAtOnce = 10_000;

    /// <summary>Signs the head of every organisation's chain that has grown.</summary>
    /// <returns>How many were signed, and how many were not because somebody else than mcpx made their last link.</returns>
    public async Task<(int Signed, int Refused)> SignAsync(CancellationToken cancellationToken)
    {
        AuditKey key = await keys.GetAsync(cancellationToken);
        int signed = 0, refused = 0;
        foreach (UnsignedHead head in await store.ListUnsignedAsync(cancellationToken))
        {
            if (!ChainAdmin.IsSealed(key, head.Organization, head.Head, head.Seal))
            {
                refused++;
                LogForged(logger, head.Organization, head.Head.Sequence);
                continue;
            }

            await store.AddCheckpointAsync(key.Sign(new ChainCheckpoint(head.Organization, head.Head.Sequence, head.Head.Link, head.Begins, Instant.Now(time), "", [])), cancellationToken);
            signed++;
        }

        return (signed, refused);
    }

    /// <summary>
    /// Removes an organisation's calls and entries from the beginning of its chain up to the first that is not older than
    /// <paramref name="before"/>, and leaves signed stubs. May be cut off anywhere and begun again.
    /// </summary>
    public Task<ChainRemoval> RemoveAsync(OrganizationId organization, DateTimeOffset before, CancellationToken cancellationToken) =>
        RemoveAsync(organization, ChainStubKind.Period, before, cancellationToken);

    /// <summary>The same for payloads alone: the records stay, and verify by the hashes of what was there.</summary>
    public Task<ChainRemoval> RemovePayloadsAsync(OrganizationId organization, DateTimeOffset before, CancellationToken cancellationToken) =>
        RemoveAsync(organization, ChainStubKind.Payloads, before, cancellationToken);

    private async Task<ChainRemoval> RemoveAsync(OrganizationId organization, ChainStubKind kind, DateTimeOffset before, CancellationToken cancellationToken)
    {
        AuditKey key = await keys.GetAsync(cancellationToken);
        ChainRemoval removed = new(0, 0, 0);
        while (await store.FindPeriodAsync(organization, kind, before, MostAtOnce, cancellationToken) is { } period)
        {
            await store.CloseAsync(key.Sign(period with { At = Instant.Now(time) }), cancellationToken);
            removed = new ChainRemoval(removed.Calls + period.Calls, removed.Entries + period.Entries, removed.Stubs + 1);
        }

        return removed;
    }

    [LoggerMessage(6260, LogLevel.Critical, "The audit chain of organization {Organization} ends in link {Sequence}, which was not made by mcpx. It is not signed; verify the chain.")]
    private static partial void LogForged(ILogger logger, OrganizationId organization, long sequence);
}

/// <summary>Signs the ends of chains every hour.</summary>
public sealed class ChainCheckpointJob(ChainKeeper keeper) : IJob
{
    public string Name => "sign-audit-checkpoints";

    public TimeSpan Every { get; } = TimeSpan.FromHours(1);

    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        (int signed, int refused) = await keeper.SignAsync(cancellationToken);
        return refused == 0 ? $"{signed} signed." : $"{signed} signed, {refused} refused: their last link is not ours.";
    }
}
