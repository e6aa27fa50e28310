using System.Net.Mail;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Notifications;

/// <summary>
/// Where mail goes out. The operator sets it, nobody else can, so the address guard of <c>Egress</c> does not stand in
/// front of it: an installation's relay is usually in a private network.
/// </summary>
/// <param name="StartTls">The connection is encrypted before anything else is said, or no mail is sent.</param>
public sealed record MailSettings(string Host, int Port, string? User, Secret? Password, bool StartTls, MailAddress From)
{
    private const int SubmissionPort = 587;

    /// <param name="url">E.g. <c>smtp://user:password@mail.example.com:587?tls=starttls</c>; <c>tls=none</c> for a relay on this machine.</param>
    /// <param name="from">E.g. <c>mcpx &lt;mcpx@example.com&gt;</c>.</param>
    /// <exception cref="FormatException">Says what is wrong with which of the two.</exception>
    public static MailSettings Parse(string url, string? from)
    {
        if (url.StartsWith("smtps:", StringComparison.OrdinalIgnoreCase))
            throw new FormatException("SMTP_URL: TLS from the first byte (smtps, port 465) is not supported; use smtp:// on port 587, which begins with STARTTLS.");
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) || uri.Scheme != "smtp" || uri.Host.Length == 0 || uri.AbsolutePath is not ("" or "/"))
            throw new FormatException("SMTP_URL must look like smtp://user:password@mail.example.com:587?tls=starttls.");
        bool startTls = uri.Query switch
        {
            "" or "?tls=starttls" => true,
            "?tls=none" => false,
            _ => throw new FormatException("SMTP_URL: tls is starttls or none, and there is nothing else to set."),
        };
        if (!MailAddress.TryCreate(from, out MailAddress? sender))
            throw new FormatException("SMTP_FROM must hold the sender of mails, such as mcpx <mcpx@example.com>.");
        string[] login = uri.UserInfo.Length == 0 ? [] : uri.UserInfo.Split(':', 2);
        if (login.Length == 1)
            throw new FormatException("SMTP_URL: a user needs a password; write smtp://user:password@… with %40 for @ and %3A for : in either.");
        return new MailSettings(uri.DnsSafeHost, uri.Port > 0 ? uri.Port : SubmissionPort,
            login.Length == 0 ? null : Uri.UnescapeDataString(login[0]), login.Length == 0 ? null : new Secret(Uri.UnescapeDataString(login[1])), startTls, sender);
    }
}
