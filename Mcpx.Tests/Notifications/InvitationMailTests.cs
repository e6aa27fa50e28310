using System.Net;
using System.Text;
using Mcpx.Core.Identity;
using Mcpx.Core.Notifications;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Notifications;

public sealed class InvitationMailTests(PostgresFixture postgres)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_mail_carries_the_link_in_both_forms_and_names_can_not_add_headers()
    {
        await using FakeMailServer server = new();
        IInvitationPost post = PostOf(server.Url);
        InvitationLetter letter = new("ada@example.com", "Acme\r\nBcc: eve@evil.example\u2028<b>", "Bob\nSubject: you won \u202Egnp.exe", Role.Admin,
            new DateTimeOffset(2026, 12, 3, 9, 30, 0, TimeSpan.Zero), new Secret("https://mcpx.example/invitations/accept?code=0123"));

        (await post.SendAsync(letter, Cancelled)).ShouldBe(InvitationDelivery.Mailed);

        string message = server.Messages.ShouldHaveSingleItem();
        string headers = message.Split("\n\n")[0];
        headers.ShouldContain("To: ada@example.com");
        headers.ShouldContain("From: \"mcpx\" <mcpx@example.com>");
        headers.ShouldContain("Auto-Submitted: auto-generated");
        headers.Split('\n').ShouldAllBe(line => !line.StartsWith("Bcc", StringComparison.OrdinalIgnoreCase));
        headers.Split('\n').Count(line => line.StartsWith("Subject:", StringComparison.Ordinal)).ShouldBe(1);
        server.Commands.Count(c => c.StartsWith("RCPT", StringComparison.Ordinal)).ShouldBe(1);
        string body = Decoded(message);
        body.ShouldContain("https://mcpx.example/invitations/accept?code=0123");
        body.ShouldContain("as an Admin");
        body.ShouldContain("3 December 2026 09:30 UTC");
        body.ShouldContain("&lt;b&gt;");
        body.ShouldNotContain("\u202E");
        body.Split('\n').ShouldAllBe(line => !line.StartsWith("Bcc", StringComparison.Ordinal));
        InvitationMail.Write(letter).Html.ShouldNotContain("<b>");
    }

    [Fact]
    public async Task A_server_that_refuses_or_is_away_leaves_the_link_to_people()
    {
        await using FakeMailServer server = new() { Refuses = true };
        InvitationLetter letter = new("ada@example.com", "Acme", null, Role.Member, DateTimeOffset.UnixEpoch, new Secret("https://x"));

        (await PostOf(server.Url).SendAsync(letter, Cancelled)).ShouldBe(InvitationDelivery.Failed);
        (await PostOf($"smtp://127.0.0.1:{Ports.Free()}?tls=none").SendAsync(letter, Cancelled)).ShouldBe(InvitationDelivery.Failed);
        // Encryption was asked for, and this server has none: then nothing is said in the clear.
        server.Refuses = false;
        (await PostOf(server.Url.Replace("none", "starttls", StringComparison.Ordinal)).SendAsync(letter, Cancelled)).ShouldBe(InvitationDelivery.Failed);
        server.Messages.ShouldBeEmpty();
    }

    [Fact]
    public async Task With_a_mail_server_the_link_goes_to_the_invited_only_and_not_twice_a_minute()
    {
        await using FakeMailServer server = new();
        await using GatewayFixture gateway = new(postgres);
        await gateway.StartAsync(null, null, ("SMTP_URL", server.Url), ("SMTP_FROM", "mcpx <mcpx@example.com>"));

        HttpAnswer made = await gateway.ApiAsync(HttpMethod.Post, "/api/invitations", new { email = "ada@bücher.example" });

        made.Status.ShouldBe(HttpStatusCode.Created);
        made.Headers.CacheControl!.NoStore.ShouldBeTrue();
        ((string?)made.Json["delivery"]).ShouldBe("mailed");
        made.Json["link"].ShouldBeNull();
        made.Json["sentAt"].ShouldNotBeNull();
        ((string?)made.Json["email"]).ShouldBe("ada@xn--bcher-kva.example");
        Decoded(server.Messages.ShouldHaveSingleItem()).ShouldContain($"{gateway.Url}invitations/accept?code=");
        string id = made.Json["id"]!.GetValue<string>();
        (await gateway.ApiAsync(HttpMethod.Post, $"/api/invitations/{id}/resend")).Status.ShouldBe(HttpStatusCode.Conflict);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/invitations", new { email = "ADA@bücher.example" })).Status.ShouldBe(HttpStatusCode.Conflict);
        await Colleague.ExecuteAsync(gateway, "UPDATE invitations SET sent_at = now() - interval '2 minutes'");
        server.Refuses = true;
        HttpAnswer failed = await gateway.ApiAsync(HttpMethod.Post, $"/api/invitations/{id}/resend");
        ((string?)failed.Json["delivery"]).ShouldBe("failed");
        failed.Json["link"]!.GetValue<string>().ShouldContain("/invitations/accept?code=");
    }

    [Theory]
    [InlineData("smtp://mail.example.com", "mcpx@example.com", "mail.example.com", 587, true, null)]
    [InlineData("smtp://me%40x:p%3Aw@mail.example.com:2525?tls=starttls", "mcpx <mcpx@example.com>", "mail.example.com", 2525, true, "me@x")]
    [InlineData("smtp://[::1]:25?tls=none", "mcpx@example.com", "::1", 25, false, null)]
    public void An_address_of_a_mail_server_is_understood(string url, string from, string host, int port, bool startTls, string? user)
    {
        MailSettings settings = MailSettings.Parse(url, from);

        (settings.Host, settings.Port, settings.StartTls, settings.User).ShouldBe((host, port, startTls, user));
        settings.From.Address.ShouldBe("mcpx@example.com");
        if (user is not null) settings.Password!.Reveal().ShouldBe("p:w");
        settings.ToString().ShouldNotContain("p:w");
    }

    [Theory]
    [InlineData("smtps://mail.example.com", "a@example.com", "STARTTLS")]
    [InlineData("https://mail.example.com", "a@example.com", "SMTP_URL")]
    [InlineData("mail.example.com:587", "a@example.com", "SMTP_URL")]
    [InlineData("smtp://mail.example.com/box", "a@example.com", "SMTP_URL")]
    [InlineData("smtp://mail.example.com?tls=maybe", "a@example.com", "tls")]
    [InlineData("smtp://mail.example.com?tls=none&x=1", "a@example.com", "tls")]
    [InlineData("smtp://user@mail.example.com", "a@example.com", "password")]
    [InlineData("smtp://mail.example.com", null, "SMTP_FROM")]
    [InlineData("smtp://mail.example.com", "nobody", "SMTP_FROM")]
    public void A_wrong_setting_is_refused_by_its_name(string url, string? from, string named) =>
        Should.Throw<FormatException>(() => MailSettings.Parse(url, from)).Message.ShouldContain(named);

    private static IInvitationPost PostOf(string url) => InvitationMail.PostFor(MailSettings.Parse(url, "mcpx <mcpx@example.com>"), NullLogger<InvitationMail>.Instance);

    /// <summary>Quoted-printable of the bodies (RFC 2045, section 6.7), as UTF-8.</summary>
    private static string Decoded(string message)
    {
        List<byte> bytes = [];
        string text = message.Replace("=\n", "", StringComparison.Ordinal);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '=' && i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), System.Globalization.NumberStyles.HexNumber, null, out byte value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes([text[i]]));
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
