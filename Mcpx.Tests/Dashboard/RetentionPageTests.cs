using System.Net;
using Mcpx.Core.Identity;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class RetentionPageTests(GatewayFixture gateway, BrowserFixture browser) : IClassFixture<GatewayFixture>
{
    [Theory]
    [MemberData(nameof(Looks.Shown), MemberType = typeof(Looks))]
    public async Task Times_are_changed_and_a_hold_is_made_and_released(ColorScheme theme, int width)
    {
        await gateway.ApiAsync(HttpMethod.Put, "/api/retention", new { payloadDays = 90, recordDays = 400 });
        await using var visit = await browser.VisitAsync(gateway, "/retention", width, theme);
        await Assertions.Expect(visit.Page.GetByText("No legal holds")).ToBeVisibleAsync();

        await visit.Page.GetByLabel("What calls carried, in days").FillAsync("500");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save times" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("can't stay longer than their records")).ToBeVisibleAsync();
        await visit.Page.GetByLabel("What calls carried, in days").FillAsync("30");
        await visit.Page.GetByLabel("Records, in days").ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("goes within the hour, for good")).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save times" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("The times are saved")).ToBeVisibleAsync();
        (await gateway.ApiAsync(HttpMethod.Get, "/api/retention")).Body.ShouldBe("""{"payloadDays":30,"recordDays":400}""");

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add legal hold" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Hold", Exact = true }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("A name is required.")).ToBeVisibleAsync();
        await visit.Page.GetByLabel("Reason").FillAsync("Case 12");
        await visit.Page.GetByLabel("Tool").FillAsync("transfer");
        await visit.Page.GetByLabel("From").FillAsync("2026-01-31");
        await visit.Page.GetByLabel("Until").FillAsync("2026-02-28");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Hold", Exact = true }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("The hold is in force")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("calls of transfer from 2026-01-31 before 2026-03-01")).ToBeVisibleAsync();
        await visit.ScreenshotAsync($"retention-{theme}-{width}");
        await visit.ShouldBeFaultlessAsync();

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Release the hold Case 12" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Release", Exact = true }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("“Case 12” is released")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.GetByText("No legal holds")).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData("""{"payloadDays":0,"recordDays":400}""")]
    [InlineData("""{"payloadDays":90}""")]
    [InlineData("""{"payloadDays":1,"recordDays":3651}""")]
    [InlineData("""{"payloadDays":"x","recordDays":400}""")]
    [InlineData("""{"payloadDays":90,"recordDays":89}""")]
    public async Task Times_that_are_none_change_nothing(string body)
    {
        var before = (await gateway.ApiAsync(HttpMethod.Get, "/api/retention")).Body;

        (await gateway.SendAsync(HttpMethod.Put, "/api/retention", System.Text.Encoding.UTF8.GetBytes(body), gateway.Token)).Status.ShouldBe(HttpStatusCode.BadRequest);

        (await gateway.ApiAsync(HttpMethod.Get, "/api/retention")).Body.ShouldBe(before);
    }

    [Fact]
    public async Task Others_see_the_times_and_members_no_holds()
    {
        var member = await Colleague.CreateAsync(gateway, Role.Member);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/retention", token: member.Token)).Status.ShouldBe(HttpStatusCode.OK);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/legal-holds", token: member.Token)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/legal-holds", new { name = "x", from = "2026-02-01T00:00:00Z", to = "2026-01-01T00:00:00Z" })).ShouldSatisfyAllConditions(
            a => a.Status.ShouldBe(HttpStatusCode.BadRequest), a => a.Body.ShouldContain("end is before"));
    }
}
