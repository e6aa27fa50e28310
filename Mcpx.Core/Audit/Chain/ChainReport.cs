using System.Globalization;

namespace Mcpx.Core.Audit.Chain;

/// <summary>What may be wrong with a chain. The names are part of the API.</summary>
public enum ChainFault
{
    /// <summary>A record is not what was written.</summary>
    RecordAltered,

    /// <summary>A record is gone, and its link stands.</summary>
    RecordMissing,

    /// <summary>A record stands where no link was made for it.</summary>
    RecordInserted,

    /// <summary>A payload, or what is said about it, is not what was written.</summary>
    PayloadAltered,

    /// <summary>A payload is gone, and retention did not take it.</summary>
    PayloadMissing,

    /// <summary>A link is not what was written, or somebody made it without the key.</summary>
    LinkAltered,

    /// <summary>A link that was made elsewhere in the chain.</summary>
    LinkMoved,

    /// <summary>Links are gone between two others.</summary>
    LinkMissing,

    /// <summary>The chain ends before where it was signed.</summary>
    TailMissing,

    /// <summary>The chain goes on behind its last signature; only where there is no key to check the seals with.</summary>
    TailUnsigned,

    /// <summary>A checkpoint was not signed by the audit's key.</summary>
    CheckpointAltered,

    /// <summary>The chain is another one than was signed.</summary>
    CheckpointDiffers,

    /// <summary>What is left of a removed period was not signed by the audit's key, or does not join.</summary>
    StubAltered,

    /// <summary>The moment from which on records are linked is not the one that was signed.</summary>
    BeginAltered,

    /// <summary>A later release made it.</summary>
    VersionUnknown,

    /// <summary>An export that can't be read.</summary>
    Malformed,
}

/// <summary>The first thing that is wrong.</summary>
/// <param name="Sequence">Of the link; null where none is to blame.</param>
/// <param name="Record">The call's or the entry's id.</param>
/// <param name="Text">For people, a sentence.</param>
public sealed record ChainFinding(ChainFault Fault, long? Sequence, ChainKind? Kind, Guid? Record, DateTimeOffset? Time, string Text)
{
    internal static ChainFinding At(ChainFault fault, ChainLink link, string what) =>
        new(fault, link.Sequence, link.Kind, link.Record, link.Time, string.Create(CultureInfo.InvariantCulture, $"{NameOf(link.Kind, link.Record, link.Time)} (link {link.Sequence}): {what}"));

    internal static string NameOf(ChainKind kind, Guid record, DateTimeOffset time) =>
        string.Create(CultureInfo.InvariantCulture, $"{(kind is ChainKind.Call ? "Call" : "Entry")} {record} of {time.UtcDateTime:yyyy-MM-dd HH:mm:ss.ffffff} UTC");
}

/// <summary>What a verification has seen, up to the first thing that is wrong.</summary>
/// <param name="First">The first link that stands; 0 when there is none.</param>
/// <param name="From">The oldest time of a record that was verified.</param>
/// <param name="Checkpoints">Signatures that hold.</param>
/// <param name="RemovedCalls">By retention, which left signed stubs.</param>
/// <param name="ExpiredPayloads">Payloads that retention took: their records verify all the same.</param>
/// <param name="Before">Records that were written before the installation made chains; null where that can't be told.</param>
/// <param name="KeyId">Of the key that signed.</param>
/// <param name="Finding">Null when all holds.</param>
public sealed record ChainReport(
    long First, long Last, long Calls, long Entries, DateTimeOffset? From, DateTimeOffset? To, int Checkpoints, DateTimeOffset? SignedAt, long RemovedCalls, long RemovedEntries,
    long ExpiredPayloads, long? Before, string KeyId, ChainFinding? Finding)
{
    public bool IsIntact => Finding is null;

    public long Links => Calls + Entries;
}
