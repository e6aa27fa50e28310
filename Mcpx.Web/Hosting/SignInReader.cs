using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication.Providers;

namespace Mcpx.Web.Hosting;

/// <summary>Reads which providers are on. One is on when its client id is set.</summary>
internal sealed class SignInReader(IConfiguration configuration, List<string> mistakes)
{
    /// <param name="needsProvider">Nobody could come in without one.</param>
    public SignInSettings Read(bool needsProvider)
    {
        ProviderSettings?[] all = [ReadGoogle(), ReadMicrosoft(), ReadGitHub(), ReadOpenIdConnect()];
        string[] domains = (Text("SIGN_IN_DOMAINS") ?? "").ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (domains.Any(domain => Uri.CheckHostName(domain) is not UriHostNameType.Dns)) mistakes.Add("SIGN_IN_DOMAINS must hold domains such as example.com,example.org.");
        ProviderSettings[] on = [.. all.OfType<ProviderSettings>()];
        if (needsProvider && on.Length == 0)
        {
            mistakes.Add("Nobody could sign in: set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET, GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, "
                + "MICROSOFT_CLIENT_ID and MICROSOFT_CLIENT_SECRET, or OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET. See docs/operations.md, Sign-in.");
        }

        return new SignInSettings(on, new SignInPolicy(domains));
    }

    private ProviderSettings? ReadGoogle() => ReadOne(ProviderKind.Google, "GOOGLE", ProviderSettings.GoogleAuthority, "Google");

    private ProviderSettings? ReadGitHub() =>
        ReadOne(ProviderKind.GitHub, "GITHUB", Address("GITHUB_URL", ProviderSettings.GitHubAuthority).TrimEnd('/'), "GitHub");

    private ProviderSettings? ReadMicrosoft()
    {
        string tenant = Text("MICROSOFT_TENANT") ?? ProviderSettings.AnyTenant;
        // It becomes a part of an address.
        if (!tenant.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.')) mistakes.Add("MICROSOFT_TENANT must be common, organizations, consumers, or a tenant's id or domain.");
        ProviderSettings? read = ReadOne(ProviderKind.Microsoft, "MICROSOFT", ProviderSettings.MicrosoftAuthority, "Microsoft");
        return read is null ? null : read with { Tenant = tenant };
    }

    private ProviderSettings? ReadOpenIdConnect()
    {
        string issuer = Address("OIDC_ISSUER", "");
        string label = Text("OIDC_NAME") ?? "Single sign-on";
        string claim = Text("OIDC_GROUPS_CLAIM") ?? ProviderSettings.DefaultGroupsClaim;
        if (!bool.TryParse(Text("OIDC_TRUST_EMAIL") ?? "true", out bool trust)) mistakes.Add("OIDC_TRUST_EMAIL must be true or false.");
        ProviderSettings? read = ReadOne(ProviderKind.OpenIdConnect, "OIDC", issuer, label);
        if (read is null) return null;
        if (issuer.Length == 0) mistakes.Add("OIDC_ISSUER is not set: the issuer of OIDC_CLIENT_ID, exactly as the provider writes it.");
        return read with { GroupsClaim = claim, TrustsEmail = trust };
    }

    private ProviderSettings? ReadOne(ProviderKind kind, string prefix, string authority, string label)
    {
        string? id = Text(prefix + "_CLIENT_ID");
        string? secret = Text(prefix + "_CLIENT_SECRET");
        if (id is null && secret is not null) mistakes.Add($"{prefix}_CLIENT_ID is not set, but {prefix}_CLIENT_SECRET is.");
        if (id is not null && secret is null) mistakes.Add($"{prefix}_CLIENT_SECRET is not set, but {prefix}_CLIENT_ID is.");
        return id is null || secret is null ? null : new ProviderSettings(kind, id, new Secret(secret), authority) { Label = label };
    }

    private string Address(string key, string fallback)
    {
        string text = Text(key) ?? fallback;
        // Over plain http whoever is on the way could be anybody; a loopback address has no way.
        bool good = text.Length == 0 || Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url is { Query: "", Fragment: "", UserInfo: "" }
            && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp && url.IsLoopback);
        if (!good) mistakes.Add($"{key} must be an https address such as https://login.example.com.");
        return text;
    }

    private string? Text(string key) => string.IsNullOrWhiteSpace(configuration[key]) ? null : configuration[key]!.Trim();
}
