using System.Text.Json.Nodes;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

/// <summary>How tests come into the dashboard, and an upstream with tools for them to look at.</summary>
internal static class DashboardVisits
{
    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<string> SignInLinkAsync(this GatewayFixture gateway, UserId? user = null)
    {
        var owner = gateway.Services.GetRequiredService<FirstOwner>().Owner.User.Id;
        var code = await gateway.Services.GetRequiredService<SignInLinks>().CreateAsync(user ?? owner, Cancellation);
        return $"/sign-in/link?code={code.Reveal()}";
    }

    /// <summary>A signed-in visitor on one of the organisation's pages, its circuit up.</summary>
    public static async Task<BrowserPage> VisitAsync(
        this BrowserFixture browser, GatewayFixture gateway, string path, int width = 1440, ColorScheme scheme = ColorScheme.Light)
    {
        var visit = await browser.OpenAsync(gateway.Url, width, width < 600 ? 844 : 1000, scheme);
        await visit.GoToInteractiveAsync(await gateway.SignInLinkAsync());
        await visit.GoToInteractiveAsync($"/{gateway.Organization}{path}");
        return visit;
    }

    /// <summary>A server of the session era, without sessions, that offers these tools.</summary>
    public static FakeUpstream.Script Offering(params string[] tools) => async (http, request) =>
    {
        var message = JsonNode.Parse(request.Body)!;
        if (message["id"] is null)
        {
            http.Response.StatusCode = StatusCodes.Status202Accepted;
            return;
        }

        JsonNode? result = message["method"]!.GetValue<string>() switch
        {
            "initialize" => new JsonObject
            {
                ["protocolVersion"] = "2025-11-25",
                ["capabilities"] = new JsonObject { ["tools"] = new JsonObject() },
                ["serverInfo"] = new JsonObject { ["name"] = "fake", ["version"] = "1" },
            },
            "tools/list" => new JsonObject
            {
                ["tools"] = new JsonArray([.. tools.Select(tool => new JsonObject { ["name"] = tool, ["inputSchema"] = new JsonObject { ["type"] = "object" } })]),
            },
            "tools/call" => new JsonObject { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = "<b>forty-two</b>" }) },
            _ => null,
        };
        if (result is null)
        {
            await FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{message["id"]!.ToJsonString()}}},"error":{"code":-32601,"message":"Method not found"} }""", StatusCodes.Status400BadRequest);
            return;
        }

        await FakeUpstream.JsonAsync(http, new JsonObject { ["jsonrpc"] = "2.0", ["id"] = message["id"]!.DeepClone(), ["result"] = result }.ToJsonString());
    };

    public static Task<HttpAnswer> CallToolAsync(this GatewayFixture gateway, string slug, string tool, string? token = null) =>
        gateway.PostAsync(slug, $$$"""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"{{{tool}}}","arguments":{"note":"nul \u0000 here"} } }""", token);

    public static async Task ShouldBeFaultlessAsync(this BrowserPage visit)
    {
        (await visit.AccessibilityViolationsAsync()).ShouldBeEmpty();
        (await visit.HorizontalOverflowAsync()).ShouldBe(0);
        visit.Complaints.ShouldBeEmpty();
    }
}
