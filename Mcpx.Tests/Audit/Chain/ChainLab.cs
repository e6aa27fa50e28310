using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Calls;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Tests.Data;
using Npgsql;

namespace Mcpx.Tests.Audit.Chain;

/// <summary>An organisation with a chain, on a database that its owner may tamper with.</summary>
internal sealed class ChainLab(DataHost host, Membership owner)
{
    private int _made, _servers;

    public DataHost Host => host;

    public OrganizationId Organization => owner.Organization.Id;

    public Actor Actor { get; } = Actor.Of(owner, TestChanges.Origin);

    public ChainAdmin Chain { get; } = AdminOf(host);

    public ChainKeeper Keeper => host.Get<ChainKeeper>();

    public static ChainAdmin AdminOf(DataHost host) => new(host.Get<IAuditChainStore>(), host.Get<AuditKeys>(), TimeProvider.System);

    public static async Task<ChainLab> CreateAsync(DataHost host, string slug = "acme") => new(host, await host.AddOrganizationAsync(slug));

    public Task<ChainReport> VerifyAsync() => Chain.VerifyAsync(Actor, null, CancellationToken.None);

    /// <summary>A call in which no member is empty.</summary>
    public CallRecord NewCall(int i, DateTimeOffset? at = null) => DataHost.NewCall(Organization, (at ?? DataHost.Now).AddTicks(i * 10 * TimeSpan.TicksPerMicrosecond), (CallOutcome)(i % 6), DataHost.NewId<ServerId>()) with
    {
        ServerSlug = "finance", Gateway = DataHost.NewId<GatewayId>(), GatewaySlug = "all", User = DataHost.NewId<UserId>(), UserName = $"Ann {i}", Token = DataHost.NewId<TokenId>(), TokenName = "laptop",
        ServiceAccount = DataHost.NewId<ServiceAccountId>(), ServiceAccountName = "robot", ClientName = "claude \u202e", ClientVersion = "1.2", Era = ProtocolEra.Stateless, Method = "tools/call",
        Tool = $"tool_{i}", UpstreamTool = "balance", Rule = "allowlist:x", WouldRule = "blocklist:y", Reason = "Because.", UpstreamMicroseconds = 7, FirstByteMicroseconds = 9,
        TraceId = new string('a', 32), FirstRound = DataHost.NewId<CallId>(), Request = (byte[])[.. System.Text.Encoding.UTF8.GetBytes($"request {i}"), 0, 0xED, 0xA0], Response = "response"u8.ToArray(),
    };

    public async Task<IReadOnlyList<CallRecord>> WriteCallsAsync(int count, DateTimeOffset? at = null)
    {
        // No two are alike: what is exchanged must make a difference.
        CallRecord[] calls = [.. Enumerable.Range(_made, count).Select(i => NewCall(i, at))];
        _made += count;
        await host.Get<ICallStore>().WriteAsync(calls, CancellationToken.None);
        return calls;
    }

    public async Task WriteEntriesAsync(int count)
    {
        UpstreamServer server = await host.AddServerAsync(Organization, $"s{_servers++}");
        for (int i = 1; i < count; i++)
            await host.Get<IServerStore>().UpdateAsync(server with { Name = $"Name {i}" }, replaceCredential: false, credential: null, CancellationToken.None);
    }

    public async Task<int> ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = host.Owner.CreateCommand(sql);
        return await command.ExecuteNonQueryAsync();
    }

    public async Task<T> QueryAsync<T>(string sql) => (T)(await host.QueryAsync(sql))!;

    public async Task<byte[]> ExportAsync()
    {
        using MemoryStream output = new();
        await Chain.ReadExportAsync(Actor, output, CancellationToken.None);
        return output.ToArray();
    }

    public static async Task<ChainReport> VerifyExportAsync(byte[] export, byte[]? kept = null)
    {
        using MemoryStream file = new(export);
        using MemoryStream? checkpoints = kept is null ? null : new(kept);
        return await ChainExportReader.VerifyAsync(file, checkpoints, CancellationToken.None);
    }
}
