using System.Globalization;
using System.Text;
using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>A person as an identity provider vouches for them at one sign-in. The key is (issuer, subject), never the e-mail.</summary>
/// <param name="Provider">The name under which the provider is configured here, e.g. <c>google</c>.</param>
/// <param name="Issuer">Who vouches, e.g. <c>https://accounts.google.com</c>.</param>
/// <param name="Subject">Whom, in the issuer's own words.</param>
/// <param name="EmailTrusted">The provider says that the address is verified, and can be trusted for it.</param>
public sealed record ExternalIdentity(string Provider, string Issuer, string Subject, string Name, string? Email, bool EmailTrusted)
{
    /// <summary>OpenID Connect Core, section 2: a subject has at most 255 characters. Ours for the issuer too.</summary>
    private const int LongestKey = 255;
    private const int LongestName = 100;

    /// <summary>The groups at the provider; null when this sign-in says nothing about groups.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>
    /// What may be stored and compared of what a provider said: the name without what would forge lines, the address in
    /// its one spelling. Null when the key itself is none.
    /// </summary>
    public ExternalIdentity? Normalized()
    {
        if (!IsKey(Issuer) || !IsKey(Subject)) return null;
        // Letters outside of ASCII fold into others: an address that somebody registered elsewhere would become another's.
        bool isPlain = EmailAddress.TryNormalize(Email, out string? email) && Email.All(char.IsAscii);
        return this with { Name = CleanName(Name) ?? email?.Split('@')[0] ?? "Unnamed", Email = email, EmailTrusted = EmailTrusted && isPlain };
    }

    private static bool IsKey(string text) => text.Length is > 0 and <= LongestKey && !text.Any(c => c is <= ' ' or >= '\u007f');

    private static string? CleanName(string name)
    {
        string clean = string.Concat(name.EnumerateRunes().Where(IsVisible).Select(rune => rune.ToString())).Trim();
        if (clean.Length > LongestName) clean = clean[..(char.IsHighSurrogate(clean[LongestName - 1]) ? LongestName - 1 : LongestName)].TrimEnd();
        return clean.Length == 0 ? null : clean;
    }

    // Format characters turn the direction of the text around: a name must not rewrite the sentence it stands in.
    private static bool IsVisible(Rune rune) => rune.Value != 0xFFFD && Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}

/// <summary>A login at a provider that opens an account here.</summary>
public sealed record ExternalLogin(
    string Provider,
    string Issuer,
    string Subject,
    UserId User,
    string Name,
    string? Email,
    bool EmailTrusted,
    DateTimeOffset LinkedAt,
    DateTimeOffset? LastUsedAt)
{
    /// <summary>Without address and subject: at another provider they are the person's own, and no organisation's business.</summary>
    /// <param name="provider">See <see cref="Provider"/>.</param>
    /// <param name="person">Whose login it is.</param>
    public static AuditView ToAudit(string provider, string person) => new AuditView(person).With("login", provider);
}
