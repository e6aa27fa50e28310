using System.Net;
using Mcpx.Tests.Fixtures;
using Mcpx.Web.Hosting;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Metrics;

/// <summary>Who gets to <c>/metrics</c>: the figures are of all organisations.</summary>
public sealed class MetricsDoorTests(PostgresFixture postgres) : IAsyncDisposable
{
    private const string Token = "a-scrapers-token-of-some-length";

    private readonly GatewayFixture _gateway = new(postgres);
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler());

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task Nothing_is_there_until_somebody_asks_for_it()
    {
        await _gateway.StartAsync();

        foreach (var token in new[] { "", _gateway.Token, Token }) (await GetAsync(token)).Status.ShouldBe(HttpStatusCode.NotFound);
        // Where the figures are off, their address is guarded like any other.
        (await GetAsync("", ("Host", "10.0.0.7:9464"))).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task At_the_public_address_only_the_operators_token_opens_it()
    {
        await _gateway.StartAsync(settings: ("METRICS_TOKEN", Token));

        foreach (var token in new[] { "", _gateway.Token, Token[..^1], Token + "x", Token.ToUpperInvariant() })
        {
            var refused = await GetAsync(token);
            refused.Status.ShouldBe(HttpStatusCode.Unauthorized);
            refused.Headers.WwwAuthenticate.Single().Scheme.ShouldBe("Bearer");
            refused.Body.ShouldBeEmpty();
        }

        var answer = await GetAsync(Token);
        answer.Status.ShouldBe(HttpStatusCode.OK);
        answer.ContentType.ShouldBe("text/plain");
        PrometheusText.Parse(answer.Body).Find("mcpx_journal_budget_bytes").Single().Value.ShouldBe(1 << 30);
        // A scraper comes to each replica by its address.
        (await GetAsync(Token, ("Host", "10.0.0.7:9464"))).Status.ShouldBe(HttpStatusCode.OK);
        (await GetAsync("", ("Host", "10.0.0.7:9464"))).Status.ShouldBe(HttpStatusCode.Unauthorized);
        // Opens nothing else.
        (await _gateway.ApiAsync(HttpMethod.Get, "/api/servers", token: Token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_port_of_its_own_serves_the_figures_and_nothing_else()
    {
        var port = Ports.Free();
        await _gateway.StartAsync(settings: ("METRICS_PORT", $"{port}"));

        PrometheusText.Parse((await GetFromPortAsync(port, "/metrics")).Body).Sum("mcpx_snapshot_version").ShouldBeGreaterThan(0);
        (await GetFromPortAsync(port, "/metrics", host: "pod-7.internal")).Status.ShouldBe(HttpStatusCode.OK);
        foreach (var path in new[] { "/", "/livez", "/readyz", "/api/servers", "/sign-in", "/metrics/", "/Metrics/x", $"/mcp/{_gateway.Organization}/server/x" })
            (await GetFromPortAsync(port, path)).ShouldBe((HttpStatusCode.NotFound, ""), path);
        // Without a token the public address has none of it.
        (await GetAsync(Token)).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task With_a_token_the_port_asks_for_it_too()
    {
        var port = Ports.Free();
        await _gateway.StartAsync(null, null, ("METRICS_PORT", $"{port}"), ("METRICS_TOKEN", Token));

        (await GetFromPortAsync(port, "/metrics")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await GetFromPortAsync(port, "/metrics", token: Token)).Status.ShouldBe(HttpStatusCode.OK);
        (await GetAsync(Token)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told_by_its_setting()
    {
        using System.Net.Sockets.TcpListener taken = new(IPAddress.Any, Ports.Free());
        taken.Start();

        var failure = await Should.ThrowAsync<ConfigurationException>(() => _gateway.StartAsync(settings: ("METRICS_PORT", $"{((IPEndPoint)taken.LocalEndpoint).Port}")));
        failure.Message.ShouldContain("METRICS_PORT");
    }

    [Fact]
    public async Task The_sdks_own_switch_turns_it_off()
    {
        await _gateway.StartAsync(null, null, ("METRICS_TOKEN", Token), ("OTEL_SDK_DISABLED", "true"));

        (await GetAsync(Token)).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    private Task<HttpAnswer> GetAsync(string token, params (string Name, string Value)[] headers) => _gateway.SendAsync(HttpMethod.Get, "/metrics", null, token, [("Accept", "text/plain"), .. headers]);

    private async Task<(HttpStatusCode Status, string Body)> GetFromPortAsync(int port, string path, string? host = null, string? token = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri($"http://127.0.0.1:{port}{path}"));
        request.Headers.Host = host;
        if (token is not null) request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
