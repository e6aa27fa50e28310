using System.Net;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.OAuth;

public sealed class DiscoveryTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private string Base => gateway.Url.ToString().TrimEnd('/');

    [Theory]
    [InlineData("/.well-known/oauth-authorization-server")]
    [InlineData("/.well-known/openid-configuration")]
    public async Task The_servers_metadata_says_what_there_is_and_no_more(string path)
    {
        var answer = await GetAsync(path);

        answer.Status.ShouldBe(HttpStatusCode.OK);
        answer.ContentType.ShouldBe("application/json");
        answer.Headers.GetValues("Access-Control-Allow-Origin").ShouldBe(["*"]);
        answer.Body.ShouldBe(
            $$"""{"issuer":"{{Base}}","token_endpoint":"{{Base}}/oauth/token","jwks_uri":"{{Base}}/oauth/jwks","scopes_supported":["mcp","api:read","api:write"],"response_types_supported":[],"grant_types_supported":["client_credentials"],"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post","private_key_jwt"],"token_endpoint_auth_signing_alg_values_supported":["ES256","RS256","PS256"]}""");
    }

    [Theory]
    [InlineData("/mcp/home/server/crm", "mcp")]
    [InlineData("/mcp/home/gateway/office", "mcp")]
    [InlineData("/mcp/nobody/server/nothing", "mcp")]
    [InlineData("/api", "api:read\",\"api:write")]
    public async Task The_metadata_of_a_resource_names_it_byte_for_byte(string path, string scopes) =>
        (await GetAsync("/.well-known/oauth-protected-resource" + path)).Body.ShouldBe(
            $$"""{"resource":"{{Base}}{{path}}","authorization_servers":["{{Base}}"],"scopes_supported":["{{scopes}}"],"bearer_methods_supported":["header"],"resource_name":"mcpx"}""");

    [Theory]
    [InlineData("/.well-known")]
    [InlineData("/.well-known/")]
    [InlineData("/.well-known/nothing")]
    [InlineData("/.well-known/tokens")]
    [InlineData("/.well-known/oauth-protected-resource")]
    [InlineData("/.well-known/oauth-protected-resource/mcp/server/crm")]
    [InlineData("/.well-known/oauth-protected-resource/mcp/gateway/crm")]
    [InlineData("/.well-known/oauth-protected-resource/mcp/home/server/crm/")]
    [InlineData("/.well-known/oauth-protected-resource/mcp/Home/server/crm")]
    [InlineData("/.well-known/oauth-protected-resource/mcp/home/other/crm")]
    [InlineData("/.well-known/oauth-protected-resource/mcp/home/server/%22%3E%3Cscript")]
    [InlineData("/.well-known/oauth-protected-resource/mcp/home/server/" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("/.well-known/oauth-authorization-server/mcp/home/server/crm")]
    [InlineData("/.well-known/openid-configuration/mcp/home/server/crm")]
    public async Task A_miss_is_JSON_whoever_asks(string path)
    {
        foreach (var accept in new[] { "application/json", "text/html" })
        {
            var answer = await gateway.SendAsync(HttpMethod.Get, path, null, "", ("Accept", accept));
            answer.Status.ShouldBe(HttpStatusCode.NotFound, path);
            answer.ContentType.ShouldBe("application/json", path);
            answer.Headers.GetValues("Access-Control-Allow-Origin").ShouldBe(["*"]);
        }
    }

    [Fact]
    public async Task A_web_page_may_ask_first()
    {
        var answer = await gateway.SendAsync(HttpMethod.Options, "/.well-known/oauth-authorization-server", null, "",
            ("Origin", "https://inspector.example"), ("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "mcp-protocol-version"));

        answer.Status.ShouldBe(HttpStatusCode.NoContent);
        answer.Headers.GetValues("Access-Control-Allow-Headers").ShouldBe(["*"]);
        (await gateway.SendAsync(HttpMethod.Post, "/oauth/jwks", null, "")).Status.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    [Fact]
    public async Task Only_the_addresses_with_an_organisation_announce_it()
    {
        var named = await gateway.PostAsync("crm", Mcp.List, "");
        named.Headers.WwwAuthenticate.ToString().ShouldBe($"Bearer resource_metadata=\"{Base}/.well-known/oauth-protected-resource/mcp/home/server/crm\", scope=\"mcp\"");

        foreach (var path in new[] { "/mcp/server/crm", "/mcp/gateway/crm" })
        {
            var answer = await gateway.SendAsync(HttpMethod.Post, path, "{}"u8.ToArray(), "");
            answer.Status.ShouldBe(HttpStatusCode.Unauthorized);
            answer.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer realm=\"mcpx\", scope=\"mcp\"");
        }

        var strange = await gateway.SendAsync(HttpMethod.Post, "/mcp/home/server/%22x%22", "{}"u8.ToArray(), "");
        strange.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer realm=\"mcpx\", scope=\"mcp\"");
    }

    private Task<HttpAnswer> GetAsync(string path) => gateway.SendAsync(HttpMethod.Get, path, null, "");
}
