using System.Security.Cryptography;
using Mcpx.Core.Jobs;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Credentials;

/// <summary>What a rotation did.</summary>
/// <param name="Unreadable">What no key of the ring opens, or stands where it does not belong. It stays as it is.</param>
public sealed record RotationOutcome(long Resealed, long Unreadable);

/// <summary>How many ciphertexts are under a key.</summary>
/// <param name="Key">Its public name, eight hexadecimal digits.</param>
/// <param name="Position">Its place in the ring from 0, which seals; null for one that is not in the ring, whose ciphertexts are lost.</param>
/// <param name="Values">By what they are, see <see cref="ISealedColumn.Name"/>.</param>
public sealed record KeyUse(string Key, int? Position, IReadOnlyDictionary<string, long> Values)
{
    public long Total => Values.Values.Sum();

    /// <summary>Nothing is left that would need it. The first key is never superfluous.</summary>
    public bool MayGo => Position > 0 && Total == 0;
}

/// <summary>
/// Seals with the first key of the ring whatever stands in the database under another one, while the gateway serves. It may
/// be cut off anywhere and begun again, and several may run at once: each ciphertext is replaced only where it still is the
/// one that was read.
/// </summary>
public sealed partial class KeyRotation(KeyRing keys, IEnumerable<ISealedColumn> columns, ILogger<KeyRotation> logger)
{
    private const int Batch = 500;

    private readonly ISealedColumn[] _columns = [.. columns.OrderBy(c => c.Name, StringComparer.Ordinal)];

    public async Task<RotationOutcome> RunAsync(CancellationToken cancellationToken)
    {
        long resealed = 0, unreadable = 0;
        foreach (ISealedColumn column in _columns)
        {
            using AesGcmSecretProtector protector = new(keys, column.Purpose);
            RotationOutcome pass;
            do
            {
                pass = await PassAsync(column, protector, cancellationToken);
                resealed += pass.Resealed;
            }
            // Once more: a replica whose ring has the keys in the old order may have saved behind us.
            while (pass.Resealed > 0);
            unreadable += pass.Unreadable;
            if (pass.Unreadable > 0) LogUnreadable(logger, pass.Unreadable, column.Name);
        }

        LogDone(logger, resealed, unreadable);
        return new RotationOutcome(resealed, unreadable);
    }

    /// <summary>The keys of the ring in their order, then those that are only met in the database.</summary>
    public async Task<IReadOnlyList<KeyUse>> CountAsync(CancellationToken cancellationToken)
    {
        uint[] ring = [.. keys.Names()];
        Dictionary<uint, Dictionary<string, long>> found = ring.ToDictionary(k => k, _ => new Dictionary<string, long>(StringComparer.Ordinal));
        foreach (ISealedColumn column in _columns)
        {
            IReadOnlyDictionary<uint, long> counted = await column.CountAsync(cancellationToken);
            foreach (uint key in counted.Keys.Except(found.Keys).ToArray()) found[key] = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach ((uint key, Dictionary<string, long> values) in found) values[column.Name] = counted.GetValueOrDefault(key);
        }

        return [.. found.Select(f => new KeyUse($"{f.Key:x8}", Array.IndexOf(ring, f.Key) is >= 0 and var at ? at : null, f.Value))
            .OrderBy(u => u.Position ?? int.MaxValue).ThenBy(u => u.Key, StringComparer.Ordinal)];
    }

    private async Task<RotationOutcome> PassAsync(ISealedColumn column, AesGcmSecretProtector protector, CancellationToken cancellationToken)
    {
        long resealed = 0, unreadable = 0;
        string? after = null;
        while (await column.ListOthersAsync(keys.Names()[0], after, Batch, cancellationToken) is { Count: > 0 } cells)
        {
            List<ResealedCell> done = [];
            foreach (SealedCell cell in cells)
            {
                if (Reseal(protector, cell) is { } fresh) done.Add(new ResealedCell(cell, fresh));
                else unreadable++;
            }

            if (done.Count > 0) resealed += await column.ReplaceAsync(done, cancellationToken);
            after = cells[^1].Row;
        }

        return new RotationOutcome(resealed, unreadable);
    }

    private static byte[]? Reseal(AesGcmSecretProtector protector, SealedCell cell)
    {
        if (protector.Unprotect(cell.Ciphertext, cell.Context) is not { } plaintext) return null;
        try
        {
            return protector.Protect(plaintext, cell.Context);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }

    [LoggerMessage(6120, LogLevel.Information, "Sealed {Resealed} stored secrets with the first key of the ring; {Unreadable} can't be read.")]
    private static partial void LogDone(ILogger logger, long resealed, long unreadable);

    [LoggerMessage(6121, LogLevel.Error, "{Count} of {Column} can't be read with any key of ENCRYPTION_KEY, or stand where they don't belong.")]
    private static partial void LogUnreadable(ILogger logger, long count, string column);
}

/// <summary>
/// The rotation as a job that runs when somebody asks for it, and not by itself: while a replica does not have the new key
/// yet, what is sealed with it is lost on that one.
/// </summary>
public sealed class KeyRotationJob(KeyRotation rotation) : IJob
{
    public const string JobName = "rotate-encryption-keys";

    public string Name => JobName;

    public TimeSpan Every => IJob.OnRequest;

    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        RotationOutcome outcome = await rotation.RunAsync(cancellationToken);
        return $"{outcome.Resealed} sealed anew, {outcome.Unreadable} unreadable.";
    }
}
