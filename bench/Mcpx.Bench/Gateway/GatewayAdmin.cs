using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Mcpx.Bench.Load;
using Mcpx.Bench.Processes;

namespace Mcpx.Bench.Gateway;

/// <summary>Registers upstreams and virtual gateways through the REST API, as a user would, and waits until calls come through.</summary>
internal sealed class GatewayAdmin(GatewayWelcome welcome) : IDisposable
{
    // The most that a server may have: what is open at once is the load's business here.
    private const int ConcurrentCalls = 10_000;
    private static readonly TimeSpan SnapshotPatience = TimeSpan.FromSeconds(30);

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>Registers an upstream; its token stays between gateway and upstream.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> AddServerAsync(string slug, Uri upstream, string secret, CancellationToken cancellationToken)
    {
        var said = await SendAsync(
            HttpMethod.Post,
            "/api/servers",
            new
            {
                name = slug,
                slug,
                url = upstream.AbsoluteUri,
                credential = new { kind = "bearer", secret },
                limits = new { concurrentCalls = ConcurrentCalls },
            },
            cancellationToken);
        return JsonDocument.Parse(said).RootElement.GetProperty("id").GetString() ?? throw new BenchException($"A server without id: {said}");
    }

    /// <summary>Of the calls of this server nothing is kept but who, what, when and how it ended.</summary>
    public Task KeepMetadataOnlyAsync(string server, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, $"/api/servers/{server}/redaction", new { payloads = "metadataOnly" }, cancellationToken);

    /// <summary>Makes a virtual gateway of servers, each with a prefix.</summary>
    public Task AddGatewayAsync(string slug, IEnumerable<(string Server, string Prefix)> members, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Post,
        "/api/gateways",
        new { name = slug, slug, failureMode = "open", members = members.Select(member => new { server = member.Server, prefix = member.Prefix }) },
        cancellationToken);

    /// <summary><paramref name="target"/> at an endpoint of the gateway, and as its user.</summary>
    /// <param name="kind"><c>server</c> or <c>gateway</c>.</param>
    public LoadTarget Through(string kind, string slug, LoadTarget target) => target with
    {
        Endpoint = new Uri(new Uri(welcome.Url), $"/mcp/{welcome.Organization}/{kind}/{slug}"),
        Token = welcome.Token,
    };

    public void Dispose() => _http.Dispose();

    // The snapshot that the proxy reads is swapped after the commit, so the first calls may come too early.
    public static async Task UntilCallableAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(SnapshotPatience);
        while (true)
        {
            var probe = await ClosedLoop.RunAsync(target, concurrency: 1, calls: 1, cancellationToken);
            if (probe.Failed == 0) return;
            if (patience.IsCancellationRequested) throw new BenchException($"No call comes through {target.Endpoint}: {probe.Problems[0]}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }

    private async Task<string> SendAsync<T>(HttpMethod method, string path, T body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(new Uri(welcome.Url), path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", welcome.Token);
        request.Content = JsonContent.Create(body);
        using var answer = await _http.SendAsync(request, cancellationToken);
        var said = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode ? said : throw new BenchException($"{method} {path} was answered with {(int)answer.StatusCode}: {said}");
    }
}
