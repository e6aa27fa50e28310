using System.Buffers.Binary;
using System.Security.Cryptography;
using Mcpx.Core.Credentials;

namespace Mcpx.Core.Calls.Journal;

/// <summary>
/// The installation's keys for its journals. Records wait there as they came, arguments and answers included, before
/// anything is masked: whoever gets hold of the disk must not read them.
/// </summary>
public sealed class JournalKeys(KeyRing ring)
{
    private const string Purpose = "mcpx/journal/v1";

    private readonly (uint Id, byte[] Key)[] _keys = [.. ring.Names().Zip(ring.DeriveAll(Purpose))];

    internal (uint Id, byte[] Key) Newest => _keys[0];

    /// <summary>Null when the ring has no such key.</summary>
    internal byte[]? Find(uint id) => Array.Find(_keys, k => k.Id == id).Key;
}

/// <summary>
/// Seals the frames of one file by AES-256-GCM, under a key of the file's own (HKDF-SHA-256 of the installation's key and
/// a salt that stands in the file's header). A frame's nonce is its place in the file: nothing is ever written twice to
/// one place of one file, and a frame that was moved does not open.
/// </summary>
internal sealed class JournalCipher : IDisposable
{
    public const int TagLength = 16;

    private const int SaltLength = 16;
    private const int KeyLength = 32;
    private const int NonceLength = 12;

    private readonly AesGcm _aes;

    private JournalCipher(byte[] key, ReadOnlySpan<byte> salt)
    {
        Span<byte> own = stackalloc byte[KeyLength];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, own, salt, "mcpx/journal/segment"u8);
        _aes = new AesGcm(own, TagLength);
        CryptographicOperations.ZeroMemory(own);
    }

    /// <summary>What a file's header says of its key: the key's name, the salt.</summary>
    public static int HeaderLength => KeyRing.IdLength + SaltLength;

    /// <summary>For a new file; writes its part of the header.</summary>
    public static JournalCipher Create(JournalKeys keys, Span<byte> header)
    {
        (uint id, byte[] key) = keys.Newest;
        BinaryPrimitives.WriteUInt32BigEndian(header, id);
        Span<byte> salt = header.Slice(KeyRing.IdLength, SaltLength);
        RandomNumberGenerator.Fill(salt);
        return new JournalCipher(key, salt);
    }

    /// <summary>For a file that is there; null when it is under a key that the installation does not have.</summary>
    public static JournalCipher? Open(JournalKeys keys, ReadOnlySpan<byte> header) =>
        keys.Find(KeyRing.NameOf(header)) is { } key ? new JournalCipher(key, header.Slice(KeyRing.IdLength, SaltLength)) : null;

    /// <summary>In place; the tag goes behind the record.</summary>
    public void Seal(Span<byte> recordAndTag, long place)
    {
        Span<byte> record = recordAndTag[..^TagLength];
        _aes.Encrypt(Nonce(place, stackalloc byte[NonceLength]), record, record, recordAndTag[^TagLength..]);
    }

    /// <summary>In place; empty when it was not sealed for this place by this file's key. No record is empty.</summary>
    public ReadOnlySpan<byte> Open(Span<byte> recordAndTag, long place)
    {
        if (recordAndTag.Length <= TagLength) return [];
        Span<byte> record = recordAndTag[..^TagLength];
        try
        {
            _aes.Decrypt(Nonce(place, stackalloc byte[NonceLength]), record, recordAndTag[^TagLength..], record);
            return record;
        }
        catch (AuthenticationTagMismatchException)
        {
            return [];
        }
    }

    public void Dispose() => _aes.Dispose();

    private static ReadOnlySpan<byte> Nonce(long place, Span<byte> nonce)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64BigEndian(nonce[^sizeof(long)..], place);
        return nonce;
    }
}
