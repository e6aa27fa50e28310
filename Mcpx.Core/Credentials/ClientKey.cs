using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Credentials;

/// <summary>The private key with which the gateway signs client assertions (RFC 7523), entered as PEM.</summary>
public sealed class ClientKey : IDisposable
{
    private const int SmallestRsaBits = 2048;
    private const int P256Bits = 256;

    /// <summary>Authorization servers refuse assertions that live long, and one is made for each request.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(1);

    private readonly AsymmetricAlgorithm _key;

    private ClientKey(AsymmetricAlgorithm key) => _key = key;

    /// <summary>What people may see to tell two keys apart.</summary>
    public string Fingerprint => $"{Algorithm} {Convert.ToHexStringLower(SHA256.HashData(_key.ExportSubjectPublicKeyInfo()))[..12]}";

    private string Algorithm => _key is ECDsa ? "ES256" : "RS256";

    /// <exception cref="FormatException">What is wrong, in a sentence for people.</exception>
    public static ClientKey Read(Secret pem)
    {
        string text = pem.Reveal();
        return TryRead(ECDsa.Create(), text, key => ((ECDsa)key).ImportFromPem(text), key => key.KeySize == P256Bits)
            ?? TryRead(RSA.Create(), text, key => ((RSA)key).ImportFromPem(text), key => key.KeySize >= SmallestRsaBits)
            ?? throw new FormatException($"Enter a private key as PEM, unencrypted: elliptic curve P-256, or RSA with at least {SmallestRsaBits} bits.");
    }

    /// <param name="audience">The authorization server's issuer, or its token URL where no issuer is known.</param>
    public string Sign(string clientId, string audience, string? keyId, TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        Dictionary<string, object> header = new(StringComparer.Ordinal) { ["alg"] = Algorithm, ["typ"] = "JWT" };
        if (keyId is not null) header["kid"] = keyId;
        Dictionary<string, object> claims = new(StringComparer.Ordinal)
        {
            ["iss"] = clientId,
            ["sub"] = clientId,
            ["aud"] = audience,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + Life).ToUnixTimeSeconds(),
            ["jti"] = RandomNumberGenerator.GetHexString(32, lowercase: true),
        };
        string signed = $"{Part(header)}.{Part(claims)}";
        byte[] bytes = Encoding.ASCII.GetBytes(signed);
        byte[] signature = _key is ECDsa ec
            ? ec.SignData(bytes, HashAlgorithmName.SHA256)
            : ((RSA)_key).SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }

    public void Dispose() => _key.Dispose();

    private static string Part(Dictionary<string, object> members) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(members));

    private static ClientKey? TryRead(AsymmetricAlgorithm key, string pem, Action<AsymmetricAlgorithm> import, Func<AsymmetricAlgorithm, bool> fits)
    {
        try
        {
            import(key);
            // A public key can be imported too; it signs nothing.
            if (pem.Contains("PRIVATE KEY", StringComparison.Ordinal) && fits(key)) return new ClientKey(key);
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            // Another kind of key, or none.
        }

        key.Dispose();
        return null;
    }
}
