using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Credentials;

public enum CredentialKind
{
    None,
    ApiKey,
    Bearer,
}

/// <summary>What the gateway shows an upstream to be let in. The client's own credential never goes there.</summary>
public abstract record Credential
{
    private Credential()
    {
    }

    /// <summary>The header that carries it, and the value to set; null for an upstream that wants none.</summary>
    public abstract (string Header, Secret Value)? ToHeader();

    public sealed record None : Credential
    {
        public override (string Header, Secret Value)? ToHeader() => null;
    }

    public sealed record ApiKey(string Header, Secret Key) : Credential
    {
        public override (string Header, Secret Value)? ToHeader() => (Header, Key);
    }

    /// <summary>RFC 6750, section 2.1.</summary>
    public sealed record Bearer(Secret Token) : Credential
    {
        public override (string Header, Secret Value)? ToHeader() => ("Authorization", new Secret("Bearer " + Token.Reveal()));
    }
}

/// <summary>A credential as forms and REST bring it, before it is checked.</summary>
/// <param name="Header">Only for an API key; <c>X-API-Key</c> when not given.</param>
public sealed record CredentialInput(CredentialKind Kind, string? Header = null, Secret? Secret = null)
{
    public const string DefaultHeader = "X-API-Key";
    private const int LongestSecret = 8192;

    public static CredentialInput None { get; } = new(CredentialKind.None);

    /// <summary>Adds what is wrong to <paramref name="check"/>, under the names <c>credential.…</c>.</summary>
    public void Check(InputCheck check)
    {
        if (Kind is CredentialKind.None) return;
        string? secret = Secret?.Reveal();
        check.Require(!string.IsNullOrEmpty(secret), "credential.secret", "A secret is required.")
            .Require(secret is null || secret.Length <= LongestSecret, "credential.secret", $"Use at most {LongestSecret} characters.")
            .Require(secret is null || OutboundHeaders.IsValidValue(secret), "credential.secret",
                "The secret goes into an HTTP header: use visible ASCII characters, no line breaks.");
        if (Kind is CredentialKind.ApiKey && OutboundHeaders.Refuse(Header ?? DefaultHeader) is { } why)
            check.Require(false, "credential.header", why);
    }

    public Credential ToCredential() => Kind switch
    {
        CredentialKind.ApiKey => new Credential.ApiKey(Header ?? DefaultHeader, Secret!),
        CredentialKind.Bearer => new Credential.Bearer(Secret!),
        _ => new Credential.None(),
    };
}

/// <summary>A server's credential at rest: everything but the secret is readable, the secret is a ciphertext.</summary>
/// <param name="Header">The API key's header; null for other kinds.</param>
/// <param name="Hint">What people may see of the secret, see <see cref="Secret.Hint"/>.</param>
public sealed record StoredCredential(OrganizationId Organization, ServerId Server, CredentialKind Kind, string? Header, byte[] Ciphertext, string Hint);
