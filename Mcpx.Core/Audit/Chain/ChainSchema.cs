namespace Mcpx.Core.Audit.Chain;

/// <summary>What a link is about. The numbers are stored and hashed: never reuse one.</summary>
public enum ChainKind
{
    Call = 1,
    Entry = 2,
}

/// <summary>How a value is written before it is hashed: PostgreSQL's binary form, with its length in front.</summary>
public enum ChainType
{
    Text,
    Uuid,
    Int16,
    Int32,
    Int64,
    Boolean,

    /// <summary>Microseconds since 2000-01-01 UTC.</summary>
    Timestamp,
    Bytes,
}

public sealed record ChainColumn(string Name, ChainType Type);

/// <summary>
/// Which values of a record are hashed, in which order. A version never changes: a column that is added to a table makes a
/// new version, which begins with the columns of the one before, so that older links still verify.
/// </summary>
public static class ChainSchema
{
    /// <summary>What new links are made with.</summary>
    public const short Newest = 1;

    private static readonly IReadOnlyList<ChainColumn> CallColumns = Parse(
        "time:Timestamp id:Uuid org_id:Uuid endpoint:Text server_id:Uuid server_slug:Text user_id:Uuid user_name:Text token_id:Uuid token_name:Text " +
        "client_name:Text client_version:Text era:Int16 method:Text tool:Text outcome:Int16 status:Int32 rule:Text reason:Text total_us:Int64 upstream_us:Int64 " +
        "request_bytes:Int32 response_bytes:Int64 gateway_id:Uuid gateway_slug:Text upstream_tool:Text service_account_id:Uuid service_account_name:Text " +
        "would_rule:Text first_byte_us:Int64 trace_id:Text first_round:Uuid");

    // Payloads by their hashes: the chain can be read, and leave the house, without them.
    private static readonly IReadOnlyList<ChainColumn> PayloadColumns = Parse(
        "time:Timestamp id:Uuid org_id:Uuid request_sha256:Bytes response_sha256:Bytes truncated:Boolean payloads:Int16 request_digest:Bytes response_digest:Bytes redactions:Text");

    private static readonly IReadOnlyList<ChainColumn> EntryColumns = Parse(
        "id:Uuid org_id:Uuid time:Timestamp actor_kind:Int16 actor_id:Uuid actor_name:Text credential_kind:Int16 credential_id:Uuid credential_name:Text " +
        "address:Text user_agent:Text action:Text subject_kind:Text subject_id:Uuid subject_name:Text before:Text after:Text");

    /// <summary>The columns of a record; null for a version that this release does not know.</summary>
    public static IReadOnlyList<ChainColumn>? Record(ChainKind kind, short version) => (kind, version) switch
    {
        (ChainKind.Call, 1) => CallColumns,
        (ChainKind.Entry, 1) => EntryColumns,
        _ => null,
    };

    /// <summary>The columns of a call's payload row; null for a version that this release does not know.</summary>
    public static IReadOnlyList<ChainColumn>? Payload(short version) => version == 1 ? PayloadColumns : null;

    private static IReadOnlyList<ChainColumn> Parse(string text) =>
        [.. text.Split(' ').Select(c => c.Split(':')).Select(c => new ChainColumn(c[0], Enum.Parse<ChainType>(c[1])))];
}
