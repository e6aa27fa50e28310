using System.Net;
using Mcpx.Core.Identity;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.OAuth;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;

namespace Mcpx.Tests.Tenancy;

/// <summary>Somebody who has nothing to do with the victim, and the credential they come with.</summary>
/// <param name="Name">For the test's messages.</param>
/// <param name="Authorization">The header; null for none.</param>
/// <param name="Cookie">The dashboard's cookie; null for none.</param>
internal sealed record Outsider(string Name, string? Authorization, string? Cookie)
{
    public const string Organization = "outsiders";

    /// <summary>
    /// Nobody; a member, admin and owner of another organisation, each in the browser and with a token; its service account
    /// with a token for the API and one for an endpoint.
    /// </summary>
    public static async Task<IReadOnlyList<Outsider>> AllAsync(GatewayFixture gateway)
    {
        List<Outsider> all = [new("anonymous", null, null)];
        var founder = await Colleague.CreateAloneAsync(gateway, "Founder of the others");
        var organization = (await gateway.Services.GetRequiredService<OrganizationAdmin>()
            .CreateAsync(founder.User.Id, new NewOrganization("Outsiders", Organization), CancellationToken.None)).Organization;
        foreach (var role in Enum.GetValues<Role>())
        {
            var colleague = await Colleague.CreateAsync(gateway, role, organization: organization);
            all.Add(new Outsider($"token of the other {role}", $"Bearer {colleague.Token}", null));
            all.Add(new Outsider($"browser of the other {role}", null, (await CookieVisitor.SignInAsync(gateway, colleague.User.Id)).Cookie));
            if (role is Role.Owner) all.AddRange(await ProgramsAsync(gateway, colleague.Token));
        }

        return all;
    }

    private static async Task<IReadOnlyList<Outsider>> ProgramsAsync(GatewayFixture gateway, string ownersToken)
    {
        var server = await gateway.ApiAsync(HttpMethod.Post, "/api/servers", new { name = "own", slug = "own", url = "https://mcp.example.com/" }, ownersToken);
        server.Status.ShouldBe(HttpStatusCode.Created, server.Body);
        var made = await gateway.ApiAsync(HttpMethod.Post, "/api/service-accounts", new { name = "program", role = "admin", scopes = TokenScopes.All.ToNames() }, ownersToken);
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        var id = made.Json["id"]!.GetValue<string>();
        var secret = await gateway.ApiAsync(HttpMethod.Post, $"/api/service-accounts/{id}/secrets", new { }, ownersToken);
        secret.Status.ShouldBe(HttpStatusCode.Created, secret.Body);
        TestAccount account = new(gateway, id, secret.Json["secret"]!.GetValue<string>(), secret.Json["id"]!.GetValue<string>());
        var api = await account.TokenAsync(("resource", new Uri(gateway.Url, "/api").ToString()), ("scope", "api:read api:write"));
        var mcp = await account.TokenAsync(("resource", new Uri(gateway.Url, $"/mcp/{Organization}/server/own").ToString()));
        return [new("service account of the other organisation at the API", $"Bearer {api}", null), new("service account of the other organisation", $"Bearer {mcp}", null)];
    }
}
