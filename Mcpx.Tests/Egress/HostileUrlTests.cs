using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mcpx.Core.Egress;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Egress;

/// <summary>
/// Hundreds of hostile addresses through every field and every document that leads outside. The network is a recorder: it
/// connects one public address to a server of the test's and nothing else, so that no forbidden range is ever touched.
/// </summary>
public sealed class HostileUrlTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const int AtOnce = 8;

    private static readonly IPAddress Public = IPAddress.Parse("93.184.215.14");

    /// <summary>Said again here, so that a mistake in the guard is not the test's too.</summary>
    private static readonly IPNetwork[] Allowed = [IPNetwork.Parse("93.184.215.14/32")];

    private readonly ConcurrentQueue<IPAddress> _dialled = new();
    private readonly ConcurrentDictionary<string, int> _asked = new();
    private GatewayFixture _gateway = null!;
    private FakeUpstream _outside = null!;

    public async ValueTask InitializeAsync()
    {
        _outside = await FakeUpstream.StartAsync();
        _gateway = new GatewayFixture(postgres);
        await _gateway.StartAsync(null, builder => builder.Services
            .AddSingleton(new AddressGuard([], (host, _) => Task.FromResult(Resolve(host))))
            .AddSingleton<EgressDial>(DialAsync), ("EGRESS_ALLOW", ""), ("MCPX_MAX_TESTS", "1000000"));
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _outside.DisposeAsync();
    }

    [Fact]
    public void There_are_hundreds_of_them() => HostileUrls.All.Count.ShouldBeGreaterThanOrEqualTo(300);

    [Fact]
    public async Task As_the_address_of_a_server()
    {
        await EachAsync(url => new { url });
        await EachAsync(url => new { url, credential = new { kind = "bearer", secret = "a-token" } });
    }

    [Fact]
    public Task As_the_token_url() => EachAsync(url => new { url = "http://outside.example/mcp", credential = new { kind = "clientCredentials", clientId = "c", secret = "s", tokenUrl = url } });

    [Fact]
    public Task As_the_issuer() => EachAsync(url => new { url = "http://outside.example/mcp", credential = new { kind = "clientCredentials", clientId = "c", secret = "s", issuer = url } });

    [Fact]
    public async Task As_the_address_of_a_saved_server_that_is_called_and_listed()
    {
        var saved = 0;
        await Parallel.ForAsync(0, HostileUrls.All.Count, Limits, async (number, _) =>
        {
            var slug = $"hostile-{number}";
            var body = JsonSerializer.SerializeToUtf8Bytes(new { name = slug, slug, url = HostileUrls.All[number], credential = new { kind = "bearer", secret = "a-token" } });
            var made = await _gateway.SendAsync(HttpMethod.Post, "/api/servers", body, _gateway.Token);
            (made.Status is HttpStatusCode.Created or HttpStatusCode.BadRequest).ShouldBeTrue($"{HostileUrls.All[number]}: {made.Status} {made.Body}");
            if (made.Status is HttpStatusCode.BadRequest) return;
            Interlocked.Increment(ref saved);
            foreach (var message in new[] { Mcp.Call("get"), Mcp.List })
                (await _gateway.PostAsync(slug, message)).Status.ShouldNotBe(HttpStatusCode.InternalServerError, HostileUrls.All[number]);
        });
        saved.ShouldBeGreaterThan(100);
        ShouldHaveStayedOutside();
    }

    [Fact]
    public async Task As_the_address_of_the_policy_engine()
    {
        foreach (var url in HostileUrls.All)
        {
            var body = JsonSerializer.SerializeToUtf8Bytes(new { url, enabled = true, token = "a-token" });
            var saved = await _gateway.SendAsync(HttpMethod.Put, "/api/policy-engine", body, _gateway.Token);
            (saved.Status is HttpStatusCode.OK or HttpStatusCode.BadRequest).ShouldBeTrue($"{url}: {saved.Status} {saved.Body}");
            if (saved.Status is HttpStatusCode.BadRequest) continue;
            var tried = await _gateway.ApiAsync(HttpMethod.Post, "/api/policy-engine/try", new { });
            tried.Status.ShouldBe(HttpStatusCode.OK, tried.Body);
        }

        ShouldHaveStayedOutside();
    }

    [Fact]
    public async Task As_a_host_that_the_organisation_allows_itself()
    {
        var listed = 0;
        foreach (var url in HostileUrls.All)
        {
            // As an Owner might who thinks that the list opens what the installation does not.
            var host = Uri.TryCreate(url.Trim(), UriKind.Absolute, out var parsed) && parsed.IdnHost.Length > 0 ? parsed.IdnHost : url;
            var body = JsonSerializer.SerializeToUtf8Bytes(new { hosts = new[] { host } });
            var saved = await _gateway.SendAsync(HttpMethod.Put, "/api/organization/egress", body, _gateway.Token);
            (saved.Status is HttpStatusCode.OK or HttpStatusCode.BadRequest).ShouldBeTrue($"{host}: {saved.Status} {saved.Body}");
            if (saved.Status is HttpStatusCode.BadRequest) continue;
            listed++;
            var test = await _gateway.SendAsync(HttpMethod.Post, "/api/servers/test", JsonSerializer.SerializeToUtf8Bytes(new { url }), _gateway.Token);
            (test.Status is HttpStatusCode.OK or HttpStatusCode.BadRequest).ShouldBeTrue($"{url}: {test.Status} {test.Body}");
        }

        listed.ShouldBeGreaterThan(50);
        (await _gateway.ApiAsync(HttpMethod.Put, "/api/organization/egress", new { hosts = Array.Empty<string>() })).Status.ShouldBe(HttpStatusCode.OK);
        ShouldHaveStayedOutside();
    }

    [Fact]
    public async Task As_what_a_hostile_server_leads_to()
    {
        _outside.Probe = null;
        _outside.Answer = (http, request) =>
        {
            // Which of them, and by which of its words, stands in the path.
            var parts = request.Path.Split('/');
            var at = Array.FindIndex(parts, p => p.StartsWith('u'));
            var (number, kind) = (int.Parse(parts[at][1..]), parts[at + 1]);
            var url = HostileUrls.All[number];
            if (request.Path.Contains("/.well-known/", StringComparison.Ordinal))
            {
                return FakeUpstream.JsonAsync(http, kind switch
                {
                    "issuer" => new JsonObject { ["resource"] = $"http://outside.example/u{number}/issuer", ["authorization_servers"] = new JsonArray(url) }.ToJsonString(),
                    "token" when request.Path.Contains("protected-resource", StringComparison.Ordinal) => new JsonObject { ["resource"] = $"http://outside.example/u{number}/token", ["authorization_servers"] = new JsonArray($"http://outside.example/u{number}/token/as") }.ToJsonString(),
                    "token" => new JsonObject { ["issuer"] = $"http://outside.example/u{number}/token/as", ["token_endpoint"] = url }.ToJsonString(),
                    _ => "{}",
                });
            }

            if (kind == "redirect")
            {
                http.Response.StatusCode = 302;
                http.Response.Headers["Location"] = Ascii(url);
                return Task.CompletedTask;
            }

            http.Response.Headers.WWWAuthenticate = kind == "challenge" ? $"Bearer resource_metadata=\"{Ascii(url)}\"" : "Bearer";
            return FakeUpstream.JsonAsync(http, "{}", 401);
        };

        foreach (var kind in new[] { "redirect", "challenge", "issuer", "token" })
        {
            await Parallel.ForAsync(0, HostileUrls.All.Count, Limits, async (number, _) =>
            {
                object credential = kind == "issuer"
                    ? new { kind = "clientCredentials", clientId = "c", secret = "s" }
                    : new { kind = "clientCredentials", clientId = "c", secret = "s", issuer = $"http://outside.example/u{number}/{kind}/as" };
                var answer = await _gateway.ApiAsync(HttpMethod.Post, "/api/servers/test", new { url = $"http://outside.example/u{number}/{kind}", credential });
                ((int)answer.Status).ShouldBeLessThan(500, answer.Body);
                answer.Json["ok"]!.GetValue<bool>().ShouldBeFalse();
            });
            // What a server says of its own issuer brings the secret to nobody. The issuer on the record is trusted for where
            // its tokens are to be had, as far as the address is open at all.
            if (kind != "token") _outside.Requests.ShouldAllBe(r => !r.Text.Contains("client_credentials", StringComparison.Ordinal) && !r.Headers.ContainsKey("Authorization"));
        }

        ShouldHaveStayedOutside();
    }

    [Fact]
    public async Task A_proxy_in_the_environment_is_not_taken()
    {
        var handlers = new EgressHandlerFactory(AddressGuard.FromConfiguration(null));
        using var own = handlers.Create();
        (own.UseProxy, own.AllowAutoRedirect, own.UseCookies, own.Proxy).ShouldBe((false, false, false, null));
        using var tenant = (DelegatingHandler)handlers.CreateFor(_gateway.Owner.Organization);
        var inner = tenant.InnerHandler.ShouldBeOfType<SocketsHttpHandler>();
        (inner.UseProxy, inner.AllowAutoRedirect, inner.UseCookies, inner.Proxy).ShouldBe((false, false, false, null));
        await Task.CompletedTask;
    }

    private static ParallelOptions Limits => new() { MaxDegreeOfParallelism = AtOnce, CancellationToken = TestContext.Current.CancellationToken };

    private async Task EachAsync(Func<string, object> draft)
    {
        await Parallel.ForEachAsync(HostileUrls.All, Limits, async (url, _) =>
        {
            var body = JsonSerializer.SerializeToUtf8Bytes(draft(url));
            var answer = await _gateway.SendAsync(HttpMethod.Post, "/api/servers/test", body, _gateway.Token);
            // Refused as an address, or tried in vain; nothing else.
            ((int)answer.Status is 200 or 400).ShouldBeTrue($"{url}: {answer.Status} {answer.Body}");
            if (answer.Status is HttpStatusCode.OK) answer.Json["ok"]!.GetValue<bool>().ShouldBeFalse(url);
        });
        ShouldHaveStayedOutside();
    }

    private void ShouldHaveStayedOutside() => _dialled.Where(a => !Allowed.Any(n => n.Contains(a))).Distinct().ShouldBeEmpty();

    /// <summary>As a resolver of the attacker's answers: every number that some parser finds in a name, and another one the second time.</summary>
    private IPAddress[] Resolve(string host)
    {
        var name = host.Normalize(NormalizationForm.FormKC).TrimEnd('.').ToLowerInvariant();
        var times = _asked.AddOrUpdate(name, 1, (_, n) => n + 1);
        if (IPAddress.TryParse(name, out var number)) return [number];
        return name switch
        {
            "internal.corp" => [IPAddress.Parse("10.0.0.5")],
            "mixed.corp" => [Public, IPAddress.Parse("10.0.0.5")],
            "rebind.example" => [times % 2 == 1 ? Public : IPAddress.Loopback],
            "metadata" or "metadata.google.internal" => [IPAddress.Parse("169.254.169.254")],
            _ when name.StartsWith("localhost", StringComparison.Ordinal) || name == "ip6-localhost" => [IPAddress.Loopback],
            _ when name.EndsWith(".nip.io", StringComparison.Ordinal) => [IPAddress.Loopback],
            _ => [Public],
        };
    }

    private async ValueTask<Stream> DialAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        foreach (var address in addresses) _dialled.Enqueue(address);
        if (!addresses.All(a => a.Equals(Public))) throw new SocketException((int)SocketError.HostUnreachable);
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _outside.Url.Port, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static string Ascii(string text) => string.Concat(text.Select(c => c is >= ' ' and <= '~' ? c : '?'));
}
