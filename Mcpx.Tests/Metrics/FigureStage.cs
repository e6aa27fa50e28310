using Mcpx.Core.Calls;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Data.Metrics;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Npgsql;

namespace Mcpx.Tests.Metrics;

/// <summary>An organisation with servers, gateways and callers, and what they did: figures can be asked for, and counted by hand.</summary>
internal sealed class FigureStage(DataHost host, TimeProvider time, int seed) : IAsyncDisposable
{
    private const string RefreshAll = """
        SELECT view_name::text FROM timescaledb_information.continuous_aggregates
        ORDER BY CASE right(view_name::text, 2) WHEN '1m' THEN 1 WHEN '1h' THEN 2 ELSE 3 END
        """;

    private static readonly string[] Methods = ["tools/call", "tools/call", "tools/call", "tools/list", "GET", "no/such/method"];
    private static readonly string[] Tools = ["search", "read", "write", "delete", "Ünïcode", ""];

    private readonly Random _random = new(seed);
    private readonly Guid[] _callers = Ids(4);

    public OrganizationId Organization { get; } = DataHost.NewId<OrganizationId>();

    public ServerId[] Servers { get; } = [.. Ids(3).Select(ServerId.From)];

    public GatewayId[] Gateways { get; } = [.. Ids(2).Select(GatewayId.From)];

    public List<CallRecord> Calls { get; } = [];

    public DataHost Host => host;

    public IMetricStore Store => host.Get<IMetricStore>();

    /// <param name="zone">Of the database's sessions: none of it may show in a figure.</param>
    public static async Task<FigureStage> StartAsync(PostgresFixture postgres, TimeProvider time, int seed, string zone = "UTC")
    {
        await using DataHost first = await DataHost.StartAsync(postgres);
        string database = new NpgsqlConnectionStringBuilder(first.ConnectionString).Database!;
        await first.ExecuteAsync($"ALTER DATABASE \"{database}\" SET timezone = '{zone}'");
        return await JoinAsync(first.ConnectionString, time, seed);
    }

    /// <summary>On a database of the caller's own, empty or migrated.</summary>
    public static async Task<FigureStage> JoinAsync(string connectionString, TimeProvider time, int seed)
    {
        DataHost host = await DataHost.JoinAsync(connectionString, time);
        // As if the database had been made a week before the clock's now.
        await host.BeginRollUpAsync(time.GetUtcNow() - TimeSpan.FromDays(7));
        return new FigureStage(host, time, seed);
    }

    public Task<bool> IsTimescaleAsync() => host.IsTimescaleAsync();

    /// <summary>Some calls within a span, many of them on the borders of minutes, hours and days; a few seconds of work each time.</summary>
    public async Task AddAsync(int count, DateTimeOffset from, DateTimeOffset to)
    {
        CallRecord[] calls = [.. Enumerable.Range(0, count).Select(_ => Make(from, to))];
        await host.Get<ICallStore>().WriteAsync(calls, CancellationToken.None);
        Calls.AddRange(calls);
    }

    /// <summary>All that the roll-up has to do, on whichever edition.</summary>
    public async Task RollUpAsync()
    {
        await host.Get<RollUpJob>().RunAsync(CancellationToken.None);
        if (!await IsTimescaleAsync()) return;
        List<string> views = [];
        await using (NpgsqlCommand list = host.Owner.CreateCommand(RefreshAll))
        await using (NpgsqlDataReader reader = await list.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync()) views.Add(reader.GetString(0));
        }

        foreach (string view in views) await RefreshAsync(view);
    }

    public Task ExecuteAsync(string sql) => host.ExecuteAsync(sql);

    public CallRecord Make(DateTimeOffset from, DateTimeOffset to)
    {
        DateTimeOffset at = from + (to - from) * _random.NextDouble();
        // On a border exactly, or a microsecond before it.
        TimeSpan border = _random.Next(6) switch { 0 => TimeSpan.FromMinutes(1), 1 => TimeSpan.FromHours(1), 2 => TimeSpan.FromDays(1), _ => TimeSpan.FromMilliseconds(1) };
        at = new DateTimeOffset(at.UtcTicks - at.UtcTicks % border.Ticks, TimeSpan.Zero).AddMicroseconds(-_random.Next(2));
        if (at < from) at = from;
        long total = (long)Math.Exp(_random.NextDouble() * 17), upstream = _random.Next(4) == 0 ? 0 : (long)(total * _random.NextDouble());
        string method = Methods[_random.Next(Methods.Length)];
        Guid caller = _callers[_random.Next(_callers.Length)];
        bool isUser = caller.CompareTo(_callers[1]) > 0;
        return DataHost.NewCall(Organization, at, (CallOutcome)_random.Next(9), _random.Next(8) == 0 ? null : Servers[_random.Next(Servers.Length)]) with
        {
            Id = CallId.From(Guid.CreateVersion7(at)),
            Gateway = _random.Next(2) == 0 ? null : Gateways[_random.Next(Gateways.Length)],
            User = isUser ? UserId.From(caller) : null,
            ServiceAccount = isUser ? null : ServiceAccountId.From(caller),
            Method = method,
            Tool = Tools[_random.Next(Tools.Length)],
            UpstreamTool = _random.Next(3) == 0 ? "upstream" : null,
            TotalMicroseconds = total,
            UpstreamMicroseconds = upstream,
            RequestBytes = _random.Next(10_000),
            ResponseBytes = _random.NextInt64(1L << 33),
        };
    }

    public MetricFilter MakeFilter(bool ofCallers) => new(
        Server: _random.Next(3) == 0 ? Servers[_random.Next(Servers.Length)] : null,
        Gateway: !ofCallers && _random.Next(4) == 0 ? Gateways[_random.Next(Gateways.Length)] : null,
        Caller: ofCallers && _random.Next(2) == 0 ? _callers[_random.Next(_callers.Length)] : null,
        Tool: !ofCallers && _random.Next(5) == 0 ? Tools[_random.Next(Tools.Length)] : null,
        Method: !ofCallers && _random.Next(5) == 0 ? "tools/call" : null);

    public int Next(int below) => _random.Next(below);

    public ValueTask DisposeAsync() => host.DisposeAsync();

    /// <summary>A policy may be refreshing the same just now.</summary>
    private async Task RefreshAsync(string view)
    {
        // As far back as the policies of 018_metrics.timescale.sql look, and no further: of what is behind that, the source may be gone.
        TimeSpan back = TimeSpan.FromDays(view.EndsWith("1m", StringComparison.Ordinal) ? 6 : view.EndsWith("1h", StringComparison.Ordinal) ? 7 : 9);
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                await ExecuteAsync($"CALL refresh_continuous_aggregate('{view}', '{time.GetUtcNow() - back:O}'::timestamptz, NULL)");
                return true;
            }
            catch (PostgresException)
            {
                return false;
            }
        }, $"{view} is refreshed", null, CancellationToken.None);
    }

    private static Guid[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7())];
}
