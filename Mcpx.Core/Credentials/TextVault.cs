using System.Text;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Credentials;

/// <summary>Seals the secrets of one column for the database and opens them again, each bound to its organisation and row.</summary>
/// <param name="table">As <see cref="ISealedColumn"/> names it too: what is bound otherwise is lost with its key.</param>
public abstract class TextVault(ISecretProtector protector, string table, string column)
{
    private protected byte[] Seal(OrganizationId organization, Guid row, Secret secret) =>
        protector.Protect(Encoding.UTF8.GetBytes(secret.Reveal()), Context(organization, row));

    /// <summary>Null when no key of the ring opens it, or it was moved here from elsewhere.</summary>
    private protected Secret? Open(OrganizationId organization, Guid row, byte[]? ciphertext) =>
        protector.Unprotect(ciphertext, Context(organization, row)) is { } plaintext ? new Secret(Encoding.UTF8.GetString(plaintext)) : null;

    private string Context(OrganizationId organization, Guid row) => $"{organization}|{table}|{row}|{column}";
}
