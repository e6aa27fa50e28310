using System.Net;
using System.Net.Mail;
using System.Net.Mime;
using System.Text;

namespace Mcpx.Core.Notifications;

/// <summary>A mail in both forms; what stands in it may come from anybody.</summary>
public sealed record Letter(string To, string Subject, string Text, string Html);

/// <summary>Gives mails to the operator's server.</summary>
public sealed class MailSender(MailSettings settings)
{
    private const int LongestSubject = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <exception cref="SmtpException">The server did not take it.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits any more, or the server took too long.</exception>
    public async Task SendAsync(Letter letter, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        using SmtpClient client = new(settings.Host, settings.Port) { EnableSsl = settings.StartTls };
        if (settings.User is { } user) client.Credentials = new NetworkCredential(user, settings.Password!.Reveal());
        using MailMessage message = new(settings.From, new MailAddress(letter.To))
        {
            Subject = Line(letter.Subject),
            SubjectEncoding = Encoding.UTF8,
            Body = letter.Text,
            BodyEncoding = Encoding.UTF8,
            BodyTransferEncoding = TransferEncoding.QuotedPrintable,
        };
        using AlternateView html = AlternateView.CreateAlternateViewFromString(letter.Html, Encoding.UTF8, MediaTypeNames.Text.Html);
        html.TransferEncoding = TransferEncoding.QuotedPrintable;
        message.AlternateViews.Add(html);
        message.Headers["Auto-Submitted"] = "auto-generated";
        await client.SendMailAsync(message, patience.Token);
    }

    /// <summary>
    /// One line for a header or a sentence. A name with a line break would add headers of its own; one with a direction
    /// mark would read as something else.
    /// </summary>
    public static string Line(string text)
    {
        StringBuilder line = new(text.Length);
        foreach (char c in text)
        {
            bool isVisible = !char.IsControl(c) && char.GetUnicodeCategory(c) is not (
                System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator or System.Globalization.UnicodeCategory.Format);
            line.Append(isVisible ? c : ' ');
            if (line.Length == LongestSubject) break;
        }

        return line.ToString().Trim();
    }
}
