using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Xunit;

namespace Mcpx.Tests.Dashboard;

/// <summary>What who runs the installation sees of it.</summary>
public sealed class OperationsPageTests(PostgresFixture postgres, BrowserFixture browser) : IAsyncLifetime
{
    private readonly GatewayFixture _gateway = new(postgres);

    public async ValueTask InitializeAsync() => await _gateway.StartAsync();

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task Journal_database_and_jobs_are_told()
    {
        await using var visit = await browser.VisitAsync(_gateway, "/operations");
        var page = visit.Page;
        await Assertions.Expect(page.GetByText("none waits")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("end-interrupted-calls")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("not installed").Or(page.GetByText("TimescaleDB")).First).ToBeVisibleAsync();
        await visit.ScreenshotAsync("operations");
    }
}
