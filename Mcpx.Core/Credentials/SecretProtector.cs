using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Mcpx.Core.Credentials;

/// <summary>Encrypts small secrets at rest and in handles, bound to the place where they belong.</summary>
public interface ISecretProtector
{
    /// <param name="context">Where the secret belongs, e.g. org|table|row|column; the same text is needed to open it.</param>
    byte[] Protect(ReadOnlySpan<byte> plaintext, string context);

    /// <summary>Null when the bytes were not made by this ring for this context, or were changed.</summary>
    byte[]? Unprotect(ReadOnlySpan<byte> ciphertext, string context);

    /// <summary>False for a ciphertext under another key than the one that seals now.</summary>
    bool IsCurrent(ReadOnlySpan<byte> ciphertext);
}

/// <summary>
/// AES-256-GCM with a random 96-bit nonce. Layout: key id (4) | nonce (12) | tag (16) | ciphertext. The additional data
/// is the context and the key id: a ciphertext that is moved to another row, column or organisation does not open.
/// </summary>
public sealed class AesGcmSecretProtector : ISecretProtector, IDisposable
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    private static readonly int HeaderLength = KeyRing.IdLength + NonceLength + TagLength;

    private readonly (uint Id, byte[] Key)[] _keys;
    private bool _disposed;

    public AesGcmSecretProtector(KeyRing keys, string purpose)
    {
        _keys =
        [
            .. keys.Ids().Zip(keys.DeriveAll(purpose), (id, key) =>
                (BinaryPrimitives.ReadUInt32BigEndian(id), key)),
        ];
    }

    public byte[] Protect(ReadOnlySpan<byte> plaintext, string context)
    {
        // Disposing wipes the keys: sealed with zeros, a secret would look safe.
        ObjectDisposedException.ThrowIf(_disposed, this);
        (uint id, byte[] key) = _keys[0];
        // One cipher per use: the object keeps the state of the operation, so two threads on the same one refuse each
        // other's handles and mix nonces, which gives the plaintext away.
        using AesGcm cipher = new(key, TagLength);
        byte[] output = new byte[HeaderLength + plaintext.Length];
        Span<byte> nonce = output.AsSpan(KeyRing.IdLength, NonceLength);
        BinaryPrimitives.WriteUInt32BigEndian(output, id);
        RandomNumberGenerator.Fill(nonce);
        cipher.Encrypt(nonce, plaintext, output.AsSpan(HeaderLength), output.AsSpan(KeyRing.IdLength + NonceLength, TagLength), AdditionalData(context, id));
        return output;
    }

    public byte[]? Unprotect(ReadOnlySpan<byte> ciphertext, string context)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (ciphertext.Length < HeaderLength)
            return null;
        uint id = BinaryPrimitives.ReadUInt32BigEndian(ciphertext);
        foreach ((uint keyId, byte[] key) in _keys)
        {
            if (keyId != id) continue;
            using AesGcm cipher = new(key, TagLength);
            byte[] plaintext = new byte[ciphertext.Length - HeaderLength];
            try
            {
                cipher.Decrypt(ciphertext.Slice(KeyRing.IdLength, NonceLength), ciphertext[HeaderLength..],
                    ciphertext.Slice(KeyRing.IdLength + NonceLength, TagLength), plaintext, AdditionalData(context, id));
                return plaintext;
            }
            catch (AuthenticationTagMismatchException)
            {
                return null;
            }
        }

        return null;
    }

    public bool IsCurrent(ReadOnlySpan<byte> ciphertext) => KeyRing.NameOf(ciphertext) == _keys[0].Id;

    public void Dispose()
    {
        _disposed = true;
        foreach ((_, byte[] key) in _keys)
            CryptographicOperations.ZeroMemory(key);
    }

    private static byte[] AdditionalData(string context, uint id)
    {
        byte[] data = new byte[Encoding.UTF8.GetByteCount(context) + KeyRing.IdLength];
        Encoding.UTF8.GetBytes(context, data);
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(data.Length - KeyRing.IdLength), id);
        return data;
    }
}
