namespace Mcpx.Core.Identity;

/// <summary>A provider that people can sign in with here.</summary>
/// <param name="Name">In addresses and in the database, e.g. <c>google</c>.</param>
/// <param name="Label">For people, e.g. <c>Google</c>.</param>
public sealed record IdentityProvider(string Name, string Label)
{
    /// <summary>The issuer whose groups can give roles; null for a provider without groups.</summary>
    public string? GroupsIssuer { get; init; }

    /// <summary>Each tenant is an issuer of its own, but they all are one provider.</summary>
    public bool HasIssuerPerTenant { get; init; }
}

/// <summary>The providers that this installation has switched on, in the order of the sign-in page.</summary>
public sealed class IdentityProviders(IReadOnlyList<IdentityProvider> all)
{
    public IReadOnlyList<IdentityProvider> All { get; } = all;

    /// <summary>The provider whose groups give roles; at most one.</summary>
    public IdentityProvider? WithGroups { get; } = all.FirstOrDefault(p => p.GroupsIssuer is not null);

    /// <summary>Null when no provider of that name is on.</summary>
    public IdentityProvider? Find(string name) => All.FirstOrDefault(p => p.Name == name);

    /// <summary>The login's provider is on, and still the one that it was.</summary>
    public bool IsWayIn(ExternalLogin login) => Find(login.Provider) is { } provider && (provider.GroupsIssuer is null || provider.GroupsIssuer == login.Issuer);

    /// <summary>For people, also for a provider that was switched off since.</summary>
    public string LabelOf(string name) => Find(name)?.Label ?? name;
}

/// <summary>Who may come in for the first time.</summary>
/// <param name="Domains">Lower case; empty lets everybody in whom a provider knows.</param>
public sealed record SignInPolicy(IReadOnlyList<string> Domains)
{
    public static SignInPolicy Everybody { get; } = new([]);

    /// <summary>Null when a new account may be made for them. Who has an account is never asked.</summary>
    public SignInRefusal? Refuse(ExternalIdentity identity)
    {
        if (Domains.Count == 0) return null;
        // An address that nobody verified is a claim: anybody could write one of the right domain.
        if (!identity.EmailTrusted) return SignInRefusal.EmailNotVerified;
        return Domains.Contains(identity.Email!.Split('@')[1]) ? null : SignInRefusal.DomainNotAdmitted;
    }
}
