using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Mcpx.Core.Credentials;

/// <summary>
/// The keys of this installation (<c>ENCRYPTION_KEY</c>, several allowed): the first encrypts, all decrypt. Master keys
/// are never used themselves; each purpose gets its own key by HKDF-SHA-256 (RFC 5869), so that a key that leaks from
/// one use says nothing about another.
/// </summary>
public sealed class KeyRing
{
    /// <summary>Weaker than this is refused: a passphrase is no key.</summary>
    public const int MinimumKeyBytes = 32;

    private const int DerivedBytes = 32;

    /// <summary>Random bytes repeat themselves a little; a word, a pattern or zeros much more.</summary>
    private const int FewestDifferent = 8;

    private readonly byte[][] _masters;

    /// <exception cref="ArgumentException">No key, or one shorter than <see cref="MinimumKeyBytes"/>.</exception>
    public KeyRing(IReadOnlyList<byte[]> masters)
    {
        if (masters.Count == 0)
            throw new ArgumentException("The key ring needs at least one key.", nameof(masters));
        if (masters.Any(m => m.Length < MinimumKeyBytes))
            throw new ArgumentException($"A key must have at least {MinimumKeyBytes} bytes.", nameof(masters));
        _masters = [.. masters];
    }

    /// <summary>Four bytes that name a key without telling it; they stand in front of each ciphertext.</summary>
    public static int IdLength => 4;

    public int Count => _masters.Length;

    /// <summary>The name of the key that a ciphertext says it is under.</summary>
    public static uint NameOf(ReadOnlySpan<byte> ciphertext) => BinaryPrimitives.TryReadUInt32BigEndian(ciphertext, out uint name) ? name : 0;

    /// <summary>True for what nobody drew at random, however long it is.</summary>
    public static bool LooksWeak(ReadOnlySpan<byte> key)
    {
        HashSet<byte> different = [];
        foreach (byte b in key) different.Add(b);
        return different.Count < FewestDifferent;
    }

    /// <summary>A master key from another secret text, <c>JWT_SECRET</c>, as <see cref="Parse"/> takes it.</summary>
    public static string FromSecret(string secret) => Convert.ToBase64String(Derive(Encoding.UTF8.GetBytes(secret), "mcpx/jwt-secret/v1", MinimumKeyBytes));

    /// <summary>The key of a purpose under each master, newest first.</summary>
    public IReadOnlyList<byte[]> DeriveAll(string purpose) => [.. _masters.Select(m => Derive(m, purpose, DerivedBytes))];

    /// <summary>The public names of the master keys, newest first.</summary>
    public IReadOnlyList<byte[]> Ids() => [.. _masters.Select(m => Derive(m, "mcpx/key-id/v1", IdLength))];

    /// <summary>The same as numbers.</summary>
    public IReadOnlyList<uint> Names() => [.. Ids().Select(id => NameOf(id))];

    /// <summary>Reads <c>ENCRYPTION_KEY</c>: base64 keys separated by commas, newest first.</summary>
    /// <exception cref="FormatException">A part is not base64.</exception>
    public static KeyRing Parse(string text) =>
        new([.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Convert.FromBase64String)]);

    private static byte[] Derive(byte[] master, string purpose, int length) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, master, length, salt: null, info: Encoding.UTF8.GetBytes(purpose));
}
