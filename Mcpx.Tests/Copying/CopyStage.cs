using System.Globalization;
using Mcpx.Core.Calls;
using Mcpx.Core.Identity;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Data;
using Mcpx.Data.Copying;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Metrics;

namespace Mcpx.Tests.Copying;

/// <summary>A database as a gateway leaves it after forty days: with figures that are older than their events, a chain, and names of what is gone.</summary>
internal sealed class CopyStage(PostgresFixture postgres)
{
    public static readonly DateTimeOffset Everwhen = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), Never = new(2040, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancelled => Xunit.TestContext.Current.CancellationToken;

    public TestClock Clock { get; } = new(DataHost.Now - TimeSpan.FromDays(40));

    public Membership Acme { get; private set; } = null!;

    public string Source { get; private set; } = "";

    public async Task BeginAsync(DatabaseEdition edition)
    {
        Source = await EmptyAsync(edition);
        await using FigureStage stage = await FigureStage.JoinAsync(Source, Clock, 21);
        Acme = await stage.Host.AddOrganizationAsync("acme");
        ServerId server = (await stage.Host.AddServerAsync(Acme.Organization.Id, "finance")).Id;
        await stage.ExecuteAsync($"DELETE FROM servers WHERE id = '{server}'");
        for (int turn = 0; turn < 8; turn++)
        {
            await WriteAsync(stage, 25, Clock.GetUtcNow().AddHours(-7));
            await RollUpAsync(stage);
            Clock.Advance(TimeSpan.FromDays(5));
        }

        await WriteAsync(stage, 25, Clock.GetUtcNow().AddHours(-7));
        await RollUpAsync(stage);
        // Some came late, and the last are not rolled up.
        await WriteAsync(stage, 10, Clock.GetUtcNow().AddDays(-4));
        await WriteAsync(stage, 10, Clock.GetUtcNow().AddSeconds(-30));
    }

    public Task<string> EmptyAsync(DatabaseEdition edition) => edition is DatabaseEdition.Plain ? postgres.CreatePlainDatabaseAsync() : postgres.CreateDatabaseAsync();

    public async Task<IReadOnlyList<CopiedTable>> CopyAsync(string target, Action<CopiedTable>? heard = null, CancellationToken cancellationToken = default)
    {
        await using DataHost host = new(target, Clock);
        return await host.Get<DatabaseCopy>().RunAsync(Source, new Heard(heard), cancellationToken);
    }

    public async Task<FigureStage> OpenAsync(string database, int seed) => new(await DataHost.JoinAsync(database, Clock), Clock, seed);

    public Task WriteAsync(FigureStage stage, int count, DateTimeOffset from) => stage.Host.Get<ICallStore>().WriteAsync(
        [.. Enumerable.Range(0, count).Select(_ => stage.Make(from, Clock.GetUtcNow()) with { Organization = Acme.Organization.Id, Id = CallId.From(Guid.CreateVersion7()), Request = "asked"u8.ToArray(), Response = "told"u8.ToArray() })], Cancelled);

    /// <summary>And then takes away what has passed its time.</summary>
    public async Task RollUpAsync(FigureStage stage)
    {
        await stage.RollUpAsync();
        await new MetricRetentionJob(stage.Host.Get<IMetricRetentionStore>(), Clock).RunAsync(Cancelled);
    }

    /// <summary>Everything that figures say, level by level and however it is set apart.</summary>
    public async Task<IReadOnlyList<string>> FiguresAsync(FigureStage stage)
    {
        List<string> lines = [];
        foreach (MetricLevel level in Enum.GetValues<MetricLevel>())
        {
            foreach (MetricDimension? by in (MetricDimension?[])[null, .. Enum.GetValues<MetricDimension>()])
            {
                TimeSpan step = level switch { MetricLevel.Day => TimeSpan.FromDays(1), MetricLevel.Hour => TimeSpan.FromHours(1), _ => TimeSpan.FromMinutes(1) };
                foreach (MetricRow row in await stage.Store.ReadAsync(Acme.Organization.Id, new MetricSelection(level, Everwhen, Never, step, MetricFilter.All, by), Cancelled))
                    lines.Add(string.Create(CultureInfo.InvariantCulture, $"{level} by {by}: {row.At:O} {row.Key} {row.Figures.Counts} {row.Figures.RequestBytes} {row.Figures.ResponseBytes} {row.Figures.MeanMilliseconds:0.000} {row.Figures.MostMilliseconds} {Text(row.Figures.Total)} {Text(row.Figures.Upstream)} {Text(row.Figures.Gateway)}"));
            }
        }

        return lines;
    }

    private static string Text(LatencyHistogram histogram) => string.Join(' ', histogram.Counts.OrderBy(c => c.Key).Select(c => $"{c.Key}:{c.Value}"));

    private sealed class Heard(Action<CopiedTable>? heard) : ICopyProgress
    {
        public void Began(DatabaseInfo source, DatabaseInfo target)
        {
        }

        public void Copied(CopiedTable table) => heard?.Invoke(table);
    }
}
