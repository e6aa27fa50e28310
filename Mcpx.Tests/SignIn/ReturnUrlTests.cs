using Mcpx.Web.Authentication;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.SignIn;

/// <summary>Open redirects: two hundred addresses that some browser, proxy or decoder takes for another site's.</summary>
public sealed class ReturnUrlTests(SignInFixture signIn) : IClassFixture<SignInFixture>
{
    private static readonly string[] Starts =
    [
        "//", "///", "////", "/\\", "\\\\", "\\/", "\\", "/\t/", "/\n/", "/\r/", "/\r\n/", "\t//", "\n//", " //", "/ /", "/\u00a0/", "/\u200b/", "/\u3000/", "/\uff0f", "\uff0f\uff0f",
        "/%2f", "/%2F%2f", "%2f%2f", "/%5c", "/%5C%5C", "%5c%5c", "/%09/", "/%0a/", "/%0d%0a/", "/%00/", "/\u0000/", "/.//", "/..//", "/%2e//", "/%2e%2e//", "/./\\", "/x/..//", "/x/%2e%2e/%2e%2e//",
        "http://", "https://", "HTTPS://", "http:", "https:", "http:/", "https:///", "https:\\\\", "//http://", "ftp://", "ws://", "file://", "blob:https://", "view-source:https://",
        "https://127.0.0.1@", "//127.0.0.1@", "/@", "//@", ".", "..", "", "?", "#", "@", ":", ";//", "/;@//..//", "data:text/html,", "javascript://", "javascript:alert(1)//", "JaVaScRiPt:", "vbscript:", "\u0001//", "/\u007f/",
    ];

    private static readonly string[] Hosts = ["evil.example", "evil.example/%2f..", "[::1]:1/x"];

    public static IReadOnlyList<string> Payloads { get; } =
    [
        .. from start in Starts from host in Hosts select start + host,
        "/sign-in", "/sign-in/with/google", "/Sign-In?x", "/sign-out", "/api/servers", "/mcp/home/server/x", "/oauth/token", "/_blazor", "/%73ign-in", "/x\\y", "/x%5cy", "/\ud800", "/" + new string('x', 1000),
    ];

    [Fact]
    public void There_are_two_hundred() => Payloads.Distinct(StringComparer.Ordinal).Count().ShouldBeGreaterThanOrEqualTo(200);

    [Fact]
    public void None_is_taken_for_a_path_of_ours()
    {
        // What begins with "/@" names no host to any browser: it is a path, and of ours.
        foreach (var payload in Payloads.Where(p => !p.StartsWith("/@", StringComparison.Ordinal)))
            ReturnUrl.Local(payload).ShouldBeNull(payload);
        ReturnUrl.Local(null).ShouldBeNull();
    }

    [Theory]
    [InlineData("/home")]
    [InlineData("/home/servers?add=true")]
    [InlineData("/home/calls?server=crm&range=24h#top")]
    [InlineData("/home/gateways/a%20b")]
    [InlineData("/invitations/accept?code=0123456789abcdef")]
    [InlineData("/home?next=https://example.com/")]
    public void A_page_of_ours_is(string url) => ReturnUrl.Local(url).ShouldBe(url);

    [Fact]
    public async Task After_signing_in_nobody_lands_on_another_site()
    {
        using var browser = signIn.Browser();
        foreach (var payload in Payloads.Where(p => p.Length < 1000 && !p.Contains('\ud800', StringComparison.Ordinal)))
        {
            signIn.Person("github", "Traveller", subject: "00000001");
            var end = await browser.ReturnAsync(await browser.AuthorizeAsync(await browser.StartAsync("github", payload)));
            new Uri(signIn.Gateway.Url, end).Authority.ShouldBe(signIn.Gateway.Url.Authority, payload);
            end.ShouldStartWith("/");
            if (!payload.StartsWith("/@", StringComparison.Ordinal)) end.ShouldBe("/", payload);
        }

        (await browser.ReturnAsync(await browser.AuthorizeAsync(await browser.StartAsync("github", "/home/servers?x=1")))).ShouldBe("/home/servers?x=1");
    }
}
