using System.Text;
using Mcpx.Core.Credentials;

namespace Mcpx.Web.Hosting;

/// <param name="Keys">As <see cref="KeyRing.Parse"/> takes them; null lets the embedded profile make one.</param>
/// <param name="JwtSecretStandsIn">They come from <c>JWT_SECRET</c> alone.</param>
internal sealed record KeySettings(string? Keys, bool JwtSecretStandsIn)
{
    public override string ToString() => nameof(KeySettings);
}

/// <summary>
/// Reads the installation's keys: <c>ENCRYPTION_KEY</c>, or <c>JWT_SECRET</c> where that is not set. With both, the second is
/// the ring's last key: what it sealed while it stood in can still be read, and sealed anew.
/// </summary>
internal sealed class KeyReader(IConfiguration configuration, List<string> mistakes)
{
    private const int ShortestSecret = 32;

    /// <param name="isEmbedded">That one has a key in its data directory, which no other may push aside unasked.</param>
    /// <param name="isRequired">With a database of the operator's own a key made here would be lost with this machine.</param>
    public KeySettings Read(bool isEmbedded, bool isRequired)
    {
        string? key = Text("ENCRYPTION_KEY");
        string? secret = Text("JWT_SECRET");
        bool isStrong = secret is { Length: >= ShortestSecret } && !KeyRing.LooksWeak(Encoding.UTF8.GetBytes(secret));
        if (key is not null)
        {
            if (!IsGood(key)) mistakes.Add("ENCRYPTION_KEY must hold random base64 keys of at least 32 bytes, e.g. made by: openssl rand -base64 32.");
            return new KeySettings(isStrong ? $"{key},{KeyRing.FromSecret(secret!)}" : key, false);
        }

        if (secret is not null && !isEmbedded)
        {
            if (!isStrong) mistakes.Add($"JWT_SECRET stands in for ENCRYPTION_KEY and must be random, of at least {ShortestSecret} characters, e.g. made by: openssl rand -base64 32. Better set ENCRYPTION_KEY.");
            return new KeySettings(KeyRing.FromSecret(secret), true);
        }

        if (isRequired)
            mistakes.Add("ENCRYPTION_KEY is not set, and no JWT_SECRET that could stand in. With an own database the keys are yours to keep; make one by: openssl rand -base64 32");
        return new KeySettings(null, false);
    }

    private static bool IsGood(string keys)
    {
        try
        {
            KeyRing.Parse(keys);
            return !keys.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Any(k => KeyRing.LooksWeak(Convert.FromBase64String(k)));
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return false;
        }
    }

    private string? Text(string key) => configuration[key] is { } text && !string.IsNullOrWhiteSpace(text) ? text.Trim() : null;
}
