using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

/// <summary>What each role may do behind the doors, where every door asks.</summary>
public sealed class RoleTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Members_look_and_call_and_change_nothing()
    {
        var (_, text) = await gateway.AddUpstreamAsync(new Uri("https://mcp.example.com/"));
        EntityId.TryParse(text, out ServerId id).ShouldBeTrue();
        var member = gateway.Owner with { Role = Role.Member };
        var servers = Get<ServerAdmin>();

        await ForbiddenAsync(() => servers.CreateAsync(member, new NewServer("x", "not-made", "https://mcp.example.com/"), Cancelled));
        await ForbiddenAsync(() => servers.UpdateAsync(member, id, new ServerChange(Name: "x"), Cancelled));
        await ForbiddenAsync(() => servers.DeleteAsync(member, id, Cancelled));
        await ForbiddenAsync(() => servers.FindDependentsAsync(member, id, Cancelled));
        await ForbiddenAsync(() => Get<GovernanceAdmin>().ReplaceAsync(member, id, new NewGovernance(GovernanceMode.None, null), Cancelled));
        await ForbiddenAsync(() => Get<ConnectionTest>().RunAsync(member, id, onStep: null, Cancelled));
        await ForbiddenAsync(() => Get<ConnectionTest>().RunAsync(member, new NewServer(null, null, "https://mcp.example.com/"), onStep: null, Cancelled));
        var gateways = Get<GatewayAdmin>();
        var made = (await gateways.CreateAsync(gateway.Owner with { Role = Role.Admin }, new NewGateway("x", "of-roles"), Cancelled)).Gateway.Id;
        await ForbiddenAsync(() => gateways.CreateAsync(member, new NewGateway("x", "not-made"), Cancelled));
        await ForbiddenAsync(() => gateways.UpdateAsync(member, made, new GatewayChange(Enabled: false), Cancelled));
        await ForbiddenAsync(() => gateways.DeleteAsync(member, made, Cancelled));
        (await gateways.GetAsync(member, made, Cancelled)).Gateway.Enabled.ShouldBeTrue();
        (await gateways.GetBySlugAsync(member, "of-roles", Cancelled)).Gateway.Id.ShouldBe(made);
        (await gateways.ListAsync(member, after: null, 10, Cancelled)).Items.ShouldHaveSingleItem();
        (await servers.SummarizeAsync(member, Cancelled)).ShouldNotBeEmpty();
        (await servers.GetAsync(member, id, Cancelled)).Server.Id.ShouldBe(id);
        (await Get<GovernanceAdmin>().GetAsync(member, id, Cancelled)).Mode.ShouldBe(GovernanceMode.None);
        (await Get<MetricsQuery>().HistoryAsync(member, new MetricQuestion(TimeProvider.System.GetUtcNow().AddMinutes(-1)), Cancelled)).Steps.ShouldNotBeEmpty();
        (await servers.UpdateAsync(gateway.Owner with { Role = Role.Admin }, id, new ServerChange(Name: "by admin"), Cancelled)).Server.Name.ShouldBe("by admin");
    }

    [Fact]
    public async Task Members_see_their_own_tokens_and_payloads_only()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        await gateway.PostAsync(slug, Mcp.Call("get"));
        EntityId.TryParse((string?)(await gateway.CallsOfAsync(slug))[0]["id"], out CallId call).ShouldBeTrue();
        var colleague = gateway.Owner with { Role = Role.Member, Principal = new Principal.Person(new User(EntityId.New<UserId>(TimeProvider.System), "Colleague", null)) };
        var tokens = Get<TokenAdmin>();
        var owners = (await tokens.ListAsync(gateway.Owner, Cancelled))[0];

        (await Get<CallAdmin>().GetAsync(colleague, call, Cancelled)).Request.ShouldBeNull();
        (await Get<CallAdmin>().GetAsync(gateway.Owner with { Role = Role.Member }, call, Cancelled)).Request.ShouldNotBeNull();
        (await Get<CallAdmin>().GetAsync(colleague with { Role = Role.Admin }, call, Cancelled)).Request.ShouldNotBeNull();
        (await tokens.ListAsync(colleague, Cancelled)).ShouldBeEmpty();
        await Should.ThrowAsync<RefusalException.NotFound>(() => tokens.RevokeAsync(colleague, owners.Id, Cancelled));
    }

    [Fact]
    public void Every_permission_has_a_least_role()
    {
        RolePermissions.LeastRole.Keys.ShouldBe(Enum.GetValues<Permission>(), ignoreOrder: true);
        Enum.GetValues<Permission>().ShouldAllBe(p => Role.Owner.Allows(p));
        Enum.GetValues<Permission>().Where(p => Role.Member.Allows(p)).ShouldBe([Permission.ViewResources, Permission.CallTools]);
    }

    private static async Task ForbiddenAsync(Func<Task> act) => (await Should.ThrowAsync<RefusalException.Forbidden>(act)).Message.ShouldContain("Admin");

    private T Get<T>() where T : notnull => gateway.Services.GetRequiredService<T>();
}
