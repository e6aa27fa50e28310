using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Credentials;

namespace Mcpx.Core.Identity;

/// <summary>
/// Tokens are stored as HMAC-SHA-256 with a pepper from the key ring: a stolen database is no list of tokens, and 256
/// random bits need no slow hash. Each key of the ring gives a pepper, so tokens survive a key rotation.
/// </summary>
public sealed class TokenHasher(KeyRing keys)
{
    private readonly byte[][] _peppers = [.. keys.DeriveAll("mcpx/token-pepper/v1")];

    /// <summary>The hash that new tokens are stored under.</summary>
    public byte[] Hash(string token) => Hash(_peppers[0], token);

    /// <summary>The hashes under which the token may be stored, newest key first.</summary>
    public IReadOnlyList<byte[]> AllHashes(string token) => [.. _peppers.Select(pepper => Hash(pepper, token))];

    private static byte[] Hash(byte[] pepper, string token) => HMACSHA256.HashData(pepper, Encoding.UTF8.GetBytes(token));
}
