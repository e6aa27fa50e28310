using System.Net;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

/// <summary>The keys by REST: who sees them, and a rotation from the request to its end.</summary>
public sealed class KeysApiTests(PostgresFixture postgres)
{
    private const string NewKey = "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8=";

    [Fact]
    public async Task A_rotation_is_asked_for_and_done_by_the_gateway_itself()
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
        var seen = await gateway.ApiAsync(HttpMethod.Get, "/api/keys");
        seen.Status.ShouldBe(HttpStatusCode.OK, seen.Body);
        seen.Json["keys"]![1]!["values"]!["credentials"]!.GetValue<int>().ShouldBe(1);
        seen.Json["keys"]![1]!["mayGo"]!.GetValue<bool>().ShouldBeFalse();
        seen.Body.ShouldNotContain(NewKey);

        (await gateway.ApiAsync(HttpMethod.Post, "/api/keys/rotate")).Status.ShouldBe(HttpStatusCode.Accepted);

        await Eventually.TrueAsync(async () => (await gateway.ApiAsync(HttpMethod.Get, "/api/keys")).Json is var report
            && !report["rotating"]!.GetValue<bool>() && report["keys"]![1]!["mayGo"]!.GetValue<bool>(), "the old key may go", null, TestContext.Current.CancellationToken);
    }

    /// <summary>Its Owners run the installation: it must not come back as somebody else's.</summary>
    [Fact]
    public async Task The_first_organisation_is_made_by_the_installation_alone_also_after_it_was_deleted()
    {
        await using GatewayFixture gateway = new(postgres);
        await gateway.StartAsync();
        var climber = await Colleague.CreateAloneAsync(gateway, "Eve");
        (await gateway.ApiAsync(HttpMethod.Delete, "/api/organization?name=Home")).Status.ShouldBe(HttpStatusCode.NoContent);

        foreach (var slug in new[] { "home", "Home" })
            await Should.ThrowAsync<RefusalException>(() => gateway.Services.GetRequiredService<OrganizationAdmin>().CreateAsync(climber.User.Id, new NewOrganization("Home", slug), CancellationToken.None));
    }

    [Fact]
    public async Task An_owner_of_another_organisation_neither_sees_nor_rotates_them()
    {
        await using GatewayFixture gateway = new(postgres);
        await gateway.StartAsync();
        var stranger = await Stranger.CreateAsync(gateway);

        foreach (var (method, path) in new[] { (HttpMethod.Get, "/api/keys"), (HttpMethod.Post, "/api/keys/rotate") })
            ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(method, path, null, stranger.Token), 403);
    }
}
