using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

public interface ISignInLinkStore
{
    Task AddAsync(byte[] hash, UserId user, DateTimeOffset expiresAt, CancellationToken cancellationToken);

    /// <summary>Takes the link out and returns its user; null when it is unknown, used or past <paramref name="now"/>. Atomic.</summary>
    Task<UserId?> TakeAsync(byte[] hash, DateTimeOffset now, CancellationToken cancellationToken);
}

/// <summary>One-time links that sign a person in: how the first Owner gets into a fresh installation.</summary>
public sealed class SignInLinks(ISignInLinkStore store, TimeProvider time)
{
    private const int CodeBytes = 32;

    public static TimeSpan Lifetime { get; } = TimeSpan.FromHours(1);

    /// <summary>Returns the secret code of the link's address.</summary>
    public async Task<Secret> CreateAsync(UserId user, CancellationToken cancellationToken)
    {
        string code = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(CodeBytes));
        await store.AddAsync(Hash(code), user, time.GetUtcNow() + Lifetime, cancellationToken);
        return new Secret(code);
    }

    /// <summary>The link's user, once; null for a link that is unknown, used or expired.</summary>
    public Task<UserId?> RedeemAsync(string code, CancellationToken cancellationToken) =>
        code.Length == CodeBytes * 2 ? store.TakeAsync(Hash(code), time.GetUtcNow(), cancellationToken) : Task.FromResult<UserId?>(null);

    // 256 random bits: a plain hash is as good as a peppered one, and the database holds no usable link.
    private static byte[] Hash(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(code));
}
