using Mcpx.ConformanceServer;
using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Conformance;

/// <summary>A way from the suite to the fixture server.</summary>
public enum Way
{
    /// <summary>Without the gateway.</summary>
    Direct,

    /// <summary>Through the server's endpoint; the server speaks both eras.</summary>
    Raw,

    /// <summary>Through the server's endpoint; the server speaks only the other era.</summary>
    Bridge,

    /// <summary>Through a virtual gateway whose only member, without a prefix, is the server of both eras.</summary>
    VirtualGateway,
}

/// <summary>The official suite against the fixture server on every way, once for each revision.</summary>
public sealed class ConformanceRuns(PostgresFixture postgres) : IAsyncLifetime
{
    public const string Session = "2025-11-25";
    public const string Stateless = "2026-07-28";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mcpx-conformance-");
    private readonly Dictionary<(string Revision, Way Way), ConformanceResult> _results = [];

    internal ConformanceResult this[string revision, Way way] => _results[(revision, way)];

    public async ValueTask InitializeAsync()
    {
        await using var both = await StartAsync("both");
        await using var session = await StartAsync("session");
        await using var stateless = await StartAsync("stateless");
        await using var gateway = new GatewayFixture(postgres);
        await gateway.InitializeAsync();
        await gateway.AddServerAsync("both", UrlOf(both));
        await gateway.AddServerAsync("session", UrlOf(session));
        await gateway.AddServerAsync("stateless", UrlOf(stateless));
        var virtually = await gateway.AddGatewayAsync("virtual", new { server = "both" });

        // One after the other: the suite measures how quickly some answers come.
        foreach (var revision in (string[])[Session, Stateless])
        {
            await RunAsync(revision, Way.Direct, UrlOf(both));
            await ThroughAsync(revision, Way.Raw, gateway.EndpointOf("both"));
            await ThroughAsync(revision, Way.Bridge, gateway.EndpointOf(revision == Session ? "stateless" : "session"));
            await ThroughAsync(revision, Way.VirtualGateway, virtually);
        }

        async Task ThroughAsync(string revision, Way way, Uri endpoint)
        {
            await using var proxy = await AuthorizingProxy.StartAsync(endpoint, gateway.Token);
            await RunAsync(revision, way, proxy.Url);
        }
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private static Task<WebApplication> StartAsync(string eras) =>
        ConformanceServerApp.StartAsync(["--port", "0", "--eras", eras], TestContext.Current.CancellationToken);

    private static Uri UrlOf(WebApplication server) => new(new Uri(server.Urls.Single()), ConformanceServerApp.Path);

    private async Task RunAsync(string revision, Way way, Uri url)
    {
        var output = _folder.CreateSubdirectory($"{revision}-{way}").FullName;
        var result = await NodeProgram.RunAsync(
            [NodeProgram.PathOf("@modelcontextprotocol", "conformance", "dist", "index.js"), "server", "--url", url.ToString(), "--requirements", revision, "--output-dir", output],
            environment: null,
            TestContext.Current.CancellationToken);
        // 1 tells of failed checks, which are counted here; without a summary it did not get that far.
        result.Output.ShouldContain("=== SUMMARY", customMessage: result.Output + result.Error);
        _results[(revision, way)] = ConformanceResult.Read(output, result.Output);
    }
}
