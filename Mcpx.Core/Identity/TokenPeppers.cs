using Mcpx.Core.Credentials;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Identity;

/// <summary>A pepper of stored tokens, sealed for its row.</summary>
/// <param name="Position">From 0, whose pepper new tokens are hashed with.</param>
public sealed record StoredPepper(int Position, byte[] Sealed);

public interface IPepperStore
{
    /// <summary>Stores these unless there are any, and returns what is stored, in order. Replicas that do it at once get the same.</summary>
    Task<IReadOnlyList<StoredPepper>> EnsureAsync(IReadOnlyList<StoredPepper> first, CancellationToken cancellationToken);
}

/// <summary>
/// Keeps the peppers of tokens in the database, sealed by the key ring: a hash can't be computed anew without its token, so
/// that a pepper that came from a master key would keep that key in the ring until the last token is dead. Chosen once, as
/// the ring of that moment gives them, and sealed anew like everything else.
/// </summary>
public sealed partial class TokenPeppers(IPepperStore store, KeyRing keys, TokenHasher hasher, ILogger<TokenPeppers> logger)
{
    /// <summary>The purpose label of the key that seals them.</summary>
    public const string Purpose = "mcpx/token-peppers/v1";

    /// <summary>Before the first token is hashed.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        using AesGcmSecretProtector protector = new(keys, Purpose);
        IReadOnlyList<StoredPepper> stored = await store.EnsureAsync(
            [.. TokenHasher.Derive(keys).Select((pepper, at) => new StoredPepper(at, protector.Protect(pepper, Context(at))))], cancellationToken);
        List<byte[]> opened = [];
        foreach (StoredPepper pepper in stored)
        {
            if (protector.Unprotect(pepper.Sealed, Context(pepper.Position)) is { } open) opened.Add(open);
            else LogUnreadable(logger, pepper.Position);
        }

        hasher.Use(opened);
    }

    private static string Context(int position) => $"token_peppers|{position}|pepper";

    [LoggerMessage(6122, LogLevel.Critical, "Pepper {Position} of tokens can't be read with any key of ENCRYPTION_KEY: the tokens that were made with it are refused. Put the key back that was taken away too early.")]
    private static partial void LogUnreadable(ILogger logger, int position);
}
