using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Credentials;

/// <summary>A credential as forms and REST bring it, before it is checked.</summary>
/// <param name="Header">Only for an API key; <c>X-API-Key</c> when not given.</param>
/// <param name="Client">Only for client credentials.</param>
public sealed record CredentialInput(CredentialKind Kind, string? Header = null, Secret? Secret = null, ClientInput? Client = null)
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
            .Require(secret is null || secret.Length <= LongestSecret, "credential.secret", $"Use at most {LongestSecret} characters.");
        if (Kind is CredentialKind.ClientCredentials)
        {
            (Client ?? new ClientInput()).Check(check);
            if (Client?.Method is ClientMethod.PrivateKeyJwt && !string.IsNullOrEmpty(secret)) CheckKey(check, secret);
            // RFC 6749, appendix A.2: visible ASCII and blanks.
            else check.Require(secret is null || OutboundHeaders.IsValidValue(secret), "credential.secret", "Use visible ASCII characters, no line breaks.");
            return;
        }

        check.Require(secret is null || OutboundHeaders.IsValidValue(secret), "credential.secret",
            "The secret goes into an HTTP header: use visible ASCII characters, no line breaks.");
        if (Kind is CredentialKind.ApiKey && OutboundHeaders.Refuse(Header ?? DefaultHeader) is { } why)
            check.Require(false, "credential.header", why);
    }

    /// <summary>What people may see of it: the last characters of a secret; a key's fingerprint, since all keys end alike.</summary>
    public string Hint() => Client?.Method is ClientMethod.PrivateKeyJwt && Kind is CredentialKind.ClientCredentials
        ? FingerprintOf(Secret!)
        : Secret!.Hint();

    private static string FingerprintOf(Secret pem)
    {
        using ClientKey key = ClientKey.Read(pem);
        return key.Fingerprint;
    }

    private static void CheckKey(InputCheck check, string pem)
    {
        try
        {
            using ClientKey _ = ClientKey.Read(new Secret(pem));
        }
        catch (FormatException e)
        {
            check.Require(false, "credential.secret", e.Message);
        }
    }
}
