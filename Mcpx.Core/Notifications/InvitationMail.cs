using System.Net;
using System.Net.Mail;
using Mcpx.Core.Identity;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Notifications;

/// <summary>Invitations by mail.</summary>
public sealed partial class InvitationMail(MailSender sender, ILogger<InvitationMail> logger) : IInvitationPost
{
    public bool Mails => true;

    /// <param name="settings">Null when no mail server is configured.</param>
    /// <param name="logger">For what a mail server refuses.</param>
    public static IInvitationPost PostFor(MailSettings? settings, ILogger<InvitationMail> logger) =>
        settings is null ? new HandedOver() : new InvitationMail(new MailSender(settings), logger);

    public async Task<InvitationDelivery> SendAsync(InvitationLetter letter, CancellationToken cancellationToken)
    {
        try
        {
            await sender.SendAsync(Write(letter), cancellationToken);
            return InvitationDelivery.Mailed;
        }
        catch (Exception e) when (e is SmtpException or InvalidOperationException or FormatException || e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // Not with the address: who is invited where is nobody's business who reads logs.
            LogFailed(logger, e.Message);
            return InvitationDelivery.Failed;
        }
    }

    /// <summary>The mail, in both forms.</summary>
    public static Letter Write(InvitationLetter letter)
    {
        string organization = MailSender.Line(letter.Organization);
        string who = letter.InvitedBy is { } name ? $"“{MailSender.Line(name)}” invites you" : "You are invited";
        string role = letter.Role switch
        {
            Role.Owner => "an Owner",
            Role.Admin => "an Admin",
            _ => "a Member",
        };
        string until = letter.ExpiresAt.UtcDateTime.ToString("d MMMM yyyy HH:mm 'UTC'");
        string link = letter.Link.Reveal();
        string first = $"{who} to join the organisation “{organization}” on mcpx as {role}.";
        string note = $"The link works once, until {until}, and only for an account with the address {letter.To}. If you don't expect this, do nothing.";
        string text = $"{first}\r\n\r\nAccept the invitation:\r\n{link}\r\n\r\n{note}\r\n";
        string html =
            $"""
            <!DOCTYPE html>
            <html lang="en"><body style="font: 15px/1.5 sans-serif; color: #14171f">
            <p>{WebUtility.HtmlEncode(first)}</p>
            <p><a href="{WebUtility.HtmlEncode(link)}" style="display: inline-block; padding: 8px 14px; border-radius: 6px; background: #4655d4; color: #ffffff; text-decoration: none">Accept the invitation</a></p>
            <p style="color: #505868; font-size: 13px">{WebUtility.HtmlEncode(note)}</p>
            </body></html>
            """;
        return new Letter(letter.To, $"Join “{organization}” on mcpx", text, html);
    }

    [LoggerMessage(6100, LogLevel.Warning, "The mail server did not take an invitation ({Reason}); its link has to be handed over.")]
    private static partial void LogFailed(ILogger logger, string reason);
}
