using System.Net;
using System.Security.Cryptography;
using System.Text;
using Mcpx.Tests.Fixtures;
using Shouldly;

namespace Mcpx.Tests.OAuth;

/// <summary>A service account of the fixture's organisation with a secret, and how it asks for tokens.</summary>
internal sealed record TestAccount(GatewayFixture Gateway, string Id, string Secret, string SecretId)
{
    public string Basic => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Id}:{Secret}"));

    /// <summary>A token for a server's endpoint.</summary>
    public Task<string> TokenForAsync(string slug) => TokenAsync(("resource", Gateway.EndpointOf(slug).ToString()));

    public async Task<string> TokenAsync(params (string Name, string Value)[] fields)
    {
        var answer = await Gateway.AskTokenAsync(Form([("grant_type", "client_credentials"), .. fields]), Basic);
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return answer.Json["access_token"]!.GetValue<string>();
    }

    public static string Form(params (string Name, string Value)[] fields) => string.Join('&', fields.Select(f => $"{f.Name}={Uri.EscapeDataString(f.Value)}"));
}

internal static class Accounts
{
    public static async Task<TestAccount> AddAccountAsync(this GatewayFixture gateway, object? input = null)
    {
        var name = "a" + RandomNumberGenerator.GetHexString(12);
        var body = System.Text.Json.JsonSerializer.SerializeToNode(input ?? new { })!.AsObject();
        body["name"] ??= name;
        body["scopes"] ??= new System.Text.Json.Nodes.JsonArray("mcp", "api:read", "api:write");
        var made = await gateway.ApiAsync(HttpMethod.Post, "/api/service-accounts", body);
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        var id = made.Json["id"]!.GetValue<string>();
        var secret = await gateway.ApiAsync(HttpMethod.Post, $"/api/service-accounts/{id}/secrets", new { });
        secret.Status.ShouldBe(HttpStatusCode.Created, secret.Body);
        return new TestAccount(gateway, id, secret.Json["secret"]!.GetValue<string>(), secret.Json["id"]!.GetValue<string>());
    }

    /// <param name="authorization">The whole header; null sends none.</param>
    public static Task<HttpAnswer> AskTokenAsync(this GatewayFixture gateway, string form, string? authorization = null, string type = "application/x-www-form-urlencoded", string query = "") =>
        gateway.SendAsync(HttpMethod.Post, "/oauth/token" + query, Encoding.UTF8.GetBytes(form), "",
            authorization is null ? [("Content-Type", type)] : [("Content-Type", type), ("Authorization", authorization)]);
}
