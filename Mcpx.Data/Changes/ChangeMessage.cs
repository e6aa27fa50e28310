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
        return parts[1] switch
        {
            "configuration" => new ChangeMessage(replica, new Change(ChangeKind.Configuration, id)),
            "token" => new ChangeMessage(replica, new Change(ChangeKind.Token, id)),
            _ => null,
        };
    }

    private static string Word(ChangeKind kind) => kind switch
    {
        ChangeKind.Configuration => "configuration",
        ChangeKind.Token => "token",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "This kind is not sent."),
    };
}
