using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace Mcpx.Core.OAuth;

/// <summary>
/// A service account's public keys (RFC 7517). Each is good for its own algorithms only: the attack is a token whose header
/// asks for another one, down to using the public key as a shared secret.
/// </summary>
public sealed class ClientKeys
{
    private const int LongestSet = 32 << 10;
    private const int MostKeys = 10;
    private const int SmallestRsaBits = 2048;
    private const int LargestRsaBits = 8192;
    private const int CoordinateLength = 32;

    private static readonly string[] PrivateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    private readonly List<(string? Id, string? Algorithm, ECParameters? Ec, RSAParameters? Rsa)> _keys = [];

    private ClientKeys()
    {
    }

    /// <summary>The algorithms that client assertions may be signed with.</summary>
    public static IReadOnlyList<string> Algorithms { get; } = ["ES256", "RS256", "PS256"];

    public int Count => _keys.Count;

    /// <summary>What is wrong with a JWK set, in a sentence; null when it is fine.</summary>
    public static string? Refuse(string jwks)
    {
        try
        {
            Read(jwks);
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    /// <exception cref="FormatException">What is wrong, in a sentence for people.</exception>
    public static ClientKeys Read(string jwks)
    {
        if (jwks.Length > LongestSet) throw new FormatException($"A key set has at most {LongestSet >> 10} KiB.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(jwks, Strict);
            if (document.RootElement.ValueKind is not JsonValueKind.Object || !document.RootElement.TryGetProperty("keys", out JsonElement keys) || keys.ValueKind is not JsonValueKind.Array)
                throw new FormatException("""A key set is a JSON object with a list "keys" (RFC 7517).""");
            if (keys.GetArrayLength() is < 1 or > MostKeys) throw new FormatException($"A key set holds 1 to {MostKeys} keys.");
            ClientKeys read = new();
            foreach (JsonElement key in keys.EnumerateArray())
                read.Add(key);
            return read;
        }
        catch (JsonException e)
        {
            throw new FormatException("This is not JSON.", e);
        }
    }

    /// <summary>True when one of the keys, that of the header's <c>kid</c> where it names one, made the signature.</summary>
    public bool Verify(JwtText token)
    {
        string? id = JwtText.TextOf(token.Header, "kid");
        foreach ((string? keyId, string? algorithm, ECParameters? ec, RSAParameters? rsa) in _keys)
        {
            if (id is not null && keyId is not null && id != keyId || algorithm is not null && algorithm != token.Algorithm) continue;
            if (Verify(token, ec, rsa)) return true;
        }

        return false;
    }

    private static bool Verify(JwtText token, ECParameters? ec, RSAParameters? rsa)
    {
        switch (token.Algorithm)
        {
            case "ES256" when ec is { } point:
                using (ECDsa key = ECDsa.Create(point))
                    return key.VerifyData(token.Signed, token.Signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            case "RS256" or "PS256" when rsa is { } modulus:
                using (RSA key = RSA.Create(modulus))
                    return key.VerifyData(token.Signed, token.Signature, HashAlgorithmName.SHA256, token.Algorithm == "RS256" ? RSASignaturePadding.Pkcs1 : RSASignaturePadding.Pss);
            default:
                return false;
        }
    }

    private void Add(JsonElement key)
    {
        if (key.ValueKind is not JsonValueKind.Object) throw new FormatException("Each key is a JSON object.");
        if (PrivateMembers.Any(m => key.TryGetProperty(m, out _))) throw new FormatException("A key has its private part in it: keep that one secret, make a new pair, and paste the public part.");
        if (key.TryGetProperty("use", out JsonElement use) && !(use.ValueKind is JsonValueKind.String && use.ValueEquals("sig"))) throw new FormatException("""A key is for something else: "use" must be "sig".""");
        string? algorithm = JwtText.TextOf(key, "alg");
        if (key.TryGetProperty("alg", out _) && !Algorithms.Contains(algorithm)) throw new FormatException($"A key's \"alg\" is one of {string.Join(", ", Algorithms)}.");
        string? id = JwtText.TextOf(key, "kid");
        switch (JwtText.TextOf(key, "kty"))
        {
            case "EC" when algorithm is null or "ES256":
                _keys.Add((id, algorithm, EcOf(key), null));
                break;
            case "RSA" when algorithm is not "ES256":
                _keys.Add((id, algorithm, null, RsaOf(key)));
                break;
            default:
                throw new FormatException("""Use keys of "kty" "EC" with the curve P-256, or "RSA" from 2048 bits on.""");
        }
    }

    private static ECParameters EcOf(JsonElement key)
    {
        if (JwtText.TextOf(key, "crv") != "P-256") throw new FormatException("An EC key must be on the curve P-256.");
        byte[] x = Bytes(key, "x"), y = Bytes(key, "y");
        if (x.Length != CoordinateLength || y.Length != CoordinateLength) throw new FormatException("A coordinate of P-256 has 32 bytes.");
        ECParameters parameters = new() { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = x, Y = y } };
        try
        {
            // Refuses a point that is not on the curve.
            using ECDsa made = ECDsa.Create(parameters);
            return parameters;
        }
        catch (CryptographicException e)
        {
            throw new FormatException("An EC key's x and y are no point of P-256.", e);
        }
    }

    private static RSAParameters RsaOf(JsonElement key)
    {
        RSAParameters parameters = new() { Modulus = Bytes(key, "n"), Exponent = Bytes(key, "e") };
        try
        {
            using RSA made = RSA.Create(parameters);
            // An exponent of 1 would make every message its own signature.
            if (made.KeySize is < SmallestRsaBits or > LargestRsaBits || parameters.Exponent is not [1, 0, 1])
                throw new FormatException($"An RSA key has {SmallestRsaBits} to {LargestRsaBits} bits and the exponent 65537.");
            return parameters;
        }
        catch (CryptographicException e)
        {
            throw new FormatException("An RSA key's n and e make no key.", e);
        }
    }

    private static byte[] Bytes(JsonElement key, string member)
    {
        string text = JwtText.TextOf(key, member) ?? throw new FormatException($"A key lacks \"{member}\".");
        return Base64Url.IsValid(text) ? Base64Url.DecodeFromChars(text) : throw new FormatException($"A key's \"{member}\" is not base64url.");
    }
}
