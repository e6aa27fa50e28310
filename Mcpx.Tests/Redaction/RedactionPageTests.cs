using System.Net;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Redaction;

/// <summary>Rules as administrators edit and try them, and a redacted call as it is read.</summary>
public sealed class RedactionPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task Rules_are_tried_before_they_are_saved(ColorScheme scheme, int width)
    {
        (await gateway.ApiAsync(HttpMethod.Delete, "/api/redaction")).Status.ShouldBe(HttpStatusCode.NoContent);
        await using var visit = await browser.VisitAsync(gateway, "/redaction", width, scheme);
        var page = visit.Page;
        await Assertions.Expect(page.GetByText("built-in rules")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Try the rules" }).ClickAsync();
        var kept = page.GetByRole(AriaRole.Status, new() { Name = "What would be kept" });
        await Assertions.Expect(kept.GetByText("1 value masked: card numbers")).ToBeVisibleAsync();
        await Assertions.Expect(kept.GetByText("1 value masked: key *api_key")).ToBeVisibleAsync();
        await Assertions.Expect(kept.Locator("code")).ToContainTextAsync("ann@example.com");
        await Assertions.Expect(kept.Locator("code")).Not.ToContainTextAsync("correct horse");

        await page.GetByRole(AriaRole.Button, new() { Name = "Add rule" }).ClickAsync();
        await page.GetByLabel("Path", new() { Exact = true }).FillAsync("params.arguments.email");
        await page.GetByLabel("Then").SelectOptionAsync(new SelectOptionValue { Label = "Hash: same value, same hash" });
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("A path leads from the message to values")).ToBeVisibleAsync();
        await page.GetByLabel("Path", new() { Exact = true }).FillAsync("$.params.arguments.email");
        await page.GetByRole(AriaRole.Button, new() { Name = "Try the rules" }).ClickAsync();
        await Assertions.Expect(kept.GetByText("1 value hashed: path $.params.arguments.email")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("Not saved yet")).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"redaction-{scheme}-{width}");
        (await gateway.ApiAsync(HttpMethod.Get, "/api/redaction")).Json["builtIn"]!.GetValue<bool>().ShouldBeTrue();

        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("own rules", new() { Exact = true })).ToBeVisibleAsync();
        (await gateway.ApiAsync(HttpMethod.Get, "/api/redaction")).Body.ShouldContain("""{"kind":"path","value":"$.params.arguments.email","mode":"hash","name":null}""");
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task A_server_is_set_to_metadata_only_and_its_calls_say_so(ColorScheme scheme, int width)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var slug = $"redacted-{scheme}-{width}".ToLowerInvariant();
        var id = await gateway.AddServerAsync(slug, upstream.Url);
        await gateway.PostAsync(slug, Mcp.Call("login", """{"user":"ann","password":"page-1","card":"4111 1111 1111 1111"}"""));
        await using var visit = await browser.VisitAsync(gateway, "/redaction", width, scheme);
        var page = visit.Page;

        await visit.GoToCallAsync(gateway, slug);
        await Assertions.Expect(page.GetByText("Some values are not what went over the wire.").First).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("1 value masked: card numbers")).ToBeVisibleAsync();
        (await page.ContentAsync()).ShouldNotContain("page-1");
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"redacted-call-{scheme}-{width}");

        await visit.GoToInteractiveAsync($"/{gateway.Organization}/redaction");
        await page.GetByLabel("Rules of", new() { Exact = true }).SelectOptionAsync(new SelectOptionValue { Value = slug });
        await page.GetByLabel("Calls are recorded").SelectOptionAsync(new SelectOptionValue { Label = "Metadata only: no payloads" });
        await visit.ShouldBeFaultlessAsync();
        await visit.ScreenshotAsync($"redaction-server-{scheme}-{width}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        // Said when it holds; another server's row may say "metadata only" before.
        await Assertions.Expect(page.GetByText("Saved: calls are recorded by these rules").First).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { Name = "Servers" }).GetByText("metadata only").First).ToBeVisibleAsync();
        ((string?)(await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}/redaction")).Json["payloads"]).ShouldBe("metadataOnly");

        await gateway.PostAsync(slug, Mcp.Call("login"));
        await visit.GoToCallAsync(gateway, slug);
        await Assertions.Expect(page.GetByText("Metadata only: calls like this one are recorded without what they carried.").First).ToBeVisibleAsync();
        await visit.ShouldBeFaultlessAsync();
    }
}

internal static class RedactedCallVisit
{
    /// <summary>The page of a server's newest call.</summary>
    public static async Task GoToCallAsync(this BrowserPage visit, GatewayFixture gateway, string slug)
    {
        var call = (await gateway.CallsOfAsync(slug))[0]["id"];
        await visit.GoToInteractiveAsync($"/{gateway.Organization}/calls/{call}");
    }
}
