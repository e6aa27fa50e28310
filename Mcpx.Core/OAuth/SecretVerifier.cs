using System.Security.Cryptography;
using Mcpx.Core.Identity;

namespace Mcpx.Core.OAuth;

/// <summary>What comparing a secret gave.</summary>
/// <param name="Comparisons">How many hashes were compared: the same whatever was presented, so that time tells nothing.</param>
public readonly record struct SecretMatch(ServiceAccountSecret? Found, int Comparisons);

/// <summary>Compares a client's secret with those of its account.</summary>
public sealed class SecretVerifier(TokenHasher hasher)
{
    // Compared where an account has fewer secrets, or does not exist: nobody knows a text whose hash this is.
    private static readonly byte[] Nothing = RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes);

    /// <param name="stored">The live secrets; none for a client that does not exist.</param>
    public SecretMatch Verify(string presented, IReadOnlyList<StoredSecret> stored)
    {
        ServiceAccountSecret? found = null;
        int comparisons = 0;
        foreach (byte[] hash in hasher.AllHashes(presented))
        {
            for (int i = 0; i < ServiceAccountAdmin.MostLiveSecrets; i++)
            {
                StoredSecret? candidate = i < stored.Count ? stored[i] : null;
                comparisons++;
                // No early end, neither inside a hash nor between them.
                if (CryptographicOperations.FixedTimeEquals(hash, candidate?.Hash ?? Nothing)) found = candidate?.Secret;
            }
        }

        return new SecretMatch(found, comparisons);
    }
}
