using Mcpx.ConformanceServer;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Conformance;

/// <summary>The official suite against the fixture server, directly and through the gateway, once for each revision.</summary>
public sealed class ConformanceRuns(PostgresFixture postgres) : IAsyncLifetime
{
    public const string Session = "2025-11-25";
    public const string Stateless = "2026-07-28";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mcpx-conformance-");
    private readonly Dictionary<string, (ConformanceResult Direct, ConformanceResult Through)> _results = [];

    public async ValueTask InitializeAsync()
    {
        await using var server = await ConformanceServerApp.StartAsync(["--port", "0"], TestContext.Current.CancellationToken);
        var upstream = new Uri(new Uri(server.Urls.Single()), ConformanceServerApp.Path);
        await using var gateway = new GatewayFixture(postgres);
        await gateway.InitializeAsync();
        await gateway.AddServerAsync("conformance", upstream);
        await using var proxy = await AuthorizingProxy.StartAsync(gateway.EndpointOf("conformance"), gateway.Token);

        // One after the other: the suite measures how quickly some answers come.
        foreach (var revision in (string[])[Session, Stateless])
            _results[revision] = (await RunAsync(revision, "direct", upstream), await RunAsync(revision, "through", proxy.Url));
    }

    internal (ConformanceResult Direct, ConformanceResult Through) this[string revision] => _results[revision];

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task<ConformanceResult> RunAsync(string revision, string way, Uri url)
    {
        var output = _folder.CreateSubdirectory($"{revision}-{way}").FullName;
        var result = await NodeProgram.RunAsync(
            [NodeProgram.PathOf("@modelcontextprotocol", "conformance", "dist", "index.js"), "server", "--url", url.ToString(), "--requirements", revision, "--output-dir", output],
            environment: null,
            TestContext.Current.CancellationToken);
        // 1 tells of failed checks, which are counted here; without a summary it did not get that far.
        result.Output.ShouldContain("=== SUMMARY", customMessage: result.Output + result.Error);
        return ConformanceResult.Read(output, result.Output);
    }
}
