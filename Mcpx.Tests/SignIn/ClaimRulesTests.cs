using System.Text.Json;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication.Providers;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.SignIn;

public sealed class ClaimRulesTests
{
    private const string Consumers = "9188040d-6c67-4c5b-b112-36a304b66dad";
    private const string Somewhere = "11111111-2222-3333-4444-555555555555";

    [Theory]
    [InlineData("""{ "email": "a@gmail.com", "email_verified": true }""", true)]
    [InlineData("""{ "email": "A@GMAIL.com", "email_verified": "true" }""", true)]
    [InlineData("""{ "email": "a@corp.example", "email_verified": true, "hd": "corp.example" }""", true)]
    [InlineData("""{ "email": "a@corp.example", "email_verified": true, "hd": "CORP.example" }""", true)]
    [InlineData("""{ "email": "a@corp.example", "email_verified": true, "hd": "other.example" }""", false)]
    [InlineData("""{ "email": "a@corp.example", "email_verified": true }""", false)]
    [InlineData("""{ "email": "a@gmail.com", "email_verified": false }""", false)]
    [InlineData("""{ "email": "a@gmail.com", "email_verified": "yes" }""", false)]
    [InlineData("""{ "email": "a@gmail.com" }""", false)]
    [InlineData("""{ "email": "a@gmail.com.evil.example", "email_verified": true }""", false)]
    [InlineData("""{ "email_verified": true, "hd": "corp.example" }""", false)]
    public void Google_is_trusted_for_its_own_mail_and_for_the_domain_that_it_hosts(string claims, bool trusted)
    {
        var identity = ClaimRules.Google(Parse(claims, "\"sub\": \"7\""));
        identity.EmailTrusted.ShouldBe(trusted);
        (identity.Issuer, identity.Subject).ShouldBe(("https://accounts.google.com", "7"));
    }

    [Theory]
    [InlineData("common", Somewhere, "", false)]
    [InlineData("common", Somewhere, "\"xms_edov\": true", true)]
    [InlineData("common", Somewhere, "\"xms_edov\": \"1\"", true)]
    [InlineData("common", Somewhere, "\"xms_edov\": 1", true)]
    [InlineData("common", Somewhere, "\"xms_edov\": 0", false)]
    [InlineData("common", Somewhere, "\"email_verified\": true", false)]
    [InlineData("organizations", Somewhere, "", false)]
    [InlineData("common", Consumers, "", true)]
    [InlineData("consumers", Consumers, "", true)]
    [InlineData(Somewhere, Somewhere, "", true)]
    [InlineData("corp.example", Somewhere, "", true)]
    public void Microsoft_is_trusted_where_the_domain_s_owner_is_known(string setting, string tenant, string claim, bool trusted)
    {
        var claims = Parse("{ " + claim + " }", $"\"oid\": \"o\", \"iss\": \"https://login.microsoftonline.com/{tenant}/v2.0\", \"tid\": \"{tenant}\", \"email\": \"a@corp.example\"");
        var identity = ClaimRules.Microsoft(claims, Settings(ProviderKind.Microsoft) with { Tenant = setting });
        identity.EmailTrusted.ShouldBe(trusted);
        identity.Issuer.ShouldContain(tenant);
    }

    [Theory]
    [InlineData("common", Somewhere, true)]
    [InlineData("organizations", Somewhere, true)]
    [InlineData("organizations", Consumers, false)]
    [InlineData("consumers", Somewhere, false)]
    [InlineData(Somewhere, Somewhere, true)]
    [InlineData(Somewhere, Consumers, false)]
    public void A_tenant_that_the_setting_does_not_name_is_not_admitted(string setting, string tenant, bool admitted)
    {
        var claims = Parse("{}", $"\"tid\": \"{tenant}\"");
        void Check() => ClaimRules.CheckTenant(claims, Settings(ProviderKind.Microsoft) with { Tenant = setting });
        if (admitted) Should.NotThrow(Check);
        else Should.Throw<ProviderException>(Check).Problem.ShouldBe(ProviderProblem.Denied);
    }

    [Theory]
    [InlineData("""[{ "email": "a@x.example", "primary": true, "verified": true }]""", "a@x.example", true)]
    [InlineData("""[{ "email": "a@x.example", "primary": true, "verified": false }]""", "a@x.example", false)]
    [InlineData("""[{ "email": "b@x.example", "primary": false, "verified": true }, { "email": "a@x.example", "primary": true, "verified": false }]""", "a@x.example", false)]
    [InlineData("""[{ "email": "b@x.example", "primary": false, "verified": true }]""", null, false)]
    [InlineData("[]", null, false)]
    [InlineData("""["a@x.example", 7, null]""", null, false)]
    [InlineData("""{ "message": "Not Found" }""", null, false)]
    public void GitHub_s_address_is_the_primary_one_and_trusted_when_verified(string emails, string? email, bool trusted)
    {
        var identity = ClaimRules.GitHub(Parse("{}", "\"id\": 7, \"login\": \"ada\""), JsonDocument.Parse(emails).RootElement, "https://github.com");
        (identity.Subject, identity.Name, identity.Email, identity.EmailTrusted).ShouldBe(("7", "ada", email, trusted));
    }

    [Theory]
    [InlineData("""{ "login": "ada" }""")]
    [InlineData("""{ "id": "7" }""")]
    [InlineData("""{ "id": 7.5 }""")]
    [InlineData("""{ "id": 99999999999999999999 }""")]
    public void GitHub_s_login_name_is_no_key(string user) => Should.Throw<ProviderException>(() => ClaimRules.GitHub(Parse(user, ""), null, "https://github.com"));

    [Theory]
    [InlineData("""{ "email": "a@x.example", "email_verified": true }""", "{}", true, true)]
    [InlineData("""{ "email": "a@x.example", "email_verified": true }""", "{}", false, false)]
    [InlineData("""{ "email": "a@x.example" }""", "{}", true, false)]
    [InlineData("""{ "email": "a@x.example" }""", """{ "email": "b@x.example", "email_verified": true }""", true, false)]
    [InlineData("{}", """{ "email": "a@x.example", "email_verified": true }""", true, true)]
    public void OpenID_Connect_is_trusted_for_what_one_document_says_of_one_address(string claims, string more, bool setting, bool trusted)
    {
        var identity = ClaimRules.OpenIdConnect(Parse(claims, "\"sub\": \"s\""), JsonDocument.Parse(more).RootElement, Settings(ProviderKind.OpenIdConnect) with { TrustsEmail = setting });
        (identity.Email, identity.EmailTrusted).ShouldBe(("a@x.example", trusted));
    }

    [Theory]
    [InlineData("""{ "groups": ["a", "b", "a", 7, "", null] }""", "a,b")]
    [InlineData("""{ "groups": "a" }""", "a")]
    [InlineData("""{ "groups": { "a": 1 } }""", "")]
    [InlineData("""{ "roles": ["a"] }""", "")]
    [InlineData("""{ "_claim_names": { "groups": "src" } }""", null)]
    public void Groups_are_the_texts_of_the_claim(string claims, string? groups)
    {
        var identity = ClaimRules.OpenIdConnect(Parse(claims, "\"sub\": \"s\""), null, Settings(ProviderKind.OpenIdConnect));
        (identity.Groups is null ? null : string.Join(',', identity.Groups)).ShouldBe(groups);
    }

    [Fact]
    public void No_more_than_a_thousand_groups_are_looked_at()
    {
        var many = JsonSerializer.Serialize(new { sub = "s", groups = Enumerable.Range(0, 5000).Select(i => $"g{i}").Append(new string('x', 300)) });
        ClaimRules.OpenIdConnect(JsonDocument.Parse(many).RootElement, null, Settings(ProviderKind.OpenIdConnect)).Groups!.Count.ShouldBe(1000);
    }

    private static ProviderSettings Settings(ProviderKind kind) => new(kind, "id", new Secret("secret"), "https://idp.example") { Label = "x" };

    private static JsonElement Parse(string claims, string more)
    {
        var inner = claims.Trim()[1..^1].Trim();
        return JsonDocument.Parse("{" + string.Join(',', new[] { inner, more }.Where(p => p.Length > 0)) + "}").RootElement;
    }
}
