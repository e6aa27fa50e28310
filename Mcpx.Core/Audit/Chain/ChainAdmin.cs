using System.Collections.Concurrent;
using System.Globalization;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Audit.Chain;

/// <summary>How far a verification is.</summary>
/// <param name="Total">Links that there are to look at.</param>
public sealed record ChainProgress(long Done, long Total);

/// <summary>The one door to the chain that makes changes of the audit evident. Whoever may read the audit log may verify it.</summary>
public sealed class ChainAdmin(IAuditChainStore store, AuditKeys keys, TimeProvider time)
{
    private const int ProgressEvery = 2000;

    /// <summary>Retention may take a period away while we go along it; then we begin again.</summary>
    private const int MostTurns = 3;

    private readonly ConcurrentDictionary<OrganizationId, bool> _running = new();

    /// <summary>The signed checkpoints, oldest first, and the key that signed them.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public async Task<(IReadOnlyList<ChainCheckpoint> Checkpoints, AuditKey Key)> ListCheckpointsAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewAuditLog);
        ChainAnchors anchors = await store.FindAnchorsAsync(actor.Organization, cancellationToken);
        return (anchors.Checkpoints, await keys.GetAsync(cancellationToken));
    }

    /// <summary>Goes along the organisation's whole chain, with all records and payloads.</summary>
    /// <param name="progress">Told now and then, and not later than a page after.</param>
    /// <exception cref="RefusalException">Not allowed, or one is running already on this replica.</exception>
    public async Task<ChainReport> VerifyAsync(Actor actor, IProgress<ChainProgress>? progress, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewAuditLog);
        if (!_running.TryAdd(actor.Organization, true)) throw new RefusalException.Conflict("organization", "A verification of this organisation is running already.");
        try
        {
            for (int turn = 1; ; turn++)
            {
                ChainAnchors anchors = await store.FindAnchorsAsync(actor.Organization, cancellationToken);
                ChainReport report = await VerifyAsync(actor.Organization, anchors, progress, cancellationToken);
                if (report.IsIntact || turn == MostTurns || (await store.FindAnchorsAsync(actor.Organization, cancellationToken)).Stubs.Count == anchors.Stubs.Count) return report;
            }
        }
        finally
        {
            _running.TryRemove(actor.Organization, out _);
        }
    }

    /// <summary>
    /// Writes the chain for whoever verifies it elsewhere: every link with its record, payloads by their hashes, what was
    /// signed, and a signature over the end. Nothing is written before it is clear that it may be.
    /// </summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public async Task ReadExportAsync(Actor actor, Stream output, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewAuditLog);
        AuditKey key = await keys.GetAsync(cancellationToken);
        ChainAnchors anchors = await store.FindAnchorsAsync(actor.Organization, cancellationToken);
        long last = anchors.Stubs.Where(s => s.Kind is ChainStubKind.Period).Select(s => s.Last).DefaultIfEmpty(0).Max(), first = last + 1;
        if (await store.FindHeadAsync(actor.Organization, cancellationToken) is { } end)
        {
            last = end.Head.Sequence;
            // What somebody without the key has made is not signed: the export then says so by what it lacks.
            if (IsSealed(key, actor.Organization, end.Head, end.Seal)) anchors = anchors with { Checkpoints = [.. anchors.Checkpoints, Sign(key, actor.Organization, end.Head, anchors.Begins)] };
        }

        using ChainExportWriter writer = new(output);
        await writer.BeginAsync(actor.Organization, anchors, key, cancellationToken);
        await foreach (ChainRow row in store.ReadAsync(actor.Organization, first, last, cancellationToken))
            await writer.WriteAsync(row, cancellationToken);
        await writer.EndAsync(cancellationToken);
    }

    internal static bool IsSealed(AuditKey key, OrganizationId organization, ChainHead head, byte[] seal) =>
        ChainHash.Seal(key.SealKeyOf(organization), head.Link).AsSpan().SequenceEqual(seal);

    private ChainCheckpoint Sign(AuditKey key, OrganizationId organization, ChainHead head, DateTimeOffset? begins) =>
        key.Sign(new ChainCheckpoint(organization, head.Sequence, head.Link, begins, Instant.Now(time), "", []));

    private async Task<ChainReport> VerifyAsync(OrganizationId organization, ChainAnchors anchors, IProgress<ChainProgress>? progress, CancellationToken cancellationToken)
    {
        AuditKey key = await keys.GetAsync(cancellationToken);
        ChainVerifier verifier = new(organization, anchors, key.PublicKey, key.SealKeyOf(organization));
        ChainFinding? finding = verifier.Begin();
        // What is written from here on is for the next time.
        long last = await store.FindHeadAsync(organization, cancellationToken) is { } end ? end.Head.Sequence : 0, first = verifier.Next;
        if (finding is null)
        {
            await foreach (ChainRow row in store.ReadAsync(organization, first, last, cancellationToken))
            {
                finding = verifier.Check(row);
                if (finding is not null) break;
                if (row.Link.Sequence % ProgressEvery == 0) progress?.Report(new ChainProgress(row.Link.Sequence - first + 1, last - first + 1));
            }
        }

        if (finding is { Fault: ChainFault.RecordMissing, Kind: { } kind, Record: { } record } && await store.FindRecordAsync(organization, kind, record, cancellationToken))
            finding = finding with { Fault = ChainFault.RecordAltered, Text = finding.Text.Replace("it is gone", "its time was changed", StringComparison.Ordinal) };
        finding ??= verifier.End();
        UnlinkedRecords unlinked = await store.FindUnlinkedAsync(organization, anchors.Begins, cancellationToken);
        if (finding is null && unlinked.Inserted is { } inserted)
            finding = new ChainFinding(ChainFault.RecordInserted, null, inserted.Kind, inserted.Record, inserted.Time, string.Create(CultureInfo.InvariantCulture, $"{ChainFinding.NameOf(inserted.Kind, inserted.Record, inserted.Time)} stands there without a link: it was put there by somebody else."));
        return verifier.Report(finding, unlinked.Before);
    }
}
