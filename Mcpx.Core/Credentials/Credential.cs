using System.Text.Json;
using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Credentials;

public enum CredentialKind
{
    None,
    ApiKey,
    Bearer,

    /// <summary>An access token that the gateway gets for itself (RFC 6749, section 4.4).</summary>
    ClientCredentials,
}

/// <summary>What the gateway shows an upstream to be let in. The client's own credential never goes there.</summary>
public abstract record Credential
{
    private Credential()
    {
    }

    /// <summary>
    /// The header that carries it, and the value to set; null for an upstream that wants none, and for client credentials,
    /// which never go there themselves.
    /// </summary>
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

    /// <param name="Secret">The client's secret, or its private key as PEM.</param>
    public sealed record ClientCredentials(ClientSettings Settings, Secret Secret) : Credential
    {
        public override (string Header, Secret Value)? ToHeader() => null;
    }
}

/// <summary>A server's credential at rest: everything but the secret is readable, the secret is a ciphertext.</summary>
/// <param name="Header">The API key's header; null for other kinds.</param>
/// <param name="Hint">What people may see of the secret, see <see cref="CredentialInput.Hint"/>.</param>
public sealed record StoredCredential(OrganizationId Organization, ServerId Server, CredentialKind Kind, string? Header, byte[] Ciphertext, string Hint)
{
    /// <summary>Only of client credentials.</summary>
    public ClientSettings? Client { get; init; }

    /// <summary>For the audit log: what people may see of it.</summary>
    /// <param name="entered">Whether the secret was entered just now.</param>
    public AuditView AddTo(AuditView view, bool entered) => view.With("credential.kind", Kind).With("credential.header", Header)
        .With("credential.secret", entered ? $"{Hint} (entered anew)" : Hint)
        .With("credential.clientId", Client?.ClientId).With("credential.method", Client is null ? null : JsonNamingPolicy.CamelCase.ConvertName(Client.Method.ToString()))
        .With("credential.tokenUrl", Client?.TokenUrl).With("credential.issuer", Client?.Issuer).With("credential.scope", Client?.Scope)
        .With("credential.resource", Client?.Resource).With("credential.keyId", Client?.KeyId);

    /// <summary>Whether both are the same secret for the same use. Another object says nothing: each snapshot makes its own.</summary>
    public static bool IsSame(StoredCredential? one, StoredCredential? other) => ReferenceEquals(one, other)
        || one is not null && other is not null && one.Kind == other.Kind && one.Header == other.Header && one.Client == other.Client
            && one.Ciphertext.AsSpan().SequenceEqual(other.Ciphertext);
}
