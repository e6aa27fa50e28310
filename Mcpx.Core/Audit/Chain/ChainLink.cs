using System.Globalization;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Audit.Chain;

/// <summary>One link of an organisation's chain: the record that was written as its <paramref name="Sequence"/>th.</summary>
/// <param name="Version">Of <see cref="ChainSchema"/>.</param>
/// <param name="Record">The call's or the entry's id.</param>
/// <param name="PayloadHash">Null for a record without a payload row; it stays when the payload goes.</param>
/// <param name="Link">See <see cref="ChainHash.Link"/>.</param>
/// <param name="Seal">See <see cref="ChainHash.Seal(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>.</param>
public sealed record ChainLink(
    long Sequence, ChainKind Kind, short Version, Guid Record, DateTimeOffset Time, byte[]? PayloadHash, byte[] Leaf, byte[] Link, byte[] Seal);

/// <summary>A link with its record as it stands now. The fields are valid until the next one is asked for.</summary>
/// <param name="Fields">Null when the record is not there, or its version is not known.</param>
/// <param name="Payload">Null when there is no payload row.</param>
public sealed record ChainRow(ChainLink Link, ReadOnlyMemory<byte>? Fields, ReadOnlyMemory<byte>? Payload);

/// <summary>Where a chain ends.</summary>
/// <param name="Sequence">0 before the first link.</param>
public sealed record ChainHead(long Sequence, byte[] Link)
{
    public static ChainHead Empty(OrganizationId organization) => new(0, ChainHash.Genesis(organization));
}

/// <summary>A signed statement about a chain.</summary>
/// <param name="KeyId">See <see cref="AuditKey.Id"/>.</param>
/// <param name="Signature">ES256 over <see cref="Text"/>: 64 bytes, as in JWS.</param>
public abstract record ChainStatement(OrganizationId Organization, DateTimeOffset At, string KeyId, byte[] Signature)
{
    /// <summary>What is signed: lines of plain text, which any tool can check.</summary>
    public abstract string Text { get; }

    internal static string Word(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}

/// <summary>“The chain was so long, and its last link was this.” Kept outside the database it is what the chain is anchored to.</summary>
/// <param name="Begins">Records of before stand outside the chain; null when there are none.</param>
public sealed record ChainCheckpoint(OrganizationId Organization, long Sequence, byte[] Link, DateTimeOffset? Begins, DateTimeOffset At, string KeyId, byte[] Signature)
    : ChainStatement(Organization, At, KeyId, Signature)
{
    public override string Text => string.Create(CultureInfo.InvariantCulture,
        $"mcpx audit checkpoint 1\norganization {Organization}\nsequence {Sequence}\nlink {Convert.ToHexStringLower(Link)}\nbegins {(Begins is { } begins ? Word(begins) : "-")}\nat {Word(At)}\nkey {KeyId}\n");
}

/// <summary>The numbers are stored: never reuse one.</summary>
public enum ChainStubKind
{
    /// <summary>Links and their records were removed.</summary>
    Period = 1,

    /// <summary>Only payloads were: links and records stand.</summary>
    Payloads = 2,
}

/// <summary>What is left of a period that retention removed.</summary>
/// <param name="Before">The link before the first that was removed.</param>
/// <param name="Link">The last that was removed; the chain goes on from it.</param>
/// <param name="From">The oldest time of a record that was removed.</param>
public sealed record ChainStub(
    OrganizationId Organization, ChainStubKind Kind, long First, long Last, byte[] Before, byte[] Link, long Calls, long Entries, DateTimeOffset From, DateTimeOffset To,
    DateTimeOffset At, string KeyId, byte[] Signature) : ChainStatement(Organization, At, KeyId, Signature)
{
    public override string Text => string.Create(CultureInfo.InvariantCulture,
        $"mcpx audit stub 1\norganization {Organization}\nkind {(Kind is ChainStubKind.Period ? "period" : "payloads")}\nfirst {First}\nlast {Last}\nbefore {Convert.ToHexStringLower(Before)}\nlink {Convert.ToHexStringLower(Link)}\ncalls {Calls}\nentries {Entries}\nfrom {Word(From)}\nto {Word(To)}\nat {Word(At)}\nkey {KeyId}\n");
}

/// <summary>What a chain is held against.</summary>
/// <param name="Begins">See <see cref="ChainCheckpoint.Begins"/>.</param>
/// <param name="Checkpoints">By their sequence.</param>
/// <param name="Stubs">By their last sequence.</param>
public sealed record ChainAnchors(DateTimeOffset? Begins, IReadOnlyList<ChainCheckpoint> Checkpoints, IReadOnlyList<ChainStub> Stubs);
