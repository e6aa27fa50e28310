using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Credentials;

namespace Mcpx.Core.Identity;

/// <summary>
/// Tokens are stored as HMAC-SHA-256 with a pepper that the database alone does not tell: a stolen one is no list of tokens,
/// and 256 random bits need no slow hash. Peppers are those that <see cref="TokenPeppers"/> keeps, and those that the keys
/// of the ring give.
/// </summary>
public sealed class TokenHasher(KeyRing keys)
{
    private readonly IReadOnlyList<byte[]> _derived = Derive(keys);
    private volatile byte[][] _peppers = [.. Derive(keys)];

    /// <summary>The hash that new tokens are stored under.</summary>
    public byte[] Hash(string token) => Hash(_peppers[0], token);

    /// <summary>The hashes under which the token may be stored, the likeliest first.</summary>
    public IReadOnlyList<byte[]> AllHashes(string token) => [.. _peppers.Select(pepper => Hash(pepper, token))];

    internal static IReadOnlyList<byte[]> Derive(KeyRing keys) => keys.DeriveAll("mcpx/token-pepper/v1");

    /// <summary>Takes these first.</summary>
    internal void Use(IReadOnlyList<byte[]> stored) =>
        _peppers = [.. stored, .. _derived.Where(derived => !stored.Any(s => s.AsSpan().SequenceEqual(derived)))];

    private static byte[] Hash(byte[] pepper, string token) => HMACSHA256.HashData(pepper, Encoding.UTF8.GetBytes(token));
}
