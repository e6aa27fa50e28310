using System.Net;
using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class ErrorPageTests(PostgresFixture postgres, BrowserFixture browser)
{
    [Fact]
    public async Task A_page_that_fails_says_so_without_details_to_people_and_in_problem_details_to_machines()
    {
        await using var gateway = new GatewayFixture(postgres);
        await gateway.StartAsync(customize: builder => builder.Services.AddSingleton<ITokenStore, BrokenTokens>());
        await using var visit = await browser.OpenAsync(gateway.Url);
        await visit.GoToInteractiveAsync(await gateway.SignInLinkAsync());

        var page = await visit.Page.GotoAsync($"/{gateway.Organization}/tokens");
        page!.Status.ShouldBe((int)HttpStatusCode.InternalServerError);
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "This page has failed" })).ToBeVisibleAsync();
        (await visit.Page.ContentAsync()).ShouldNotContain(BrokenTokens.Detail);
        (await visit.AccessibilityViolationsAsync()).ShouldBeEmpty();

        var machine = await visit.Page.APIRequest.GetAsync($"/{gateway.Organization}/tokens", new() { Headers = [new("Accept", "*/*")] });
        machine.Status.ShouldBe((int)HttpStatusCode.InternalServerError);
        machine.Headers["content-type"].ShouldBe("application/problem+json");

        await visit.GoToInteractiveAsync($"/{gateway.Organization}/servers");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Tokens" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("This page has failed")).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Calls" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("No calls yet")).ToBeVisibleAsync();
    }

    /// <summary>Takes tokens, but fails to list them.</summary>
    private sealed class BrokenTokens : ITokenStore
    {
        public const string Detail = "a detail that nobody outside may read";

        public Task AddAsync(PersonalAccessToken token, byte[] hash, AdminChange change, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<TokenGrant?> FindByHashAsync(IReadOnlyList<byte[]> hashes, CancellationToken cancellationToken) => Task.FromResult<TokenGrant?>(null);

        public Task<IReadOnlyList<PersonalAccessToken>> ListAsync(OrganizationId organization, UserId? user, CancellationToken cancellationToken) =>
            throw new InvalidOperationException(Detail);

        public Task<IReadOnlyList<TokenId>> RevokeAsync(OrganizationId organization, IReadOnlyList<TokenId> tokens, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<TokenId>>([]);

        public Task TouchAsync(IReadOnlyDictionary<TokenId, DateTimeOffset> lastUsed, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
