using Mcpx.Core.Credentials;
using Mcpx.Tests.Fixtures;
using Mcpx.Web.Hosting;
using Microsoft.Extensions.Configuration;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Hosting;

/// <summary>Where the keys come from, and which are refused.</summary>
public sealed class KeySettingsTests
{
    private const string Secret = "f3b1c0de9a7788665544332211ffeeddccbbaa99887766554433221100ffee01";

    [Fact]
    public void With_neither_a_production_database_is_refused_by_what_to_set()
    {
        var refused = Should.Throw<ConfigurationException>(() => Own()).Message;
        refused.ShouldContain("ENCRYPTION_KEY");
        refused.ShouldContain("JWT_SECRET");
        refused.ShouldContain("openssl rand");
    }

    [Fact]
    public void Jwt_secret_stands_in_and_is_no_key_itself()
    {
        var options = Own(("JWT_SECRET", Secret));

        options.JwtSecretStandsIn.ShouldBeTrue();
        options.EncryptionKey.ShouldBe(KeyRing.FromSecret(Secret));
        KeyRing.Parse(options.EncryptionKey!).Count.ShouldBe(1);
    }

    [Fact]
    public void With_both_the_key_seals_and_what_the_secret_sealed_still_opens()
    {
        var options = Own(("ENCRYPTION_KEY", GatewayFixture.EncryptionKey), ("JWT_SECRET", Secret));

        options.JwtSecretStandsIn.ShouldBeFalse();
        KeyRing.Parse(options.EncryptionKey!).Ids().ShouldBe([KeyRing.Parse(GatewayFixture.EncryptionKey).Ids()[0], KeyRing.Parse(KeyRing.FromSecret(Secret)).Ids()[0]]);
    }

    [Fact]
    public void The_embedded_profile_keeps_the_key_of_its_data_directory() => Read(("JWT_SECRET", Secret)).EncryptionKey.ShouldBeNull();

    [Theory]
    [InlineData("ENCRYPTION_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("ENCRYPTION_KEY", "c2hvcnQ=")]
    [InlineData("ENCRYPTION_KEY", "correct horse battery staple, correct horse")]
    [InlineData("ENCRYPTION_KEY", GatewayFixture.EncryptionKey + ",AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("JWT_SECRET", "short")]
    [InlineData("JWT_SECRET", "secretsecretsecretsecretsecretsecret")]
    public void A_weak_one_is_refused_by_its_name(string key, string value) => Should.Throw<ConfigurationException>(() => Own((key, value))).Message.ShouldContain(key);

    private static McpxOptions Own(params (string Key, string Value)[] settings) =>
        Read([("ConnectionStrings:Mcpx", "Host=db"), ("GITHUB_CLIENT_ID", "x"), ("GITHUB_CLIENT_SECRET", "y"), .. settings]);

    private static McpxOptions Read(params (string Key, string Value)[] settings) => McpxOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => new KeyValuePair<string, string?>(s.Key, s.Value))).Build(), isProduction: true);
}
