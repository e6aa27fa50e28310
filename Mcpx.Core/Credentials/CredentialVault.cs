using System.Text;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Credentials;

/// <summary>Seals a server's credential for the database and opens it again.</summary>
public sealed class CredentialVault(ISecretProtector protector)
{
    /// <summary>The purpose label of the key that seals credentials.</summary>
    public const string Purpose = "mcpx/credentials/v1";

    /// <summary>Null for a server without a credential.</summary>
    public StoredCredential? Seal(OrganizationId organization, ServerId server, CredentialInput input)
    {
        if (input.Kind is CredentialKind.None) return null;
        string? header = input.Kind is CredentialKind.ApiKey ? input.Header ?? CredentialInput.DefaultHeader : null;
        byte[] ciphertext = protector.Protect(Encoding.UTF8.GetBytes(input.Secret!.Reveal()), Context(organization, server));
        return new StoredCredential(organization, server, input.Kind, header, ciphertext, input.Hint())
        {
            Client = input.Kind is CredentialKind.ClientCredentials ? input.Client!.ToSettings() : null,
        };
    }

    /// <exception cref="CredentialUnreadableException">No key of the ring opens it, or it was moved to this row from another.</exception>
    public Credential Open(StoredCredential stored)
    {
        byte[] plaintext = protector.Unprotect(stored.Ciphertext, Context(stored.Organization, stored.Server))
            ?? throw new CredentialUnreadableException(stored.Server);
        Secret secret = new(Encoding.UTF8.GetString(plaintext));
        return stored.Kind switch
        {
            CredentialKind.ApiKey => new Credential.ApiKey(stored.Header ?? CredentialInput.DefaultHeader, secret),
            CredentialKind.Bearer => new Credential.Bearer(secret),
            CredentialKind.ClientCredentials => new Credential.ClientCredentials(stored.Client!, secret),
            _ => new Credential.None(),
        };
    }

    private static string Context(OrganizationId organization, ServerId server) => $"{organization}|credentials|{server}|ciphertext";
}

/// <summary>A stored credential that does not open: a lost key, or a ciphertext that belongs elsewhere.</summary>
public sealed class CredentialUnreadableException(ServerId server)
    : Exception($"The credential of server {server} can't be read with the configured ENCRYPTION_KEY.");
