using Mcpx.Core.Primitives;

namespace Mcpx.Data.Changes;

/// <summary>This process among the replicas; made anew at each start.</summary>
internal sealed record ReplicaId(Guid Value);

/// <summary>A change as it travels in a notification: <c>replica kind id</c>, ids only.</summary>
internal sealed record ChangeMessage(Guid Replica, Change Change)
{
    public const string Channel = "mcpx_changes";

    public override string ToString() => $"{Replica:D} {Word(Change.Kind)} {Change.Id:D}";

    /// <summary>Null for what we don't know: a newer release may send more while a rolling update runs.</summary>
    public static ChangeMessage? Parse(string payload)
    {
        string[] parts = payload.Split(' ');
        if (parts.Length < 3 || !Guid.TryParse(parts[0], out Guid replica) || !Guid.TryParse(parts[2], out Guid id)) return null;
        return Kind(parts[1]) is { } kind ? new ChangeMessage(replica, new Change(kind, id)) : null;
    }

    private static readonly (ChangeKind Kind, string Word)[] Words =
    [
        (ChangeKind.Configuration, "configuration"),
        (ChangeKind.Token, "token"),
        (ChangeKind.Member, "member"),
        (ChangeKind.ServiceAccount, "service-account"),
        (ChangeKind.Session, "session"),
        (ChangeKind.SigningKeys, "signing-keys"),
    ];

    /// <summary>What a kind is called in a notification and in the table of revocations.</summary>
    public static string Word(ChangeKind kind) => Array.Find(Words, w => w.Kind == kind).Word
        ?? throw new ArgumentOutOfRangeException(nameof(kind), kind, "This kind is not sent.");

    /// <summary>Null for a word of a newer release.</summary>
    public static ChangeKind? Kind(string word) => Array.Find(Words, w => w.Word == word) is { Word: not null } known ? known.Kind : null;
}
