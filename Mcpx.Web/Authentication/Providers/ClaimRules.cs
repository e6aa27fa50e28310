using System.Text.Json;
using Mcpx.Core.Identity;

namespace Mcpx.Web.Authentication.Providers;

/// <summary>What each provider's claims mean: who somebody is, and whether their address can be trusted.</summary>
internal static class ClaimRules
{
    /// <summary>The tenant of personal Microsoft accounts, whose addresses Microsoft itself verifies.</summary>
    private const string ConsumerTenant = "9188040d-6c67-4c5b-b112-36a304b66dad";

    private const int MostGroups = 1000;

    private static readonly string[] SharedTenants = [ProviderSettings.AnyTenant, "organizations", "consumers"];

    /// <summary>
    /// A verified address is Google's own word only for its own mail and for the domain that an organisation runs there
    /// (<c>hd</c>); an address elsewhere may have changed hands since.
    /// </summary>
    public static ExternalIdentity Google(JsonElement claims)
    {
        string? domain = EmailAddress.TryNormalize(Text(claims, "email"), out string? email) ? email.Split('@')[1] : null;
        bool own = domain is "gmail.com" or "googlemail.com" || domain is not null && domain == Text(claims, "hd")?.ToLowerInvariant();
        return new ExternalIdentity("google", ProviderSettings.GoogleAuthority, Subject(claims, "sub"), Text(claims, "name") ?? "", email, own && IsTrue(claims, "email_verified"));
    }

    /// <summary>
    /// Within its tenant a person is the <c>oid</c>. Any tenant's administrator can write any address into a profile, so it
    /// counts only when Microsoft says that the domain's owner did (<c>xms_edov</c>), or who runs the tenant is known here.
    /// </summary>
    public static ExternalIdentity Microsoft(JsonElement claims, ProviderSettings settings)
    {
        bool known = !SharedTenants.Contains(settings.Tenant, StringComparer.OrdinalIgnoreCase) || Text(claims, "tid") == ConsumerTenant;
        return new ExternalIdentity("microsoft", Subject(claims, "iss"), Subject(claims, "oid"), Text(claims, "name") ?? "",
            Text(claims, "email"), known || IsTrue(claims, "xms_edov"));
    }

    /// <summary>The tenant is one that the setting admits.</summary>
    /// <exception cref="ProviderException">It is another one.</exception>
    public static void CheckTenant(JsonElement claims, ProviderSettings settings)
    {
        string? tenant = Text(claims, "tid");
        bool admitted = tenant is not null && settings.Tenant.ToLowerInvariant() switch
        {
            ProviderSettings.AnyTenant => true,
            "organizations" => tenant != ConsumerTenant,
            "consumers" => tenant == ConsumerTenant,
            // By its id; one that is set by its domain has the id in the description's issuer, which was compared already.
            string id => !Guid.TryParse(id, out _) || id == tenant,
        };
        if (!admitted) throw new ProviderException(ProviderProblem.Denied, "The person belongs to a tenant that MICROSOFT_TENANT does not admit.");
    }

    /// <param name="more">The userinfo endpoint's answer about the same subject; what the token says goes before it.</param>
    public static ExternalIdentity OpenIdConnect(JsonElement claims, JsonElement? more, ProviderSettings settings)
    {
        // Address and its verification come from the same place: half of each would be trusted by nobody's word.
        JsonElement address = Text(claims, "email") is null && more is { } other ? other : claims;
        string name = First("name") ?? First("preferred_username") ?? "";
        return new ExternalIdentity(settings.Name, settings.Authority, Subject(claims, "sub"), name, Text(address, "email"), settings.TrustsEmail && IsTrue(address, "email_verified"))
        {
            Groups = Groups(claims, settings.GroupsClaim) ?? (more is { } rest ? Groups(rest, settings.GroupsClaim) : null) ?? (AreElsewhere(claims, settings.GroupsClaim) ? null : []),
        };

        string? First(string claim) => Text(claims, claim) ?? (more is { } m ? Text(m, claim) : null);
    }

    /// <param name="emails">Of <c>/user/emails</c>; null when the person did not let us see them.</param>
    public static ExternalIdentity GitHub(JsonElement user, JsonElement? emails, string authority)
    {
        // The login is a name that can be given up and taken by somebody else; the number never is.
        if (!user.TryGetProperty("id", out JsonElement id) || id.ValueKind is not JsonValueKind.Number || !id.TryGetInt64(out long number))
            throw new ProviderException(ProviderProblem.BadAnswer, "The user has no number.");
        JsonElement primary = emails is { ValueKind: JsonValueKind.Array } list
            ? list.EnumerateArray().FirstOrDefault(e => e.ValueKind is JsonValueKind.Object && IsTrue(e, "primary"))
            : default;
        bool found = primary.ValueKind is JsonValueKind.Object;
        return new ExternalIdentity("github", authority, number.ToString(), Text(user, "name") ?? Text(user, "login") ?? "",
            found ? Text(primary, "email") : null, found && IsTrue(primary, "verified"));
    }

    /// <summary>A claim that is a text with something in it.</summary>
    public static string? Text(JsonElement claims, string name) =>
        claims.ValueKind is JsonValueKind.Object && claims.TryGetProperty(name, out JsonElement value) && value.ValueKind is JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    private static string Subject(JsonElement claims, string name) =>
        Text(claims, name) ?? throw new ProviderException(ProviderProblem.BadAnswer, $"The claim {name} is missing.");

    // Providers write it as a boolean, as a text, and Microsoft as a number or "1".
    private static bool IsTrue(JsonElement claims, string name) => claims.TryGetProperty(name, out JsonElement value) && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.String => value.GetString() is "true" or "1",
        JsonValueKind.Number => value.TryGetInt32(out int number) && number == 1,
        _ => false,
    };

    /// <summary>Null when the claim is not there.</summary>
    private static IReadOnlyList<string>? Groups(JsonElement claims, string name)
    {
        if (!claims.TryGetProperty(name, out JsonElement value)) return null;
        return value.ValueKind switch
        {
            JsonValueKind.Array => [.. value.EnumerateArray().Where(g => g.ValueKind is JsonValueKind.String).Select(g => g.GetString()!)
                .Where(g => g.Length is > 0 and <= GroupRoleAdmin.LongestGroup && !g.Contains('\0', StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).Take(MostGroups)],
            JsonValueKind.String when value.GetString() is { Length: > 0 and <= GroupRoleAdmin.LongestGroup } one => [one],
            _ => [],
        };
    }

    /// <summary>Distributed claims (OpenID Connect Core, section 5.6.2): the groups exist, but not here.</summary>
    private static bool AreElsewhere(JsonElement claims, string name) =>
        claims.TryGetProperty("_claim_names", out JsonElement names) && names.ValueKind is JsonValueKind.Object && names.TryGetProperty(name, out _);
}
