using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Audit.Chain;

/// <summary>
/// Goes along an organisation's chain, link by link, and says what the first one is that does not hold. It keeps no more
/// than where it is.
/// </summary>
/// <param name="publicKey">SubjectPublicKeyInfo of the key that signs.</param>
/// <param name="sealKey">The organisation's; null away from the installation, where signatures have to do.</param>
public sealed class ChainVerifier(OrganizationId organization, ChainAnchors anchors, byte[] publicKey, byte[]? sealKey)
{
    private readonly string _keyId = AuditKey.IdOf(publicKey);
    private readonly Queue<ChainCheckpoint> _ahead = new();
    private ChainHead _head = ChainHead.Empty(organization);
    private long _first, _calls, _entries, _removedCalls, _removedEntries, _expired, _payloadsRemoved, _signed;
    private int _checkpoints;
    private DateTimeOffset? _from, _to, _signedAt;

    /// <summary>The sequence of the link that must come next.</summary>
    public long Next => _head.Sequence + 1;

    /// <summary>Looks at what was signed. To be called first, and once.</summary>
    public ChainFinding? Begin()
    {
        using ECDsa key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(publicKey, out _);
        foreach (ChainStub stub in anchors.Stubs.OrderBy(s => s.Last))
        {
            if (!IsSigned(key, stub)) return Of(ChainFault.StubAltered, stub.Last, $"What is left of the links {stub.First} to {stub.Last} was not signed by the audit key.");
            if (stub.Kind is ChainStubKind.Payloads) _payloadsRemoved = Math.Max(_payloadsRemoved, stub.Last);
            else if (stub.First != Next || !stub.Before.AsSpan().SequenceEqual(_head.Link)) return Of(ChainFault.StubAltered, stub.First, $"What is left of the links {stub.First} to {stub.Last} does not join what was before it.");
            else Pass(stub);
        }

        foreach (ChainCheckpoint checkpoint in anchors.Checkpoints.OrderBy(c => c.Sequence))
        {
            if (!IsSigned(key, checkpoint)) return Of(ChainFault.CheckpointAltered, checkpoint.Sequence, $"The checkpoint at link {checkpoint.Sequence} was not signed by the audit key.");
            if (checkpoint.Begins != anchors.Begins) return Of(ChainFault.BeginAltered, checkpoint.Sequence, "The moment from which on records are linked is not the one that the checkpoints name.");
            (_checkpoints, _signed) = (_checkpoints + 1, Math.Max(_signed, checkpoint.Sequence));
            if (_signedAt is null || checkpoint.At > _signedAt) _signedAt = checkpoint.At;
            if (checkpoint.Sequence > _head.Sequence) _ahead.Enqueue(checkpoint);
            else if (Differs(checkpoint)) return Different(checkpoint);
        }

        return null;
    }

    /// <summary>The next link, in the order of their sequence. Null when it holds.</summary>
    public ChainFinding? Check(ChainRow row)
    {
        ChainLink link = row.Link;
        if (CheckLink(link) is { } broken) return broken;
        if (CheckRecord(row) is { } wrong) return wrong;
        _head = new ChainHead(link.Sequence, link.Link);
        if (_first == 0) _first = link.Sequence;
        if (link.Kind is ChainKind.Call) _calls++;
        else _entries++;
        if (_from is null || link.Time < _from) _from = link.Time;
        if (_to is null || link.Time > _to) _to = link.Time;
        while (_ahead.TryPeek(out ChainCheckpoint? checkpoint) && checkpoint.Sequence == link.Sequence)
        {
            if (Differs(_ahead.Dequeue())) return Different(checkpoint);
        }

        return null;
    }

    /// <summary>After the last link.</summary>
    public ChainFinding? End()
    {
        if (_ahead.TryPeek(out ChainCheckpoint? checkpoint))
        {
            return Of(ChainFault.TailMissing, Next, string.Create(CultureInfo.InvariantCulture,
                $"The links {Next} to {_ahead.Max(c => c.Sequence)} are gone, with what came after: the chain was that long on {checkpoint.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC."));
        }

        return sealKey is null && _signed < _head.Sequence && _first > 0
            ? Of(ChainFault.TailUnsigned, Math.Max(_signed + 1, _first), $"The links from {Math.Max(_signed + 1, _first)} on are not covered by a signature.")
            : null;
    }

    /// <param name="before">See <see cref="ChainReport.Before"/>.</param>
    public ChainReport Report(ChainFinding? finding, long? before) => new(
        _first, _head.Sequence, _calls, _entries, _from, _to, _checkpoints, _signedAt, _removedCalls, _removedEntries, _expired, before, _keyId, finding);

    private ChainFinding? CheckLink(ChainLink link)
    {
        if (link.Sequence > Next)
        {
            string gone = link.Sequence == Next + 1 ? string.Create(CultureInfo.InvariantCulture, $"The link {Next} is gone") : string.Create(CultureInfo.InvariantCulture, $"The links {Next} to {link.Sequence - 1} are gone");
            return Of(ChainFault.LinkMissing, Next, $"{gone}: the next that stands is that of {ChainFinding.NameOf(link.Kind, link.Record, link.Time)}.");
        }

        if (link.Sequence < Next) return ChainFinding.At(ChainFault.LinkAltered, link, "it stands there a second time.");
        bool isSealed = sealKey is null || ChainHash.Seal(sealKey, link.Link).AsSpan().SequenceEqual(link.Seal);
        if (!ChainHash.Link(_head.Link, link.Sequence, link.Leaf).AsSpan().SequenceEqual(link.Link))
        {
            return sealKey is not null && isSealed
                ? ChainFinding.At(ChainFault.LinkMoved, link, "its link was made for another place, or another record.")
                : ChainFinding.At(ChainFault.LinkAltered, link, "its link does not follow from the one before.");
        }

        return isSealed ? null : ChainFinding.At(ChainFault.LinkAltered, link, "its link was made without the organisation's key.");
    }

    private ChainFinding? CheckRecord(ChainRow row)
    {
        ChainLink link = row.Link;
        if (ChainSchema.Record(link.Kind, link.Version) is null) return ChainFinding.At(ChainFault.VersionUnknown, link, $"a later release made it (version {link.Version}).");
        if (row.Fields is not { } fields) return ChainFinding.At(ChainFault.RecordMissing, link, "it is gone.");
        if (!ChainHash.Leaf(link.Kind, link.Version, fields.Span, link.PayloadHash).AsSpan().SequenceEqual(link.Leaf))
            return ChainFinding.At(ChainFault.RecordAltered, link, "it is not what was written.");
        if (row.Payload is { } payload)
        {
            return link.PayloadHash is { } hash && ChainHash.Payload(link.Version, payload.Span).AsSpan().SequenceEqual(hash)
                ? null
                : ChainFinding.At(ChainFault.PayloadAltered, link, "its payload is not what was written.");
        }

        if (link.PayloadHash is null) return null;
        if (link.Sequence > _payloadsRemoved) return ChainFinding.At(ChainFault.PayloadMissing, link, "its payload is gone, and retention did not take it.");
        _expired++;
        return null;
    }

    private void Pass(ChainStub stub)
    {
        _head = new ChainHead(stub.Last, stub.Link);
        (_removedCalls, _removedEntries) = (_removedCalls + stub.Calls, _removedEntries + stub.Entries);
        _signed = Math.Max(_signed, stub.Last);
    }

    private bool IsSigned(ECDsa key, ChainStatement statement) => statement.Organization == organization && statement.KeyId == _keyId
        && key.VerifyData(Encoding.UTF8.GetBytes(statement.Text), statement.Signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    /// <summary>Behind a stub only the last link is known.</summary>
    private bool Differs(ChainCheckpoint checkpoint) => checkpoint.Sequence == _head.Sequence && !checkpoint.Link.AsSpan().SequenceEqual(_head.Link);

    private static ChainFinding Different(ChainCheckpoint checkpoint) => Of(ChainFault.CheckpointDiffers, checkpoint.Sequence, string.Create(CultureInfo.InvariantCulture,
        $"The chain up to link {checkpoint.Sequence} is another one than was signed on {checkpoint.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC."));

    private static ChainFinding Of(ChainFault fault, long sequence, string text) => new(fault, sequence, null, null, null, text);
}
