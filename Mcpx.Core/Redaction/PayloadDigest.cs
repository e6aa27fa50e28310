using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Mcpx.Core.Redaction;

/// <summary>
/// HMAC-SHA-256 of whole payloads under an organisation's key. To set a keyed hash up takes twice as long as to hash a
/// payload: those that were are used again. For any number of threads.
/// </summary>
public sealed class PayloadDigest(byte[] key)
{
    private readonly ConcurrentQueue<IncrementalHash> _idle = new();

    /// <returns>32 bytes; null of no payload.</returns>
    public byte[]? Of(ReadOnlyMemory<byte>? payload)
    {
        if (payload is not { } bytes) return null;
        if (!_idle.TryDequeue(out IncrementalHash? hash)) hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hash.AppendData(bytes.Span);
        byte[] digest = hash.GetHashAndReset();
        _idle.Enqueue(hash);
        return digest;
    }
}
