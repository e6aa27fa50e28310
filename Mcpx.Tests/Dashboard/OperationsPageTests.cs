using System.Diagnostics;
using System.Text.Json.Nodes;
using Mcpx.Core.Calls;
using Mcpx.Core.Health;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Embedded;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

/// <summary>What who runs the installation sees of it.</summary>
public sealed class OperationsPageTests(PostgresFixture postgres, BrowserFixture browser) : IAsyncLifetime
{
    private readonly string _parent = Directory.CreateTempSubdirectory("mcpx-pg-").FullName;
    private readonly GatewayFixture _gateway = new(postgres);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        Directory.Delete(_parent, recursive: true);
    }

    [Fact]
    public async Task Journal_database_and_jobs_are_told()
    {
        await _gateway.StartAsync();
        await using var visit = await browser.VisitAsync(_gateway, "/operations");
        var page = visit.Page;
        await Assertions.Expect(page.GetByText("none waits")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("end-interrupted-calls")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("not installed").Or(page.GetByText("TimescaleDB")).First).ToBeVisibleAsync();
        await visit.ScreenshotAsync("operations");
    }

    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task Figures_that_are_not_rolled_up_and_who_calls_most_are_told(ColorScheme theme, int width)
    {
        await _gateway.StartAsync();
        OrganizationId home = _gateway.Owner.Organization, other = DataHost.NewId<OrganizationId>(), gone = DataHost.NewId<OrganizationId>();
        await _gateway.Services.GetRequiredService<IMembershipStore>().EnsureOwnerAsync(
            new Organization(other, "busy", "Busy Bees"), new User(DataHost.NewId<UserId>(), "Bea", "bea@busy.example"), Cancelled);
        await _gateway.Services.GetRequiredService<ICallStore>().WriteAsync(
        [
            .. Enumerable.Range(0, 3).Select(i => DataHost.NewCall(home, MetricCalls.MinutesAgo(20 + i)) with { TotalMicroseconds = 20_000 }),
            .. Enumerable.Range(0, 20).Select(i => DataHost.NewCall(other, MetricCalls.MinutesAgo(20 + i), i < 5 ? CallOutcome.Timeout : CallOutcome.Ok) with { TotalMicroseconds = 400_000 }),
            DataHost.NewCall(gone, MetricCalls.MinutesAgo(21)),
        ], Cancelled);
        // As if nobody had rolled anything up since yesterday.
        await Colleague.ExecuteAsync(_gateway, "UPDATE jobs SET next_run_at = 'infinity' WHERE name = 'roll-up-metrics'");
        await Eventually.TrueAsync(async () => (await _gateway.ApiAsync(HttpMethod.Get, "/api/operations")).Json["jobs"]!.AsArray().Single(j => (string)j!["name"]! == "roll-up-metrics")!["running"]!.GetValue<bool>() is false, "the job stands", null, Cancelled);
        await Colleague.ExecuteAsync(_gateway, "UPDATE metric_rollup_state SET visible = date_bin('1 day', now() - interval '1 day', '2000-01-01 00:00+00'), closing = date_bin('1 day', now() - interval '1 day', '2000-01-01 00:00+00')");
        foreach (string level in (string[])["1m", "1h", "1d"])
        {
            await Colleague.ExecuteAsync(_gateway, $"DELETE FROM metric_rollup_{level}");
            await Colleague.ExecuteAsync(_gateway, $"DELETE FROM metric_caller_rollup_{level}");
        }


        JsonNode told = (await _gateway.ApiAsync(HttpMethod.Get, "/api/operations")).Json["rollUps"]!;
        (told["behind"]!.GetValue<bool>(), told["minutes"]!.GetValue<DateTimeOffset>() < MetricCalls.MinutesAgo(60)).ShouldBe((true, true));
        JsonNode ranking = (await _gateway.ApiAsync(HttpMethod.Get, "/api/operations/organizations?range=6h&limit=2")).Json;
        ranking["shares"]!.AsArray().Select(s => ((string?)s!["slug"], s["figures"]!["calls"]!.GetValue<long>(), s["figures"]!["errorRate"]!.GetValue<double>())).ShouldBe([("busy", 20L, 0.25), ("home", 3L, 0d)]);
        ranking["shares"]![0]!["figures"]!["latency"]!["p95"]!.GetValue<double>().ShouldBeInRange(390, 410);
        (ranking["others"]!["count"]!.GetValue<int>(), ranking["total"]!["calls"]!.GetValue<long>()).ShouldBe((1, 24L));
        (await _gateway.ApiAsync(HttpMethod.Get, "/api/operations/organizations?server=x")).Status.ShouldBe(System.Net.HttpStatusCode.BadRequest);

        await using var visit = await browser.VisitAsync(_gateway, "/operations?range=6h", width, theme);
        await Assertions.Expect(visit.Page.GetByText("Figures by the minute are more than 10 minutes behind")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("Look at the job roll-up-metrics below")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "Busy Bees" })).ToContainTextAsync("25 %");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "An organisation that is gone" })).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"operations-behind-{theme}-{width}");

        await Colleague.ExecuteAsync(_gateway, "UPDATE jobs SET next_run_at = now() WHERE name = 'roll-up-metrics'");
        await Assertions.Expect(visit.Page.GetByText("minutes behind")).ToHaveCountAsync(0, new() { Timeout = 60_000 });
        await visit.Page.GetByRole(AriaRole.Navigation, new() { Name = "Time of these figures" }).GetByText("7 days").ClickAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex(@"/operations\?range=7d$", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "Busy Bees" })).ToContainTextAsync("20");
    }

    [Fact]
    public async Task An_open_page_goes_on_telling_of_the_journal_while_PostgreSQL_is_stopped()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        EmbeddedPostgresOptions own = new() { DataDirectory = Path.Combine(_parent, "postgres"), Database = "mcpx" };
        var database = await EmbeddedPostgres.StartAsync(own, Cancelled);
        try
        {
            await _gateway.StartAsync(database.ConnectionString);
            var (slug, _) = await _gateway.AddUpstreamAsync(upstream.Url);
            await _gateway.CallToolAsync(slug, "before");
            await using var visit = await browser.VisitAsync(_gateway, "/operations");
            var page = visit.Page;
            await Assertions.Expect(page.GetByText("none waits")).ToBeVisibleAsync();
            await Assertions.Expect(page.GetByText("end-interrupted-calls")).ToBeVisibleAsync();

            await database.DisposeAsync();
            for (int i = 0; i < 3; i++) await _gateway.CallToolAsync(slug, "meanwhile");

            await Assertions.Expect(page.GetByText("your rights were last confirmed at")).ToBeVisibleAsync();
            await Assertions.Expect(page.GetByText("3 records", new() { Exact = true })).ToBeVisibleAsync();
            await Assertions.Expect(page.GetByText("The database takes no records")).ToBeVisibleAsync();
            await Assertions.Expect(page.GetByText("nothing is known of the jobs")).ToBeVisibleAsync();
            await _gateway.CallToolAsync(slug, "meanwhile");
            await Assertions.Expect(page.GetByText("4 records", new() { Exact = true })).ToBeVisibleAsync();
            await visit.ShouldBeFaultlessAsync();
            await visit.ScreenshotAsync("operations-outage-light");
            await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
            await visit.ScreenshotAsync("operations-outage-dark");

            // Whoever comes now can't be looked up, and is shown nothing.
            var other = await page.Context.NewPageAsync();
            await other.GotoAsync(new Uri(_gateway.Url, $"/{_gateway.Organization}/operations").ToString());
            await Assertions.Expect(other.GetByText("Waiting for the database")).ToHaveCountAsync(0);
            (await other.ContentAsync()).ShouldNotContain("Journal of this replica");
            await other.CloseAsync();

            database = await EmbeddedPostgres.StartAsync(own, Cancelled);
            await Assertions.Expect(page.GetByText("end-interrupted-calls")).ToBeVisibleAsync(new() { Timeout = 60_000 });
            await Assertions.Expect(page.GetByText("none waits")).ToBeVisibleAsync(new() { Timeout = 60_000 });
            await Assertions.Expect(page.GetByText("your rights were last confirmed at")).ToHaveCountAsync(0);

            // Who watches over open pages has outlived the outage too.
            await Colleague.ExecuteAsync(_gateway, "UPDATE sessions SET revoked_at = now()");
            await Assertions.Expect(page.GetByText("Your session has ended")).ToBeVisibleAsync();
            await Assertions.Expect(page.GetByText("Waiting for the database")).ToHaveCountAsync(0);
        }
        finally
        {
            await database.DisposeAsync();
        }
    }

    [Fact]
    public async Task So_it_does_while_PostgreSQL_lets_everybody_wait()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var database = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataDirectory = Path.Combine(_parent, "postgres"), Database = "mcpx", Throwaway = true }, Cancelled);
        await _gateway.StartAsync(database.ConnectionString);
        var (slug, _) = await _gateway.AddUpstreamAsync(upstream.Url);
        await _gateway.CallToolAsync(slug, "before");
        await using var visit = await browser.VisitAsync(_gateway, "/operations");
        var page = visit.Page;
        await Assertions.Expect(page.GetByText("none waits")).ToBeVisibleAsync();
        try
        {
            await SignalAsync("STOP", database.ProcessId);
            for (int i = 0; i < 2; i++) await _gateway.CallToolAsync(slug, "meanwhile");

            await Assertions.Expect(page.GetByText("your rights were last confirmed at")).ToBeVisibleAsync();
            await Assertions.Expect(page.GetByText("2 records", new() { Exact = true })).ToBeVisibleAsync();
            await _gateway.CallToolAsync(slug, "meanwhile");
            await Assertions.Expect(page.GetByText("3 records", new() { Exact = true })).ToBeVisibleAsync();
        }
        finally
        {
            await SignalAsync("CONT", database.ProcessId);
        }

        await Assertions.Expect(page.GetByText("none waits")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Assertions.Expect(page.GetByText("your rights were last confirmed at")).ToHaveCountAsync(0);
    }

    /// <summary>The server and each of its connections.</summary>
    private static async Task SignalAsync(string signal, int server)
    {
        string children = await File.ReadAllTextAsync($"/proc/{server}/task/{server}/children", Cancelled);
        using Process kill = Process.Start("kill", [$"-{signal}", $"{server}", .. children.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        await kill.WaitForExitAsync(Cancelled);
    }

    [Fact]
    public async Task Rights_that_were_confirmed_too_long_ago_show_nothing_without_the_database()
    {
        await _gateway.StartAsync();
        TestClock clock = new();
        InstallationAdmin installation = ActivatorUtilities.CreateInstance<InstallationAdmin>(_gateway.Services, clock);
        InstallationReport report = await installation.GetAsync(_gateway.Owner, Cancelled);

        clock.Advance(InstallationAdmin.RightsLast - TimeSpan.FromSeconds(1));
        InstallationReport? again = installation.GetWithoutDatabase(report);
        again.ShouldNotBeNull().Jobs.ShouldBeNull();
        again.ConfirmedAt.ShouldBe(report.ConfirmedAt);

        // What was shown without the database confirms nothing.
        clock.Advance(TimeSpan.FromSeconds(1));
        installation.GetWithoutDatabase(again).ShouldBeNull();
    }
}
