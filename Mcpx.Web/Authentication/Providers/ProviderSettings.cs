using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Web.Authentication.Providers;

internal enum ProviderKind
{
    Google,
    GitHub,
    Microsoft,
    OpenIdConnect,
}

/// <summary>One identity provider as the operator set it up.</summary>
/// <param name="Authority">The issuer of OpenID Connect providers, without a slash that its owner does not write; GitHub's address.</param>
internal sealed record ProviderSettings(ProviderKind Kind, string ClientId, Secret ClientSecret, string Authority)
{
    public const string GoogleAuthority = "https://accounts.google.com";
    public const string GitHubAuthority = "https://github.com";
    public const string MicrosoftAuthority = "https://login.microsoftonline.com";
    public const string AnyTenant = "common";
    public const string DefaultGroupsClaim = "groups";

    /// <summary>Stays as it is for ever: it stands in the database and in registered callback addresses.</summary>
    public string Name => Kind switch
    {
        ProviderKind.Google => "google",
        ProviderKind.GitHub => "github",
        ProviderKind.Microsoft => "microsoft",
        _ => "oidc",
    };

    public required string Label { get; init; }

    /// <summary>Microsoft: <c>common</c>, <c>organizations</c>, <c>consumers</c>, or one tenant's id or domain.</summary>
    public string Tenant { get; init; } = AnyTenant;

    /// <summary>OpenID Connect: the claim that lists a person's groups.</summary>
    public string GroupsClaim { get; init; } = DefaultGroupsClaim;

    /// <summary>OpenID Connect: an address that the issuer calls verified is.</summary>
    public bool TrustsEmail { get; init; } = true;

    public IdentityProvider ToProvider() => new(Name, Label)
    {
        GroupsIssuer = Kind is ProviderKind.OpenIdConnect ? Authority : null,
        HasIssuerPerTenant = Kind is ProviderKind.Microsoft,
    };
}

/// <summary>How people sign in, as the operator set it up.</summary>
/// <param name="Providers">In the order of the sign-in page.</param>
internal sealed record SignInSettings(IReadOnlyList<ProviderSettings> Providers, SignInPolicy Policy)
{
    public static SignInSettings None { get; } = new([], SignInPolicy.Everybody);
}
