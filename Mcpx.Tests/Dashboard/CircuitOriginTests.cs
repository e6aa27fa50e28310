using System.Net;
using System.Net.WebSockets;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

/// <summary>
/// A browser lets any page open a WebSocket to any site and sends that site's cookies along: only Origin says whose page
/// it is (cross-site WebSocket hijacking).
/// </summary>
public sealed class CircuitOriginTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    public static TheoryData<string> ForeignOrigins => ["https://evil.example", "null", "", "http://127.0.0.1", "https://127.0.0.1:1", "http://127.0.0.1.evil.example", "file://"];

    [Theory]
    [MemberData(nameof(ForeignOrigins))]
    public async Task A_foreign_page_opens_no_circuit_though_its_visitor_is_signed_in(string origin)
    {
        (await ConnectAsync("/_blazor", origin)).ShouldBe(HttpStatusCode.Forbidden);
        (await ConnectAsync("/_BLAZOR", origin)).ShouldBe(HttpStatusCode.Forbidden);
        (await ConnectAsync("/%5fblazor", origin)).ShouldBe(HttpStatusCode.Forbidden);
    }

    [Theory]
    [MemberData(nameof(ForeignOrigins))]
    public async Task A_foreign_page_negotiates_none_either(string origin)
    {
        var visitor = await CookieVisitor.SignInAsync(gateway);
        foreach (var path in new[] { "/_blazor/negotiate?negotiateVersion=1", "/_blazor/disconnect", "/_blazor/initializers" })
            (await gateway.SendAsync(HttpMethod.Post, path, [], "", ("Origin", origin), ("Cookie", visitor.Cookie))).Status.ShouldBe(HttpStatusCode.Forbidden, path);
    }

    [Fact]
    public async Task Two_origins_are_none_of_ours() =>
        (await ConnectAsync("/_blazor", $"{gateway.Url.GetLeftPart(UriPartial.Authority)}, https://evil.example")).ShouldBe(HttpStatusCode.Forbidden);

    [Fact]
    public async Task Our_own_page_opens_one() =>
        (await ConnectAsync("/_blazor", gateway.Url.GetLeftPart(UriPartial.Authority))).ShouldBe(HttpStatusCode.SwitchingProtocols);

    private async Task<HttpStatusCode> ConnectAsync(string path, string origin)
    {
        var visitor = await CookieVisitor.SignInAsync(gateway);
        using ClientWebSocket socket = new();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader("Origin", origin);
        socket.Options.SetRequestHeader("Cookie", visitor.Cookie);
        try
        {
            await socket.ConnectAsync(new UriBuilder(gateway.Url) { Scheme = "ws", Path = path }.Uri, DashboardVisits.Cancellation);
        }
        catch (WebSocketException)
        {
            // Refused: the status says how.
        }

        return socket.HttpStatusCode;
    }
}
