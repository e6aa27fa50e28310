namespace Mcpx.Core.Credentials;

/// <summary>A ciphertext where it stands.</summary>
/// <param name="Row">Names the row within its column, and orders the rows.</param>
/// <param name="Context">What it is bound to, see <see cref="ISecretProtector"/>.</param>
public sealed record SealedCell(string Row, string Context, byte[] Ciphertext);

/// <summary>A ciphertext that is to take the place of another.</summary>
public sealed record ResealedCell(SealedCell Before, byte[] After);

/// <summary>
/// One place of the database where ciphertexts of the key ring stand. A new one belongs here from its first day: what is
/// missed by <see cref="KeyRotation"/> is lost when its key leaves the ring.
/// </summary>
public interface ISealedColumn
{
    /// <summary>What it holds, for people and programs: lower case, with hyphens.</summary>
    string Name { get; }

    /// <summary>The purpose label of the key that seals it.</summary>
    string Purpose { get; }

    /// <summary>How many ciphertexts there are under each key, by the four bytes in front of each.</summary>
    Task<IReadOnlyDictionary<uint, long>> CountAsync(CancellationToken cancellationToken);

    /// <summary>Ciphertexts under other keys than this one, in the order of their rows.</summary>
    /// <param name="after">The row to go on behind; null begins.</param>
    Task<IReadOnlyList<SealedCell>> ListOthersAsync(uint key, string? after, int size, CancellationToken cancellationToken);

    /// <summary>Replaces each that still stands there: what somebody saved meanwhile is newer and stays.</summary>
    /// <returns>How many were replaced.</returns>
    Task<int> ReplaceAsync(IReadOnlyList<ResealedCell> cells, CancellationToken cancellationToken);
}
