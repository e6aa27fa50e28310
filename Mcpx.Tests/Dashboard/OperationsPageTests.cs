using System.Diagnostics;
using Mcpx.Core.Health;
using Mcpx.Data.Embedded;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
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
