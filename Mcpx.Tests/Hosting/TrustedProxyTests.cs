using System.Net;
using System.Text;
using Mcpx.Tests.Fixtures;
using Mcpx.Web.Hosting;
using Microsoft.Extensions.Primitives;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Hosting;

/// <summary>Whose word on where a request comes from is taken.</summary>
public sealed class TrustedProxyTests(PostgresFixture postgres) : IAsyncDisposable
{
    private readonly GatewayFixture _gateway = new(postgres);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Theory]
    // From somebody who is no proxy: whatever it writes.
    [InlineData("198.51.100.1", "203.0.113.9", "198.51.100.1")]
    [InlineData("198.51.100.1", "203.0.113.9, 10.0.0.1", "198.51.100.1")]
    // What clients write stands left of what the proxy adds.
    [InlineData("10.0.0.1", "203.0.113.9", "203.0.113.9")]
    [InlineData("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9")]
    [InlineData("10.0.0.1", "127.0.0.1,10.0.0.2, 203.0.113.9", "203.0.113.9")]
    [InlineData("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.3,10.9.0.1", "203.0.113.9")]
    // Through proxies all the way.
    [InlineData("10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2")]
    // No address: nothing left of it is believed either.
    [InlineData("10.0.0.1", "1.1.1.1, unknown", "10.0.0.1")]
    [InlineData("10.0.0.1", "1.1.1.1, _hidden, 10.0.0.2", "10.0.0.2")]
    [InlineData("10.0.0.1", "1.1.1.1,", "10.0.0.1")]
    [InlineData("10.0.0.1", "", "10.0.0.1")]
    [InlineData("10.0.0.1", ",,,", "10.0.0.1")]
    [InlineData("10.0.0.1", "1.1.1.1, 127.1", "10.0.0.1")]
    [InlineData("10.0.0.1", "1.1.1.1, 0x7f000001", "10.0.0.1")]
    [InlineData("10.0.0.1", "1.1.1.1, 12", "10.0.0.1")]
    [InlineData("10.0.0.1", "1.1.1.1, 203.0.113.009", "10.0.0.1")]
    [InlineData("10.0.0.1", "1.1.1.1, fe80::1%eth0", "10.0.0.1")]
    [InlineData("10.0.0.1", "1.1.1.1, 203.0.113.9\u0000", "10.0.0.1")]
    [InlineData("10.0.0.1", "1.1.1.1, 203.0.113.9:99999", "10.0.0.1")]
    // With ports, and of the other kind.
    [InlineData("10.0.0.1", "1.1.1.1, 203.0.113.9:4711", "203.0.113.9")]
    [InlineData("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1")]
    [InlineData("10.0.0.1", "2001:db8::1", "2001:db8::1")]
    [InlineData("::ffff:10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("fd00::7", "203.0.113.9, fd00::8", "203.0.113.9")]
    [InlineData("fd01::7", "203.0.113.9", "fd01::7")]
    public void The_client_is_the_rightmost_hop_that_is_no_proxy(string peer, string header, string client) =>
        TrustedProxies.Parse("10.0.0.0/8, fd00::/64").ClientOf(IPAddress.Parse(peer), header).ShouldBe(IPAddress.Parse(client));

    [Fact]
    public void Several_headers_are_one_list_and_a_connection_without_an_address_is_nobodys()
    {
        TrustedProxies proxies = TrustedProxies.Parse("10.0.0.1");
        proxies.ClientOf(IPAddress.Parse("10.0.0.1"), new StringValues(["1.1.1.1", "2.2.2.2, 203.0.113.9"])).ShouldBe(IPAddress.Parse("203.0.113.9"));
        proxies.ClientOf(IPAddress.Parse("10.0.0.1"), new StringValues(["203.0.113.9", "10.0.0.1"])).ShouldBe(IPAddress.Parse("203.0.113.9"));
        proxies.ClientOf(IPAddress.Parse("10.0.0.2"), "203.0.113.9").ShouldBe(IPAddress.Parse("10.0.0.2"));
        proxies.ClientOf(null, "203.0.113.9").ShouldBeNull();
        TrustedProxies.Parse(" ").AreNone.ShouldBeTrue();
    }

    [Theory]
    [InlineData("everybody")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.1;10.0.0.2")]
    [InlineData("0.0.0.0/0")]
    [InlineData("10.0.0.0/8,::/0")]
    public async Task A_list_that_is_none_or_trusts_everybody_stops_the_start(string list)
    {
        Exception refused = await Should.ThrowAsync<Exception>(() => _gateway.StartAsync(null, null, ("TRUSTED_PROXIES", list)));

        refused.Message.ShouldContain("TRUSTED_PROXIES must hold");
    }

    [Fact]
    public async Task Audit_and_limits_know_clients_behind_the_proxy_by_their_own_addresses()
    {
        await _gateway.StartAsync(null, null, ("TRUSTED_PROXIES", "127.0.0.1,::1"));

        (await AddressOfChangeAsync(("X-Forwarded-For", "1.1.1.1, 203.0.113.9"))).ShouldBe("203.0.113.9");
        // The same connection may be another client's next.
        (await AddressOfChangeAsync()).ShouldBe("127.0.0.1");
        (await AddressOfChangeAsync(("Forwarded", "for=203.0.113.7"), ("X-Real-IP", "203.0.113.7"))).ShouldBe("127.0.0.1");
        await Eventually.TrueAsync(async () => (await EntriesAsync("token.new-address")).Any(e => e.Contains("203.0.113.9", StringComparison.Ordinal)), "the first use from there is noted", null, Cancelled);

        // Who guesses wears out their own address, whatever they write left of it, and no other client's.
        HttpStatusCode last = HttpStatusCode.OK;
        for (int i = 0; i < 100 && last != HttpStatusCode.TooManyRequests; i++) last = await GuessAsync($"192.0.2.{i}, 203.0.113.66");
        last.ShouldBe(HttpStatusCode.TooManyRequests);
        (await GuessAsync("203.0.113.67")).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Without_a_list_the_header_says_nothing()
    {
        await _gateway.StartAsync();

        (await AddressOfChangeAsync(("X-Forwarded-For", "203.0.113.9"))).ShouldBe("127.0.0.1");
    }

    private async Task<string?> AddressOfChangeAsync(params (string, string)[] headers)
    {
        HttpAnswer made = await _gateway.SendAsync(HttpMethod.Post, "/api/limits", Encoding.UTF8.GetBytes("""{"tool":"pay","perMinute":5}"""), _gateway.Token, headers);
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        HttpAnswer entries = await _gateway.ApiAsync(HttpMethod.Get, $"/api/audit/changes?subject={made.Json["id"]}");
        return (string?)entries.Json["items"]!.AsArray().Single()!["address"];
    }

    private async Task<IEnumerable<string>> EntriesAsync(string action) =>
        (await _gateway.ApiAsync(HttpMethod.Get, $"/api/audit/changes?action={action}")).Json["items"]!.AsArray().Select(e => e!.ToJsonString());

    private async Task<HttpStatusCode> GuessAsync(string forwarded) => (await _gateway.SendAsync(HttpMethod.Post, "/oauth/token",
        Encoding.UTF8.GetBytes("grant_type=client_credentials&client_id=nobody&client_secret=guess"), "", ("Content-Type", "application/x-www-form-urlencoded"), ("X-Forwarded-For", forwarded))).Status;
}
