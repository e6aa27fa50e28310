using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Servers;

/// <summary>What is known of servers, over the real database with a clock of the test's.</summary>
public sealed class UpstreamProtocolsTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private static readonly UpstreamEras Both = UpstreamEras.Session | UpstreamEras.Stateless;

    private readonly TestClock _clock = new();
    private FakeUpstream _upstream = null!;
    private UpstreamProtocols _protocols = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _protocols = new UpstreamProtocols(Get<IServerStore>(), new ProtocolProbe(Get<EgressHandlerFactory>(), Get<UpstreamAccess>(), _clock), Get<ChangeFeed>(), NullLogger<UpstreamProtocols>.Instance, _clock);
    }

    public async ValueTask DisposeAsync()
    {
        _protocols.Dispose();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task Calls_at_once_share_one_probe_and_its_finding_is_stored()
    {
        var gate = new TaskCompletionSource();
        _upstream.Probe = async (http, request) =>
        {
            await gate.Task;
            await FakeUpstream.BothErasAsync(http, request);
        };
        var server = await AddUnknownAsync();

        var calls = Enumerable.Range(0, 50).Select(_ => FindAsync(server)).ToList();
        await ProbesAsync(1);
        gate.SetResult();

        foreach (var found in await Task.WhenAll(calls)) found.Eras.ShouldBe(Both);
        await StoredAsync(server, p => p?.Eras == Both);
        // The caller's snapshot is still the old one.
        (await FindAsync(server)).Eras.ShouldBe(Both);
        _upstream.Probes.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_caller_that_leaves_takes_nobody_with_it()
    {
        var gate = new TaskCompletionSource();
        _upstream.Probe = async (http, request) =>
        {
            await gate.Task;
            await FakeUpstream.BothErasAsync(http, request);
        };
        var server = await AddUnknownAsync();
        using var leaving = new CancellationTokenSource();

        var left = _protocols.FindAsync(server, credential: null, leaving.Token).AsTask();
        var stays = FindAsync(server);
        await ProbesAsync(1);
        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(left);
        gate.SetResult();

        (await stays).Eras.ShouldBe(Both);
    }

    [Fact]
    public async Task A_record_that_knows_is_believed_without_asking()
    {
        var known = new UpstreamProtocol(UpstreamEras.Session, OverSse: true, "2024-11-05", _clock.GetUtcNow());
        var server = await AddUnknownAsync() with { Protocol = known };

        var finding = FindAsync(server);

        finding.IsCompletedSuccessfully.ShouldBeTrue();
        (await finding).ShouldBe(known);
        _upstream.Probes.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_failure_holds_for_seconds_and_then_is_tried_again()
    {
        _upstream.Probe = (http, _) => FakeUpstream.JsonAsync(http, "{}", 500);
        var server = await AddUnknownAsync();

        await Should.ThrowAsync<HttpRequestException>(FindAsync(server));
        var asked = _upstream.Probes.Count;
        _clock.Advance(TimeSpan.FromSeconds(4));
        await Should.ThrowAsync<HttpRequestException>(FindAsync(server));
        _upstream.Probes.Count.ShouldBe(asked);

        _upstream.Probe = FakeUpstream.BothErasAsync;
        _clock.Advance(TimeSpan.FromSeconds(2));
        (await FindAsync(server)).Eras.ShouldBe(Both);
    }

    [Fact]
    public async Task A_failure_does_not_hold_for_another_credential_or_address()
    {
        _upstream.Probe = (http, request) => request.Headers.ContainsKey("X-Key") ? FakeUpstream.BothErasAsync(http, request) : FakeUpstream.JsonAsync(http, "{}", 401);
        var server = await AddUnknownAsync();
        await Should.ThrowAsync<HttpRequestException>(FindAsync(server));

        var credential = Get<CredentialVault>().Seal(server.Organization, server.Id, new CredentialInput(CredentialKind.ApiKey, "X-Key", new Secret("the-key")));
        (await _protocols.FindAsync(server, credential, Cancelled)).Eras.ShouldBe(Both);
        await Should.ThrowAsync<HttpRequestException>(FindAsync(server with { Url = new Uri(_upstream.Url, "/other") }));
    }

    [Fact]
    public async Task A_server_that_keeps_silent_costs_ten_seconds()
    {
        _upstream.Probe = FakeUpstream.HangAsync;
        var server = await AddUnknownAsync();

        var finding = FindAsync(server);
        await ProbesAsync(1);
        _clock.Advance(TimeSpan.FromSeconds(4));
        await ProbesAsync(2);
        _clock.Advance(TimeSpan.FromSeconds(6));

        (await Should.ThrowAsync<TimeoutException>(finding)).Message.ShouldBe("No answer within 10 seconds.");
    }

    [Fact]
    public async Task A_doubt_probes_again_at_most_once_a_minute()
    {
        var server = await AddUnknownAsync();
        await FindAsync(server);
        _upstream.Probe = OnlySessionAsync;
        var asked = _upstream.Probes.Count;

        _protocols.Doubt(server, credential: null);
        _clock.Advance(TimeSpan.FromSeconds(59));
        _protocols.Doubt(server, credential: null);
        _upstream.Probes.Count.ShouldBe(asked);
        _clock.Advance(TimeSpan.FromSeconds(1));
        _protocols.Doubt(server, credential: null);
        _protocols.Doubt(server, credential: null);

        await StoredAsync(server, p => p?.Eras == UpstreamEras.Session);
        (await FindAsync(server)).Eras.ShouldBe(UpstreamEras.Session);
        _upstream.Probes.Count.ShouldBe(asked + 2);
    }

    [Fact]
    public async Task While_a_doubt_is_cleared_or_cannot_be_the_old_knowledge_holds()
    {
        var server = await AddUnknownAsync();
        await FindAsync(server);
        _upstream.Probe = (http, _) => FakeUpstream.JsonAsync(http, "{}", 500);
        var asked = _upstream.Probes.Count;
        _clock.Advance(TimeSpan.FromMinutes(1));

        _protocols.Doubt(server, credential: null);
        (await FindAsync(server)).Eras.ShouldBe(Both);
        await ProbesAsync(asked + 2);

        (await FindAsync(server)).Eras.ShouldBe(Both);
        await StoredAsync(server, p => p?.Eras == Both);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static Task OnlySessionAsync(Microsoft.AspNetCore.Http.HttpContext http, SeenRequest request) => request.Text.Contains("server/discover")
        ? FakeUpstream.JsonAsync(http, "{}", 400)
        : FakeUpstream.BothErasAsync(http, request);

    private T Get<T>() where T : notnull => gateway.Services.GetRequiredService<T>();

    private Task<UpstreamProtocol> FindAsync(UpstreamServer server) => _protocols.FindAsync(server, credential: null, Cancelled).AsTask();

    /// <summary>The gateway itself leaves a server alone that is switched off, so that nothing is known of it.</summary>
    private async Task<UpstreamServer> AddUnknownAsync()
    {
        var slug = "s" + System.Security.Cryptography.RandomNumberGenerator.GetHexString(12, lowercase: true);
        return (await Get<ServerAdmin>().CreateAsync(gateway.Owner, new NewServer(slug, slug, _upstream.Url.AbsoluteUri, Enabled: false), Cancelled)).Server;
    }

    private Task ProbesAsync(int requests) => Eventually.TrueAsync(() => _upstream.Probes.Count == requests, $"the upstream saw probe request {requests}", Cancelled);

    private Task StoredAsync(UpstreamServer server, Func<UpstreamProtocol?, bool> condition) => Eventually.TrueAsync(
        async () => condition((await Get<IServerStore>().FindAsync(server.Organization, server.Id, Cancelled))!.Server.Protocol), "the finding is on the record", within: null, Cancelled);
}
