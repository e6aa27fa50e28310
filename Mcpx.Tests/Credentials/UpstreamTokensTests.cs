using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Servers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Credentials;

/// <summary>How tokens are kept, with a clock of the test's.</summary>
public sealed class UpstreamTokensTests : IAsyncLifetime
{
    private readonly TestClock _clock = new();
    private readonly Words _log = new();
    private FakeAuthorizationServer _issuer = null!;
    private UpstreamServer _server = null!;
    private StoredCredential _stored = null!;
    private CredentialBroker _broker = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _issuer = await FakeAuthorizationServer.StartAsync();
        _issuer.LifeSeconds = 100;
        _server = Probes.Server(new Uri("https://mcp.example.com/mcp"));
        _stored = Sealed(_server, FakeAuthorizationServer.ClientSecret);
        _broker = new CredentialBroker(Probes.Vault, new UpstreamTokens(Probes.Egress(), _clock, _log));
    }

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    [Fact]
    public async Task A_token_is_renewed_beside_the_calls_before_it_ends()
    {
        var first = await ObtainAsync();
        _clock.Advance(TimeSpan.FromSeconds(74));
        (await ObtainAsync()).ShouldBe(first);
        _issuer.Requests.Count.ShouldBe(1);

        _clock.Advance(TimeSpan.FromSeconds(6.5));
        // The old one still serves the call that notices.
        (await ObtainAsync()).ShouldBe(first);
        await Eventually.TrueAsync(async () => await ObtainAsync() != first, "the next one is there", null, Cancelled);
        _issuer.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_token_that_has_ended_is_shown_to_nobody()
    {
        var first = await ObtainAsync();
        _clock.Advance(TimeSpan.FromSeconds(101));

        (await ObtainAsync()).ShouldNotBe(first);
    }

    [Fact]
    public async Task While_it_can_not_be_renewed_the_old_one_serves_until_its_end_and_the_endpoint_is_asked_rarely()
    {
        var first = await ObtainAsync();
        _issuer.Interfere = async http =>
        {
            await FakeUpstream.JsonAsync(http, "{}", 503);
            return true;
        };
        _clock.Advance(TimeSpan.FromSeconds(90));
        for (var i = 0; i < 20; i++) (await ObtainAsync()).ShouldBe(first);
        await Eventually.TrueAsync(() => _log.Written.Any(l => l.StartsWith("No access token", StringComparison.Ordinal)), "the failure is known", Cancelled);
        for (var i = 0; i < 20; i++) (await ObtainAsync()).ShouldBe(first);
        _issuer.Requests.Count.ShouldBe(2);

        _clock.Advance(TimeSpan.FromSeconds(11));
        for (var i = 0; i < 5; i++) (await Should.ThrowAsync<UpstreamTokenException>(ObtainAsync())).Failure.ShouldBe(TokenFailure.Unreachable);
        _issuer.Requests.Count.ShouldBe(3);

        _issuer.Interfere = null;
        _clock.Advance(UpstreamTokens.FailureHolds);
        (await ObtainAsync()).ShouldNotBe(first);
    }

    [Fact]
    public async Task Two_servers_share_no_token_and_another_object_of_the_same_record_does()
    {
        var other = Probes.Server(_server.Url);
        var one = await ObtainAsync();

        (await _broker.ObtainAsync(other, Sealed(other, FakeAuthorizationServer.ClientSecret), Cancelled))!.Value.Value.Reveal().ShouldNotBe(one);
        (await _broker.ObtainAsync(_server, _stored with { Ciphertext = [.. _stored.Ciphertext] }, Cancelled))!.Value.Value.Reveal().ShouldBe(one);
        _issuer.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Renewals_at_once_make_one_request_and_the_next_one_waits()
    {
        var (_, refused) = (await _broker.ObtainAsync(_server, _stored, Cancelled))!.Value;

        var renewed = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _broker.RenewAsync(_server, _stored, refused, Cancelled).AsTask()));
        renewed.Select(r => r!.Value.Value.Reveal()).Distinct().Count().ShouldBe(1);
        _issuer.Requests.Count.ShouldBe(2);

        (await _broker.RenewAsync(_server, _stored, renewed[0]!.Value.Value, Cancelled)).ShouldBeNull();
        _clock.Advance(UpstreamTokens.BetweenRenewals);
        (await _broker.RenewAsync(_server, _stored, renewed[0]!.Value.Value, Cancelled)).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("""{"access_token":"a b\u000d\u000aX: y","token_type":"bearer"}""")]
    [InlineData("""{"access_token":"","token_type":"bearer"}""")]
    [InlineData("""{"access_token":7,"token_type":"bearer"}""")]
    [InlineData("""{"access_token":"a","token_type":"mac"}""")]
    [InlineData("""{"access_token":"a"}""")]
    [InlineData("""{"access_token":"a","access_token":"b","token_type":"bearer"}""")]
    [InlineData("""["access_token"]""")]
    [InlineData("not json")]
    [InlineData("")]
    public async Task An_answer_that_is_no_token_is_refused(string body)
    {
        _issuer.Interfere = async http =>
        {
            await FakeUpstream.JsonAsync(http, body);
            return true;
        };

        (await Should.ThrowAsync<UpstreamTokenException>(ObtainAsync())).Failure.ShouldBe(TokenFailure.Refused);
    }

    [Fact]
    public async Task An_endless_answer_is_not_read_to_its_end()
    {
        _issuer.Interfere = async http =>
        {
            await FakeUpstream.FloodAsync(http, new byte[4096]);
            return true;
        };

        (await Should.ThrowAsync<UpstreamTokenException>(ObtainAsync())).Failure.ShouldBe(TokenFailure.Refused);
    }

    [Fact]
    public async Task Nothing_secret_is_logged()
    {
        await ObtainAsync();
        _issuer.Interfere = async http =>
        {
            await FakeUpstream.JsonAsync(http, """{"error":"invalid_client","error_description":"s3cret/+ of the client"}""", 401);
            return true;
        };
        _clock.Advance(TimeSpan.FromSeconds(101));
        await Should.ThrowAsync<UpstreamTokenException>(ObtainAsync());

        _log.Written.ShouldNotBeEmpty();
        _log.Written.ShouldAllBe(l => !l.Contains("s3cret", StringComparison.Ordinal) && !l.Contains("at-", StringComparison.Ordinal));
    }

    private async Task<string> ObtainAsync() => (await _broker.ObtainAsync(_server, _stored, Cancelled))!.Value.Value.Reveal();

    private StoredCredential Sealed(UpstreamServer server, string secret) => Probes.Vault.Seal(server.Organization, server.Id,
        new CredentialInput(CredentialKind.ClientCredentials, null, new Secret(secret), new ClientInput(FakeAuthorizationServer.ClientId, TokenUrl: _issuer.TokenUrl)))!;

    /// <summary>Keeps what is logged.</summary>
    private sealed class Words : ILogger<UpstreamTokens>
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Written { get; } = new();

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => NullLogger.Instance.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Enqueue(formatter(state, exception) + exception);
    }
}
