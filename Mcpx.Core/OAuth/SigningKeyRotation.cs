using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.OAuth;

/// <summary>
/// Keeps a key that signs, and publishes the next one in time. It may run on every replica, at any moment and as often as
/// one likes: what is to be done is decided while the database holds the others off.
/// </summary>
public sealed partial class SigningKeyRotation(ISigningKeyStore store, SigningKeyVault vault, ChangeFeed changes, TimeProvider time, ILogger<SigningKeyRotation> logger)
{
    /// <summary>How long a key signs.</summary>
    public static TimeSpan SignsFor { get; } = TimeSpan.FromDays(30);

    /// <summary>How long before it signs a key is published: verifiers keep the key set for a while.</summary>
    public static TimeSpan PublishedBefore { get; } = TimeSpan.FromHours(24);

    /// <summary>How long after its last signature a key is still published and accepted; more than any of its tokens lives.</summary>
    public static TimeSpan AcceptedAfter { get; } = TimeSpan.FromHours(1);

    /// <summary>Returns which keys were made or taken away.</summary>
    public async Task<SigningKeyChange> RunAsync(CancellationToken cancellationToken)
    {
        SigningKeyChange change = await store.ChangeAsync(Plan, cancellationToken);
        if (change.IsEmpty) return change;
        foreach (SigningKey key in change.Added)
            LogMade(logger, key.Id, key.ActiveAt);
        foreach (string id in change.Removed)
            LogRemoved(logger, id);
        await changes.PublishAsync(new Change(ChangeKind.SigningKeys, Guid.Empty));
        return change;
    }

    /// <summary>The key that signs at an instant: of those that still do, the one that began last. Null when there is none.</summary>
    public static SigningKey? SignerAt(IEnumerable<SigningKey> keys, DateTimeOffset at) =>
        keys.Where(k => k.ActiveAt <= at && at < k.ExpiresAt - AcceptedAfter).MaxBy(k => (k.ActiveAt, k.Id));

    private SigningKeyChange Plan(IReadOnlyList<SigningKey> keys)
    {
        DateTimeOffset now = Instant.Now(time);
        List<SigningKey> added = [];
        SigningKey? signer = SignerAt(keys, now);
        // The first one, or all replicas were down over the change: nobody can have been told of it before.
        if (signer is null) added.Add(signer = Create(now, now));
        DateTimeOffset end = signer.ExpiresAt - AcceptedAfter;
        if (end - now <= PublishedBefore && !keys.Any(k => k.ActiveAt > now))
        {
            // Late by an outage: then it waits at least the hour that a verifier may keep the key set.
            DateTimeOffset activeAt = end - now > TimeSpan.FromHours(1) ? end : now.AddHours(1);
            added.Add(Create(now, activeAt));
        }

        return new SigningKeyChange(added, [.. keys.Where(k => k.ExpiresAt <= now).Select(k => k.Id)]);
    }

    private SigningKey Create(DateTimeOffset now, DateTimeOffset activeAt) => vault.Create(now, activeAt, activeAt + SignsFor + AcceptedAfter);

    [LoggerMessage(4001, LogLevel.Information, "Made the key {KeyId} for access tokens; it signs from {ActiveAt:u} on.")]
    private static partial void LogMade(ILogger logger, string keyId, DateTimeOffset activeAt);

    [LoggerMessage(4002, LogLevel.Information, "Took away the key {KeyId}, which accepts no access token any more.")]
    private static partial void LogRemoved(ILogger logger, string keyId);
}
