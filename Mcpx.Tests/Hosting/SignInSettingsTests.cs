using Mcpx.Web.Hosting;
using Microsoft.Extensions.Configuration;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Hosting;

public sealed class SignInSettingsTests
{
    private const string Key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    [Fact]
    public void A_production_database_without_a_way_to_sign_in_is_refused()
    {
        var mistakes = Should.Throw<ConfigurationException>(() => Read(("ConnectionStrings:Mcpx", "Host=db"), ("ENCRYPTION_KEY", Key))).Message;
        foreach (var setting in new[] { "GOOGLE_CLIENT_ID", "GITHUB_CLIENT_ID", "MICROSOFT_CLIENT_ID", "OIDC_ISSUER", "OIDC_CLIENT_ID" }) mistakes.ShouldContain(setting);
    }

    /// <summary>The owner's connection is then another process's, and people sign in here all the same.</summary>
    [Fact]
    public void So_is_one_that_another_process_migrates() => Should.Throw<ConfigurationException>(() => Read(
        ("MCPX_MIGRATE", "false"), ("ConnectionStrings:McpxApp", "Host=db"), ("ConnectionStrings:McpxEngine", "Host=db"), ("ENCRYPTION_KEY", Key))).Message.ShouldContain("OIDC_ISSUER");

    [Fact]
    public void The_embedded_profile_needs_none() => Read().SignIn.Providers.ShouldBeEmpty();

    [Fact]
    public void Each_provider_is_on_when_its_client_is_set()
    {
        var on = Read(("GOOGLE_CLIENT_ID", "g"), ("GOOGLE_CLIENT_SECRET", "s"), ("OIDC_ISSUER", "https://idp.example/realms/x/"), ("OIDC_CLIENT_ID", "o"), ("OIDC_CLIENT_SECRET", "s"),
            ("OIDC_NAME", "Keycloak"), ("OIDC_GROUPS_CLAIM", "roles"), ("OIDC_TRUST_EMAIL", "false")).SignIn.Providers;

        on.Select(p => p.Name).ShouldBe(["google", "oidc"]);
        // As the provider writes it, its slash included: issuers are compared as texts.
        on[1].Authority.ShouldBe("https://idp.example/realms/x/");
        (on[1].Label, on[1].GroupsClaim, on[1].TrustsEmail).ShouldBe(("Keycloak", "roles", false));
        on[1].ToString().ShouldNotContain("= s,");
    }

    [Theory]
    [InlineData("GOOGLE_CLIENT_SECRET", "GOOGLE_CLIENT_ID", "x")]
    [InlineData("GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET", "x")]
    [InlineData("MICROSOFT_CLIENT_SECRET", "MICROSOFT_CLIENT_ID", "x")]
    [InlineData("MICROSOFT_TENANT", "MICROSOFT_TENANT", "../evil")]
    [InlineData("OIDC_ISSUER", "OIDC_ISSUER", "http://idp.example")]
    [InlineData("OIDC_ISSUER", "OIDC_ISSUER", "https://user@idp.example")]
    [InlineData("GITHUB_URL", "GITHUB_URL", "github.example")]
    [InlineData("OIDC_TRUST_EMAIL", "OIDC_TRUST_EMAIL", "perhaps")]
    [InlineData("SIGN_IN_DOMAINS", "SIGN_IN_DOMAINS", "example.com,@x")]
    public void A_wrong_setting_is_refused_by_its_name(string named, string key, string value) =>
        Should.Throw<ConfigurationException>(() => Read((key, value))).Message.ShouldContain(named);

    [Fact]
    public void A_client_of_no_issuer_is_refused() =>
        Should.Throw<ConfigurationException>(() => Read(("OIDC_CLIENT_ID", "o"), ("OIDC_CLIENT_SECRET", "s"))).Message.ShouldContain("OIDC_ISSUER");

    private static McpxOptions Read(params (string Key, string Value)[] settings) => McpxOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => new KeyValuePair<string, string?>(s.Key, s.Value))).Build(), isProduction: true);
}
