using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Xunit;

namespace Mcpx.Tests.Dashboard;

/// <summary>The keys on the settings page, from two keys in use to one that may go.</summary>
public sealed class KeysCardTests(BrowserFixture browser, PostgresFixture postgres)
{
    private const string NewKey = "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8=";

    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task An_owner_rotates_and_reads_that_the_old_key_may_go(ColorScheme scheme, int width)
    {
        string connection;
        await using (GatewayFixture before = new(postgres))
        {
            await before.StartAsync();
            await before.AddUpstreamAsync(new Uri("https://mcp.example.com/"), new { kind = "bearer", secret = "a-long-secret-1234" });
            connection = before.ConnectionString;
        }

        await using GatewayFixture gateway = new(postgres);
        await gateway.StartAsync(connection, null, ("ENCRYPTION_KEY", $"{NewKey},{GatewayFixture.EncryptionKey}"));
        await using var visit = await browser.VisitAsync(gateway, "/settings", width, scheme);
        var keys = visit.Page.GetByRole(AriaRole.Table, new() { Name = "Encryption keys" });
        await Assertions.Expect(keys.GetByText("still needed")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"keys-before-{scheme}-{width}");

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Rotate" }).ClickAsync();

        await Assertions.Expect(keys.GetByText("may be removed")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Assertions.Expect(visit.Page.GetByText("Nothing needs the older keys")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"keys-after-{scheme}-{width}");
    }
}
