using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Journal;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;
using Mcpx.Tests.Fixtures;

namespace Mcpx.Tests.Calls.Journal;

/// <summary>Calls for tests of the journal.</summary>
internal static class JournalCalls
{
    private static readonly TestClock Clock = new();

    public static JournalKeys Keys { get; } = KeysOf(1);

    /// <summary>Those of another installation for each seed.</summary>
    public static JournalKeys KeysOf(params byte[] seeds) => new(new KeyRing([.. seeds.Select(s => Enumerable.Repeat(s, KeyRing.MinimumKeyBytes).ToArray())]));

    public static CallRecord Small() => new()
    {
        Id = EntityId.New<CallId>(Clock),
        Time = Clock.GetUtcNow(),
        Organization = OrganizationId.None,
        Endpoint = "/mcp/acme/server/x",
        Outcome = CallOutcome.Ok,
        Status = 200,
        TotalMicroseconds = 1,
        RequestBytes = 1,
        ResponseBytes = 1,
    };

    public static CallRecord Sized(int bytes) => Small() with { Request = new byte[bytes] };

    /// <summary>Every member with a value that is not its default.</summary>
    public static CallRecord Full() => Small() with
    {
        Organization = EntityId.New<OrganizationId>(Clock),
        Server = EntityId.New<ServerId>(Clock),
        ServerSlug = "crm",
        Gateway = EntityId.New<GatewayId>(Clock),
        GatewaySlug = "sales",
        User = EntityId.New<UserId>(Clock),
        UserName = "Ada Lovelace",
        Token = EntityId.New<TokenId>(Clock),
        TokenName = "laptop",
        ServiceAccount = EntityId.New<ServiceAccountId>(Clock),
        ServiceAccountName = "nightly",
        ClientName = "Клиент 🦊",
        ClientVersion = "1.2",
        Era = ProtocolEra.Stateless,
        Method = "tools/call",
        Tool = "crm_find",
        UpstreamTool = "find",
        Outcome = CallOutcome.Denied,
        Status = 403,
        Rule = "blocklist:find",
        Reason = "The blocklist names “find”.",
        TotalMicroseconds = long.MaxValue,
        UpstreamMicroseconds = 17,
        RequestBytes = int.MaxValue,
        ResponseBytes = 1L << 40,
        Request = new byte[] { 0, 255, 13, 10 },
        Response = Array.Empty<byte>(),
        Truncated = true,
        WouldRule = "allowlist",
        Stage = RecordStage.End,
        FirstByteMicroseconds = 12,
        TraceId = "4bf92f3577b34da6a3ce929d0e0e4736",
        FirstRound = EntityId.New<CallId>(Clock),
        Payloads = PayloadMode.MetadataOnly,
        RequestDigest = [1, 2, 3],
        ResponseDigest = [4],
    };

    /// <summary>One after the other.</summary>
    public static async Task<List<CallRecord>> AppendAsync(this DiskJournal journal, int count)
    {
        List<CallRecord> calls = [.. Enumerable.Range(0, count).Select(_ => Small())];
        foreach (CallRecord call in calls) await journal.AppendAsync(call);
        return calls;
    }

    /// <summary>What is in the journal and not confirmed, read to its end and confirmed.</summary>
    public static List<CallRecord> ReadAll(this DiskJournal journal, int batch = 1000)
    {
        List<CallRecord> all = [], some = [];
        do
        {
            journal.Read(some, batch, long.MaxValue);
            all.AddRange(some.Select(c => c.Owned()));
            journal.Confirm();
        }
        while (some.Count > 0);
        return all;
    }

    /// <summary>A payload's, to be compared by what they are.</summary>
    public static byte[]? Bytes(this ReadOnlyMemory<byte>? payload) => payload?.ToArray();
}
