using System.Security.Cryptography;
using Mcpx.Core.Primitives;
using Microsoft.AspNetCore.DataProtection;

namespace Mcpx.Web.Authentication.Providers;

/// <summary>
/// What lets a signed-in person begin linking. The attack: a foreign page sends the victim's browser to the beginning,
/// after having signed it in at the provider as the attacker, who then owns a way into the victim's account. A ticket is
/// made on the profile page for its person, so nobody else's page can hold one that fits.
/// </summary>
internal sealed class LinkTickets(IDataProtectionProvider protection)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);

    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("mcpx/link-ticket/v1").ToTimeLimitedDataProtector();

    public string Create(UserId user, string provider) => _protector.Protect(Content(user, provider), Lifetime);

    public bool IsGood(string? ticket, UserId user, string provider)
    {
        try
        {
            return ticket is not null && _protector.Unprotect(ticket) == Content(user, provider);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static string Content(UserId user, string provider) => $"{user}|{provider}";
}
