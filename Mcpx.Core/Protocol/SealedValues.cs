using System.Buffers.Binary;
using System.Buffers.Text;
using Mcpx.Core.Credentials;
using Mcpx.Core.Identity;

namespace Mcpx.Core.Protocol;

/// <summary>
/// Small values that go to a client and must come back unchanged from the same caller: who sends something else, or
/// somebody else's, sends nothing.
/// </summary>
public sealed class SealedValues(ISecretProtector protector, TimeProvider time)
{
    /// <summary>The purpose label of the key that seals them.</summary>
    public const string Purpose = "mcpx/sealed-values/v1";

    /// <summary>A server's own state may be large; it came from there and goes back there.</summary>
    private const int Longest = 1 << 20;

    /// <param name="kind">What it is, so that one kind of value is never taken for another.</param>
    /// <param name="place">Where it belongs, e.g. an endpoint's id.</param>
    /// <param name="life">How long it may come back.</param>
    public string Seal(Caller caller, string kind, string place, ReadOnlySpan<byte> value, TimeSpan life)
    {
        byte[] plaintext = new byte[sizeof(long) + value.Length];
        BinaryPrimitives.WriteInt64BigEndian(plaintext, (time.GetUtcNow() + life).ToUnixTimeSeconds());
        value.CopyTo(plaintext.AsSpan(sizeof(long)));
        return Base64Url.EncodeToString(protector.Protect(plaintext, Context(caller, kind, place)));
    }

    /// <summary>Null for a value that is not ours, not this caller's, of another kind or place, changed, or too old.</summary>
    public byte[]? Open(Caller caller, string kind, string place, string text)
    {
        if (text.Length > Longest || !Base64Url.IsValid(text)) return null;
        byte[]? plaintext = protector.Unprotect(Base64Url.DecodeFromChars(text), Context(caller, kind, place));
        return plaintext is null || BinaryPrimitives.ReadInt64BigEndian(plaintext) < time.GetUtcNow().ToUnixTimeSeconds() ? null : plaintext[sizeof(long)..];
    }

    private static string Context(Caller caller, string kind, string place) => $"{caller.Organization}|{kind}|{caller.Principal.Id}|{place}";
}
